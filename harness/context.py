"""What every stage of a subject is given to work with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.catalogue import Homework
from harness.cloud import Cloud
from harness.ledger import Ledger
from harness.steps import Shared
from harness.workstation import Workstation


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
    ssh_key: Path | None = None
    is_shared_out: bool = False

    def judges(self, *stages: str) -> bool:
        """Say whether the run judges any requirement of these stages."""
        return any(id.partition(".")[0] in stages for id in self.chosen)

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags that everything the run creates carries."""
        return {"acceptance-run": self.run_id}
