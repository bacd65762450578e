"""Grade a roster of students, each with credentials of their own, and write gradebook.csv and overview.html.

The roster is CSV with the columns student, submission (a directory), and role_arn or profile; region, account and
external_id where they are needed. Your own credentials assume the roles. Run it while everything is up, and with
--phase=final after the clean-up: both make one grade. What is finished is not graded again, so a cohort that was
interrupted goes on where it stopped; --again has a student graded anew.
Exit code 0 says that everybody has a grade, 1 that somebody has none yet.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import filelock

from harness import catalogue
from harness.cohort import gradebook, overview, roster
from harness.cohort.roster import Student
from harness.cohort.shelf import PHASES, Outcome, Shelf
from harness.cohort.student import TEARDOWN
from harness.errors import TimedOut, UsageError
from harness.grading.grade import Phases
from harness.runrecord import read_record
from harness.waiting import until


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare roster, place, and how many at a time."""
    parser.add_argument("roster", metavar="ROSTER.csv", type=Path, help="whom to grade")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, help="the cohort's directory (default: .runs/cohort-ROSTER)"
    )
    parser.add_argument("--phase", choices=PHASES, default="live", help="which requirements (default: live)")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=int,
        help="students at a time (default: one for each processor, or thread of the scheduler's workers)",
    )
    parser.add_argument(
        "--scheduler", metavar="tcp://…", help="a Dask scheduler whose workers grade, in place of this machine"
    )
    parser.add_argument("--again", metavar="STUDENT", action="append", default=[], help="grade this one anew")
    parser.add_argument(
        "--time-limit", metavar="MINUTES", type=float, default=60.0, help="of one student (default: 60)"
    )


def run(options: argparse.Namespace) -> int:
    """Grade whoever is not graded yet, and write what is known of everybody."""
    students, homework = roster.read(options.roster), catalogue.load()
    shelf = Shelf((options.output or Path(".runs", f"cohort-{options.roster.stem}")).absolute())
    _check(options)
    with _alone(shelf):
        _forget(options.again, students, shelf, options.phase)
        try:
            _grade(students, shelf, options)
        finally:
            lines = gradebook.gather(shelf, students, homework)
            book = gradebook.write(shelf.root / gradebook.NAME, lines, homework)
            page = overview.write(shelf.root, lines, homework)
            _say(f"gradebook: {book}\noverview: {page}")
    return 1 if any(line.is_open for line in lines) else 0


def _check(options: argparse.Namespace) -> None:
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least one student is graded at a time.")
    if not 0 < options.time_limit < math.inf:
        raise UsageError(f"--time-limit {options.time_limit:g}: name the minutes that one student may take.")


@contextlib.contextmanager
def _alone(shelf: Shelf) -> Iterator[None]:
    """Keep a second cohort out of the directory."""
    shelf.root.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(shelf.root / "lock", timeout=0):
            yield
    except filelock.Timeout as error:
        raise UsageError(
            f"{shelf.root}: another cohort is at work there; wait for it, or name another --output."
        ) from error


def _forget(again: Sequence[str], students: Sequence[Student], shelf: Shelf, phase: Phases) -> None:
    if strangers := sorted(set(again) - {one.name for one in students}):
        raise UsageError(f"--again {strangers[0]}: the roster has no such student.")
    for name in again:
        shelf.forget(name, phase)


def _grade(students: Sequence[Student], shelf: Shelf, options: argparse.Namespace) -> None:
    from harness.cohort import crew  # Dask takes its time, and a complete cohort does not need it

    phase: Phases = options.phase
    waiting = [one for one in students if not shelf.finished(one.name, phase)]
    _say(f"{len(students)} students, {len(students) - len(waiting)} of them graded already ({phase})")
    if not waiting:
        return
    begun, done = time.monotonic(), 0
    arriving = crew.grade_all(
        waiting, shelf, phase, jobs=options.jobs, scheduler=options.scheduler, limit=options.time_limit * 60
    )
    with _terminated_as_interrupted(), _ending_what_goes_on(waiting, shelf, phase), contextlib.closing(arriving):
        for done, outcome in enumerate(arriving, 1):
            _say(f"{done}/{len(waiting)} {_told(outcome)}")
    minutes = (time.monotonic() - begun) / 60
    _say(f"{done} students in {minutes:.1f} minutes: {done / minutes:.1f} a minute")


def _told(outcome: Outcome) -> str:
    how = "graded" if outcome.is_graded else f"not graded: {outcome.trouble}"
    return f"{outcome.student} {how} ({outcome.seconds:.0f} s)"


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _ending_what_goes_on(students: Sequence[Student], shelf: Shelf, phase: Phases) -> Iterator[None]:
    """Have this machine's runs that are going on take down what they made, should this one be interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        _say("interrupted: ending what goes on")
        records = [read_record(shelf.run(one.name, phase)) for one in students if _has_record(shelf, one, phase)]
        going = [record for record in records if record.is_going_on]
        for record in going:
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.process, signal.SIGTERM)
        with contextlib.suppress(TimedOut):  # the keeper of each ends it then, and the next cohort sweeps
            until("the runs have ended", lambda: not any(one.is_going_on for one in going), timeout=TEARDOWN)
        raise


def _has_record(shelf: Shelf, one: Student, phase: Phases) -> bool:
    return (shelf.run(one.name, phase) / "run.json").exists()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
