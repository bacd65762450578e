"""Following a document's commands for the gate: in an offline cloud of this process, with nothing but the workstation.

Nobody logs in and nothing runs on a notebook instance here: that is ``pytest --subject=material``. The commands that
ask AWS are really run in their order, and what they print is compared with what the text looks for in it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from harness import isolation
from harness.catalogue import Homework
from harness.context import Context
from harness.leash import Leash
from harness.ledger import Ledger
from harness.material.document import Document
from harness.material.finding import Finding
from harness.material.following.follower import Follower
from harness.steps import Shared
from harness.workstation import set_up

READER = "yours"
"""In the place of a run's id: what is found must read the same the next time."""


def follow(document: Document, homework: Homework) -> list[Finding]:
    """Run a document's commands of the workstation in order, and return what was found."""
    with isolation.offline(), contextlib.closing(Leash()) as leash:
        from harness.offline.cloud import OfflineCloud  # moto takes its time: only who follows waits for it

        with OfflineCloud(leash.directory("cloud")) as offline:
            directory = leash.directory("follow")
            context = Context(
                run_id=READER,
                run_dir=directory,
                homework=homework,
                cloud=offline.cloud,
                workstation=set_up(leash, offline.cloud),
                ledger=Ledger(directory / "ledger.jsonl"),
                shared=Shared(directory / "shared"),
                submission=Path(),
                chosen=frozenset(),
            )
            return Follower(document, context).follow()
