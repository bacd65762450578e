"""Sweeping every run of which something is left in an account and region.

A run is known by the tags of what it made and by names that carry its id. It is spared while it may be going on: where
a record on this machine says so, and where somebody else began it and its time is not over.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cloud import patience_called
from harness.errors import UsageError
from harness.leash import Leash
from harness.ledger import Ledger
from harness.runrecord import read_record

if TYPE_CHECKING:
    from harness.aws.runs import RunSeen
    from harness.aws.session import Aws
    from harness.sweep import Leftover

Say = Callable[[str], None]


def run(region: str | None, records: Path, say: Say, *, is_looking: bool) -> int:
    """Remove what may go, or only say what would; returns 1 where anything is left.

    Raises :class:`~harness.errors.UsageError` where AWS cannot be entered.
    """
    from harness.aws.entrance import enter  # boto3 takes its time: only a sweep that needs it imports it
    from harness.aws.session import Aws

    patience = patience_called(os.environ.get("ACCEPTANCE_PATIENCE", "real"))
    cloud = enter(region, None, patience=patience, ssh_config=None)
    say(f"account {cloud.account}, region {cloud.region}")
    aws_for_region = functools.cache(lambda region: Aws(replace(cloud, region=region), None))
    sweeping = _All(aws_for_region, cloud.region, records, say)
    return 1 if sweeping.swept(is_looking=is_looking) else 0


@dataclass(frozen=True)
class _All:
    """The runs of one account and region."""

    aws_for_region: Callable[[str], Aws]
    region: str
    records: Path
    say: Say

    def swept(self, *, is_looking: bool) -> bool:
        """Go through all runs; say whether anything is left."""
        from harness.aws.identity import find_caller
        from harness.aws.runs import find_names, find_runs

        aws = self.aws_for_region(self.region)
        caller, names, left = find_caller(aws).arn, find_names(aws), False
        for seen in find_runs(aws):
            reason = self._why_spared(seen, caller)
            if reason:
                self.say(f"{seen}: spared, {reason}")
                left = True
            elif remaining := self._one(seen, names.get(seen.id, []), is_looking=is_looking):
                left = True
                for leftover in remaining:
                    self.say(f"{seen}: {leftover}")
        return left

    def _why_spared(self, seen: RunSeen, caller: str) -> str:
        """Return why a run must be left alone, or nothing."""
        if self._is_going_on(seen.id):
            return "it is going on"
        if seen.owner and seen.owner != caller and not seen.is_expired:
            return "it is somebody else's and may be going on"
        return ""

    def _is_going_on(self, run_id: str) -> bool:
        try:
            return read_record(self.records / run_id).is_going_on
        except UsageError:  # it is not recorded here
            return False

    def _one(self, seen: RunSeen, named: list[tuple[str, str]], *, is_looking: bool) -> list[Leftover]:
        from harness import sweep
        from harness.aws.kinds import RUN_TAG
        from harness.aws.runs import find_logs_and_jobs

        tags = {RUN_TAG: seen.id}
        with Leash() as leash:
            ledger = Ledger(leash.directory("sweep-") / "ledger.jsonl")
            for kind, id in (*named, *find_logs_and_jobs(self.aws_for_region(self.region), seen.id)):
                ledger.found(kind, self.region, id)
            if is_looking:
                return sweep.look(self.aws_for_region, ledger, tags=tags, regions=(self.region,))
            notice = functools.partial(self._tell, seen)
            return sweep.sweep(self.aws_for_region, ledger, notice, tags=tags, regions=(self.region,))

    def _tell(self, seen: RunSeen, sentence: str) -> None:
        if sentence.endswith(": gone"):  # what is left is said by the caller, with the reason
            self.say(f"{seen}: {sentence}")
