"""A class of any size: ``python -m tests.cohort [--students N] [--jobs N]``.

Everybody's homework is done in one ``python -m harness cloud``. Then they are graded: one alone, all of them, all of
them by a cohort that is killed at half and called again, and all by the two workers of a Dask scheduler that were
started by themselves. Every gradebook must be the same, and every grade the one that the student's homework deserves.
Printed are students a minute, and what memory the command itself took on the way.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from harness.leash import Leash
from harness.waiting import until
from tests.cohort.school import ROOT, School, school

JUDGED = ("student", "score", "bonus", "is_grade", "not_met", "not_judged", "trouble")


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each way of grading; the exit code is 1 where a grade is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.cohort", description=__doc__)
    parser.add_argument("--students", type=int, default=60, metavar="N")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    asked = parser.parse_args(arguments)
    begun = time.monotonic()
    with Leash() as leash, leash.marking(), school(leash.directory("school-"), asked.students) as found:
        print(f"{asked.students} students did their homework in {time.monotonic() - begun:.0f} s", flush=True)
        alone = _graded(found, "alone", asked.jobs, roster=_first_only(found))
        whole = _graded(found, "whole", asked.jobs)
        _killed(found, "killed", asked.jobs, asked.students // 2)
        resumed = _graded(found, "killed", asked.jobs)
        with _scheduler(leash, found) as address:
            dask = _graded(found, "dask", asked.jobs, f"--scheduler={address}")
    wrong = [
        line["student"] for line in whole if frozenset(line["not_met"].split()) != found.expected()[line["student"]]
    ]
    print(f"grades {len(whole)}, wrong {len(wrong)} {wrong or ''}; the same when killed and resumed: {resumed == whole}; "
          f"by two workers: {dask == whole}; alone: {alone == whole[:1]}")  # fmt: skip
    return 0 if not wrong and resumed == dask == whole else 1


def _first_only(found: School) -> Path:
    path = found.home / "first.csv"
    path.write_text("".join(found.roster.read_text().splitlines(keepends=True)[:2]))
    return path


def _graded(found: School, name: str, jobs: int, *options: str, roster: Path | None = None) -> list[dict[str, str]]:
    """Grade a roster into a directory of that name, and return what the gradebook says."""
    begun, memory = time.monotonic(), [0]
    with subprocess.Popen(
        _command(found, name, jobs, *options, roster=roster), cwd=ROOT, env=found.environment,
        stdout=subprocess.PIPE, text=True,
    ) as cohort:  # fmt: skip
        last, process = "", psutil.Process(cohort.pid)
        for line in cohort.stdout:
            with contextlib.suppress(psutil.Error):
                memory.append(process.memory_info().rss)
            last = line if "a minute" in line else last
    print(
        f"{name}: {last.strip()}; {time.monotonic() - begun:.0f} s; the command's memory {_growth(memory)}", flush=True
    )
    with (found.home / name / "gradebook.csv").open(newline="") as file:
        return [{field: line[field] for field in JUDGED} for line in csv.DictReader(file)]


def _growth(memory: list[int]) -> str:
    """Return bytes seen as students came, in words: after a quarter of them, and at the end."""
    quarter, last = memory[len(memory) // 4], memory[-1]
    return f"{quarter / 1e6:.0f} MB at a quarter, {last / 1e6:.0f} MB at the end, {max(memory) / 1e6:.0f} MB at most"


def _killed(found: School, name: str, jobs: int, after: int) -> None:
    """Kill a cohort once so many are graded."""
    with subprocess.Popen(
        _command(found, name, jobs), cwd=ROOT, env=found.environment, stdout=subprocess.PIPE, text=True
    ) as cohort:
        for line in cohort.stdout:
            if line.startswith(f"{after}/"):
                os.kill(cohort.pid, signal.SIGKILL)


def _command(found: School, name: str, jobs: int, *options: str, roster: Path | None = None) -> list[str]:
    where = f"--output={found.home / name}"
    return [sys.executable, "-m", "harness", "cohort", str(roster or found.roster), where, f"--jobs={jobs}", *options]


@contextlib.contextmanager
def _scheduler(leash: Leash, found: School) -> Iterator[str]:
    """Start a scheduler and two workers as anybody would, and give the scheduler's address."""
    path = found.home / "scheduler.json"
    quiet = {"env": found.environment, "cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli"]
    scheduler = [
        f"{dask[2]}.dask_scheduler",
        "--host=127.0.0.1",
        "--port=0",
        "--no-dashboard",
        f"--scheduler-file={path}",
    ]
    worker = [
        f"{dask[2]}.dask_worker", f"--scheduler-file={path}", "--host=127.0.0.1", "--nthreads=1", "--no-dashboard",
        f"--local-directory={found.home / 'scratch'}",
    ]  # fmt: skip
    started = [leash.popen([*dask[:2], *words], **quiet) for words in (scheduler, worker, worker)]
    try:
        until("the scheduler has written its address", path.exists, timeout=60)
        yield json.loads(path.read_text())["address"]
    finally:
        for process in started:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
