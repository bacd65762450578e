"""The record of a run: where it takes place and which process it is, for whoever sweeps up after it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import cattrs

from harness.errors import UsageError

NAME = "run.json"


@dataclass(frozen=True)
class RunRecord:
    """One run; written into its directory before anything is created.

    ``aws`` is ``moto`` for a cloud that ends with the run's process. ``process`` and ``born`` (seconds since
    the epoch) tell that process from a later one of the same number.
    """

    run_id: str
    aws: str
    account: str
    region: str
    process: int
    born: float

    def __post_init__(self) -> None:
        if self.aws not in ("moto", "real") or not re.fullmatch("[a-z0-9]+", self.run_id):
            raise ValueError(self)  # to EC2's filters a * is the tag of every run

    @property
    def is_going_on(self) -> bool:
        """Say whether the run's process still lives."""
        return _born(self.process) == self.born


def write_record(directory: Path, *, run_id: str, aws: str, account: str, region: str) -> None:
    """Record a run of this process."""
    record = RunRecord(run_id, aws, account, region, os.getpid(), _born(os.getpid()) or 0.0)
    (directory / NAME).write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")


def read_record(directory: Path) -> RunRecord:
    """Return the record in a run's directory; raises :class:`~harness.errors.UsageError` where there is none."""
    path = directory / NAME
    try:
        return cattrs.structure(json.loads(path.read_text(encoding="utf-8")), RunRecord)
    except OSError as error:
        raise UsageError(f"{path}: no run is recorded there ({error.strerror}); name a run's directory.") from error
    except (ValueError, TypeError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{path}: this is no record of a run; it was changed, or cut short.") from error


def _born(process: int) -> float | None:
    import psutil  # here, not above: collecting must not wait for it

    try:
        return float(psutil.Process(process).create_time())
    except (psutil.Error, ValueError, OverflowError):  # there is no process of that number
        return None
