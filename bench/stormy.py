"""The whole homework on AWS's worst days: ``python -m bench.stormy [--seeds 1-20] [--time-scale F]``.

On each seed's day an offline cloud in this process throttles, fails, cuts connections, has no capacity, takes spot
instances back, fails endpoints, and lets the caller's credentials expire (on one day in five), while pytest runs the
homework from another process. Then a third process sweeps. Trouble of the cloud is never a student's: what is not met,
what is not judged for another cause, a traceback, and a thing that is left make the exit code 1.
"""

from __future__ import annotations

import argparse
import contextlib
import fractions
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3

from bench.torture import inventory
from bench.torture.bystanders import STREAM_GROUPS
from harness import isolation
from harness.commands.accounts import made_user
from harness.commands.cloud import lent, shell_variables
from harness.leash import Leash
from harness.offline.cloud import OfflineCloud
from harness.offline.weather import Calm, forecast
from harness.offline.weather.storm import LONGEST_LOAN

ROOT = Path(__file__).resolve().parents[1]
_FIRST_GUESS = 60.0
"""Seconds that a run may take, before one was measured."""
_LONGEST = 20 * 60
_LENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_BROKEN = ("Traceback (most recent call last)", "INTERNALERROR")


@dataclass(frozen=True)
class Day:
    """What became of the homework on one day."""

    seed: int
    expires: bool
    code: int
    verdicts: Counter[str]
    said: str
    left_by_run: list[str]
    left_by_sweep: list[str]
    seconds: float

    @property
    def faults(self) -> list[str]:
        """Return what must not be, a sentence each."""
        found = [f"{n} {what}" for what, n in self.verdicts.items() if what not in ("met", "not judged (cloud)")]
        found += [f"said {words!r}" for words in _BROKEN if words in self.said]
        found += [f"left after the sweep: {thing}" for thing in self.left_by_sweep]
        if not self.expires:
            found += [f"left by the run: {thing}" for thing in self.left_by_run]
        if not self.verdicts and not (self.expires and self.code == 4):
            found.append(f"no verdicts, exit code {self.code}")
        return found

    def __str__(self) -> str:
        total = sum(self.verdicts.values())
        met, cloud = self.verdicts["met"], self.verdicts["not judged (cloud)"]
        shares = f"{met:3} met ({met / total:4.0%}) {cloud:3} not judged (cloud) ({cloud / total:4.0%})" if total else (
            "stopped before anything was created"
        )  # fmt: skip
        expired = (
            f"; credentials that expire, {len(self.left_by_run)} things left for the sweep" if self.expires else ""
        )
        return f"seed {self.seed:3}: {shares}, exit {self.code}, {self.seconds:.0f} s{expired}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line per day, what is wrong with it, and the sum."""
    options = _parser().parse_args(arguments)
    days: list[Day] = []
    for seed in options.seeds:
        usual = max((day.seconds for day in days if not day.expires), default=_FIRST_GUESS)
        day = spend(forecast(options.weather, seed=seed, scale=options.time_scale), seed, options.time_scale, usual)
        days.append(day)
        print(day, flush=True)
        for fault in day.faults:
            print(f"  NOT WELL: {fault}", flush=True)
        if day.faults:
            print("".join(f"    | {line}\n" for line in day.said.splitlines()[-60:]), flush=True)
    total: Counter[str] = sum((day.verdicts for day in days), Counter())
    print(f"{len(days)} days, {sum(bool(day.faults) for day in days)} not well: " + ", ".join(
        f"{n} {what}" for what, n in total.most_common()
    ))  # fmt: skip
    return 1 if any(day.faults for day in days) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.stormy", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=range(1, 21), metavar="A-B", help="which days (1-20)")
    parser.add_argument("--time-scale", type=lambda text: float(fractions.Fraction(text)), default=1 / 200, metavar="F")
    parser.add_argument("--weather", choices=("calm", "typical", "stormy"), default="stormy")
    return parser


def _seeds(text: str) -> Sequence[int]:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def spend(weather: Calm, seed: int, scale: float, usual: float) -> Day:
    """Do the homework on one day; ``usual`` are the seconds that runs take here, within which credentials expire.

    AWS's clock runs fast and that of the work does not: a loan to scale would always end before the first call.
    """
    with isolation.offline(), contextlib.closing(Leash()) as leash:
        state = leash.directory("cloud-")
        with OfflineCloud(state, weather=weather) as offline:
            user = made_user(offline.cloud)
            variables = shell_variables(offline.cloud, state, user)
            _furnish(offline)
            before = _look(offline)
            weather.begin()
            loan = weather.credentials_last()
            keys = lent(offline, user, loan / (LONGEST_LOAN * scale) * usual) if loan is not None else {}
            patience = {"ACCEPTANCE_PATIENCE": f"{scale:.6g}"}
            environment = {**isolation.without_aws(os.environ), **variables, **keys, **patience}
            begun = time.monotonic()
            run = _run(
                ["pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--aws=real"], state, environment
            )
            seconds = time.monotonic() - begun
            left_by_run = _left(weather, offline, before)
            swept = _sweep(state, environment)
            left_by_sweep = _left(weather, offline, before)
        verdicts = _verdicts(state / "run")
    said = run.stdout + run.stderr + swept
    expires = loan is not None
    return Day(seed, expires, run.returncode, verdicts, said, left_by_run, left_by_sweep, seconds)


def _run(words: list[str], state: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words, "--run-dir", str(state / "run")], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False, timeout=_LONGEST,
    )  # fmt: skip


def _sweep(state: Path, environment: dict[str, str]) -> str:
    """Sweep with the credentials of the file, which do not expire, as somebody would after ``aws configure``."""
    if not (state / "run" / "run.json").exists():
        return ""
    renewed = {name: value for name, value in environment.items() if name not in _LENT}
    done = _run(["harness", "sweep"], state, renewed)
    return done.stdout + done.stderr


def _furnish(offline: OfflineCloud) -> None:
    """Make the log groups that a region's jobs share: SageMaker makes them at the first job, and nobody's run is that."""
    logs = _session(offline).client("logs", endpoint_url=offline.cloud.endpoint_url)
    for group in STREAM_GROUPS:
        logs.create_log_group(logGroupName=group)


def _session(offline: OfflineCloud) -> boto3.Session:
    return boto3.Session(offline.owner.access_key, offline.owner.secret_key, region_name=offline.region)


def _look(offline: OfflineCloud) -> inventory.Found:
    return inventory.take(_session(offline), offline.cloud.endpoint_url or "", offline.account)


def _left(weather: Calm, offline: OfflineCloud, before: inventory.Found) -> list[str]:
    """Return what is there and was not before; the weather pauses meanwhile."""
    weather.has_begun = False
    try:
        leaked, touched = inventory.differences(before, _look(offline))
    finally:
        weather.has_begun = True
    return leaked + [f"touched: {name}" for name in touched]


def _verdicts(directory: Path) -> Counter[str]:
    report = directory / "report.json"
    if not report.exists():
        return Counter()
    judged = json.loads(report.read_text())["requirements"]
    return Counter(one["verdict"] + (f" ({one['cause']})" if one["cause"] else "") for one in judged)


if __name__ == "__main__":
    sys.exit(main())
