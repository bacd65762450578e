"""What every stage of a subject is given to work with."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path

from harness.catalogue import Homework
from harness.cloud import Cloud
from harness.ledger import Ledger
from harness.steps import Shared
from harness.workstation import Workstation

LIFETIME = datetime.timedelta(hours=3)
"""About six times what a graded run takes; what is still there then, nobody waits for."""


@dataclass(frozen=True)
class Context:
    """One run: where it takes place, what is asked, what was created, and where it keeps its files.

    ``chosen`` are the requirements that the run judges. ``is_shared_out`` says that other processes judge some of
    them, as pytest-xdist's workers do. ``ssh_key`` is the private key file that was named, where one was.
    """

    run_id: str
    run_dir: Path
    homework: Homework
    cloud: Cloud
    workstation: Workstation
    ledger: Ledger
    shared: Shared
    submission: Path
    chosen: frozenset[str]
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    ssh_key: Path | None = None
    is_shared_out: bool = False

    def judges(self, *stages: str) -> bool:
        """Say whether the run judges any requirement of these stages."""
        return any(id.partition(".")[0] in stages for id in self.chosen)

    @property
    def mark(self) -> dict[str, str]:
        """Return the tag by which the run's things are found."""
        return {"acceptance-run": self.run_id}

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags that everything the run creates carries: whose it is, and when it may be swept by anybody."""
        owner = {"acceptance-owner": self.cloud.caller} if self.cloud.caller else {}
        return {**self.mark, **owner, "acceptance-expires": self.expires.strftime("%Y-%m-%dT%H:%M:%SZ")}

    @property
    def expires(self) -> datetime.datetime:
        """Return when whatever is left of the run may go."""
        return self.started + LIFETIME

    @property
    def minutes_left(self) -> int:
        """Return the minutes until then, at least one."""
        return max(1, round((self.expires - datetime.datetime.now(datetime.UTC)).total_seconds() / 60))
