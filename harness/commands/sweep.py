"""Remove what a run left behind, and print each thing and its state.

What the run's ledger holds, and in its region whatever else carries its tag, is removed with the caller's own
credentials (AWS_PROFILE, AWS_ENDPOINT_URL and the like are heeded); nothing that the run did not create is touched.
A run on the offline cloud leaves nothing: that cloud ended with the run's process. Its containers (--hosts=docker) are
looked for all the same, by their labels; with --all, those of every run whose process is gone.
With --all, so is what any run of the same caller, or any run that is over, left in the account and region; what is
going on, and what others may still need, is said and left alone.
Exit code 0 says that nothing remains, 1 that something does.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cloud import Cloud, patience_called
from harness.commands import sweep_all
from harness.errors import UsageError
from harness.ledger import Entry, Ledger
from harness.runrecord import RunRecord, read_record

if TYPE_CHECKING:
    from harness.aws.session import Aws


RUNS = Path(".runs")
"""Where this machine keeps the records of its runs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which runs."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run-dir", metavar="DIR", type=Path, help="the run's directory")
    which.add_argument("--all", action="store_true", help="every run of which something is left in account and region")
    parser.add_argument("--region", metavar="NAME", help="with --all: the AWS region (default: the caller's own)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and change nothing")


def run(options: argparse.Namespace) -> int:
    """Sweep one run, or all."""
    if options.all:
        left = _containers(None, is_looking=options.dry_run)
        return left | sweep_all.run(options.region, RUNS, _say, is_looking=options.dry_run)
    record = read_record(options.run_dir)
    if record.is_going_on:
        raise UsageError(f"run {record.run_id} is still going on (process {record.process}); end it first.")
    ledger = Ledger(options.run_dir / "ledger.jsonl")
    sweeping = _Ended(ledger) if record.aws == "moto" else _Reachable(ledger, record)
    left = _containers(record.run_id, is_looking=options.dry_run) if record.aws == "moto" else 0
    return left | (sweeping.look() if options.dry_run else sweeping.sweep())


def _containers(run_id: str | None, *, is_looking: bool) -> int:
    """Remove the containers of a run, or of all whose process is gone; 1 where any are left, or would be removed."""
    from harness.offline.hosts.containers import removal
    from harness.offline.images.engine import connect

    try:
        client = connect()
    except UsageError:  # where there is no engine, there are no containers
        return 0
    with contextlib.closing(client):
        tokens = [token for token, run in removal.abandoned(client).items() if run_id in (None, run)]
        left = 0
        for label in (f"{removal.LABEL}={token}" for token in tokens):
            for name in removal.names(client, label):
                _say(f"{name}: would be removed" if is_looking else f"{name}: removing")
            left |= bool(tokens) if is_looking else bool(removal.remove(client, label))
    return int(left)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _open(ledger: Ledger) -> list[Entry]:
    return [entry for entry in reversed(ledger.entries()) if entry.state != "gone"]


@dataclass(frozen=True)
class _Ended:
    """The leftovers of a run whose cloud is gone."""

    ledger: Ledger

    def look(self) -> int:
        for entry in _open(self.ledger):
            _say(f"{entry.kind} {entry.id or entry.find}: gone with the run's offline cloud")
        return 0

    def sweep(self) -> int:
        code = self.look()
        for entry in _open(self.ledger):
            self.ledger.mark(entry, "gone")
        return code


@dataclass(frozen=True)
class _Reachable:
    """The leftovers of a run in a cloud that is still there."""

    ledger: Ledger
    record: RunRecord

    def look(self) -> int:
        from harness import sweep  # boto3 takes its time: only a sweep that needs it imports it

        things = sweep.look(self._aws(), self.ledger, tags=self._tags, regions=(self.record.region,))
        for thing in things:
            _say(str(thing))
        return 1 if self._has_strange_lines() or things else 0

    def sweep(self) -> int:
        from harness import sweep

        aws_for_region = self._aws()
        for entry in _open(self.ledger):
            if entry.state == "kept" and entry.kind not in sweep.STAYS:
                self.ledger.mark(entry, "created" if entry.id else "intended")
        remaining = sweep.sweep(aws_for_region, self.ledger, _say, tags=self._tags, regions=(self.record.region,))
        for leftover in remaining:
            _say(f"left: {leftover}")
        return 1 if self._has_strange_lines() or remaining else 0

    def _has_strange_lines(self) -> bool:
        """Say whether the ledger holds what nobody understands: what carries the run's tag was found all the same."""
        numbers = ", ".join(map(str, self.ledger.strange_lines()))
        if numbers:
            _say(
                f"{self.ledger.path}: no entry is understood in line {numbers}; sweep by the edition of the suite that "
                f"wrote it, or look for what is named there by hand."
            )
        return bool(numbers)

    @property
    def _tags(self) -> dict[str, str]:
        return {"acceptance-run": self.record.run_id}

    def _aws(self) -> Callable[[str], Aws]:
        """Return AWS by region as the caller; raises :class:`~harness.errors.UsageError` for another account."""
        from harness.aws.entrance import caller_of, is_region
        from harness.aws.session import Aws

        record = self.record
        if not is_region(record.region):
            raise UsageError(
                f"run {record.run_id} is recorded in {record.region!r}, which is not a region of AWS: its run.json was "
                "changed; put it right."
            )
        patience = patience_called(os.environ.get("ACCEPTANCE_PATIENCE", "real"))

        cloud = Cloud(
            name="real", hosts="ec2", account=record.account, region=record.region, patience=patience,
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
        )  # fmt: skip
        account = caller_of(cloud).account
        if account != record.account:
            raise UsageError(
                f"these credentials are of account {account}, the run was in {record.account}; change them."
            )
        return functools.cache(lambda region: Aws(replace(cloud, region=region), None))
