"""The document being followed: the stages that look at what it does, in the moments that it makes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict

from harness.catalogue import Homework
from harness.context import Context
from harness.facts.containers import Command
from harness.material.document import Document
from harness.material.finding import Finding
from harness.material.following.follower import Follower
from harness.steps import step
from harness.subjects.material.account import Account
from harness.subjects.material.containers import Containers
from harness.subjects.material.ends import Final, Quota, Spot
from harness.subjects.material.instances import Instances
from harness.subjects.material.network import Network
from harness.subjects.material.sagemaker import Sagemaker
from harness.subjects.material.watching import Watch
from harness.subjects.material.web import Httpd, Jupyter
from harness.subjects.observing import Answers
from harness.subjects.reference import Reference
from harness.subjects.subject import Subject

FINDINGS = "findings.json"
"""The file of a run directory that holds what following the document met."""


class Doing(Reference):
    """Follows one document, once.

    ``repaired`` says of what was put in place in the document's stead why that was needed. ``is_over`` is true once the
    document has come to its end: what was not seen by then never happened.
    """

    def __init__(self, context: Context, document: Document) -> None:
        Subject.__init__(self, context)
        self.repaired: dict[str, str] = {}
        self.is_over = False
        self.jupyter_removals: list[Command] = []
        self.account: Account = Account(self)
        self.network: Network = Network(self)
        self.instances: Instances = Instances(self)
        self.containers: Containers = Containers(self)
        self.httpd: Httpd = Httpd(self)
        self.jupyter: Jupyter = Jupyter(self)
        self.sagemaker: Sagemaker = Sagemaker(self)
        self.spot: Spot = Spot(self)
        self.quota: Quota = Quota(self)
        self.answers: Answers = Answers(self)
        self.final: Final = Final(self)
        self.watch = Watch(self)
        self.follower = Follower(document, context, guide=self.watch, connect=self.instances.session)

    @property
    def homework(self) -> Homework:
        """Return the catalogue and its parameters."""
        return self.context.homework

    @property
    def forwards(self) -> bool:
        """Say whether the document's login to the bastion takes the agent along."""
        remote = self.follower.remote
        return remote.forwards if remote.session is not None else self.watch.forwards

    def note(self, *steps: Callable[[], object]) -> None:
        """Look now; what comes of it is kept by each step for its own requirement to judge."""
        for look in steps:
            with contextlib.suppress(Exception):
                look()

    @step
    def followed(self) -> list[Finding]:
        """Follow the document to its end, and return what was found."""
        self.note(self.final.before)
        try:
            findings = self.follower.follow()
            self.watch.end()
        finally:
            self.is_over = True
        path = self.context.run_dir / FINDINGS
        path.write_text(json.dumps([asdict(finding) for finding in findings], indent=1) + "\n", encoding="utf-8")
        return findings
