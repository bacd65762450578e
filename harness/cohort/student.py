"""Grading one student: a run of pytest in a process of its own, with that student's credentials and nobody else's."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from harness.cloud import patience_called
from harness.cohort.roster import Student
from harness.cohort.shelf import Outcome, Shelf
from harness.errors import UsageError
from harness.grading.grade import Phases
from harness.grading.masking import mask
from harness.grading.reportjson import NAME
from harness.leash import Leash

if TYPE_CHECKING:
    from harness.aws.session import Aws

ROOT = Path(__file__).parents[2]
_JUDGING = (
    "pytest",
    "tests/homework",
    "-q",
    "--no-header",
    "--no-summary",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
)
_SENTENCE = 500
"""Characters of what was in the way."""
TEARDOWN = 120.0
"""Seconds in which a run that is ended removes what it made."""
_SWEEPING = 600.0
"""Seconds that removing what an interrupted run left may take."""


def grade(student: Student, shelf: Shelf, phase: Phases, limit: float) -> Outcome:
    """Grade a student, unless that is done; ``limit`` is in seconds.

    Whatever goes wrong with this student is said in the outcome, so that the others are graded all the same.
    """
    shelf.student(student.name).mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    try:
        # A worker that an interrupted cohort left behind may still be at this student.
        with filelock.FileLock(shelf.student(student.name) / "lock", timeout=limit):
            finished = shelf.finished(student.name, phase)
            return finished or shelf.put(_graded(student, shelf, phase, begun + limit))
    except filelock.Timeout:
        trouble = "another cohort was still grading this student; run this one again."
        return Outcome(student.name, phase, is_graded=False, trouble=trouble)


def _graded(student: Student, shelf: Shelf, phase: Phases, deadline: float) -> Outcome:
    begun, trouble = time.monotonic(), ""
    try:
        environment = _environment(student)
        _sweep(shelf.run(student.name, phase), environment, shelf.log(student.name, phase))
        _judge(student, shelf, phase, environment, deadline - time.monotonic())
    except (UsageError, OSError) as error:
        trouble = mask(" ".join(str(error).split()), _SENTENCE)
    return Outcome(student.name, phase, not trouble, trouble, round(time.monotonic() - begun, 1))


def _environment(student: Student) -> dict[str, str]:
    """Return the environment of a student's run: the way to AWS from here, and one set of credentials."""
    kept = ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE")
    files = ("AWS_SHARED_CREDENTIALS_FILE",) if student.profile else ()
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTEST_")) or name in kept + files
    }
    return own | ({"AWS_PROFILE": student.profile} if student.profile else _assumed(student))


def _assumed(student: Student) -> dict[str, str]:
    from harness.aws.roles import assume  # boto3 takes its time: the roster is read without it

    lender = _entered(student.region)
    session = f"grading-{student.name}"[:64]  # as long as STS takes it
    try:
        lent = assume(lender, student.role_arn, session, student.external_id)
    except UsageError:
        _entered.cache_clear()  # the grader's own credentials may be at fault, and renewed for the next one
        raise
    return {
        "AWS_ACCESS_KEY_ID": lent.access_key,
        "AWS_SECRET_ACCESS_KEY": lent.secret_key,
        "AWS_SESSION_TOKEN": lent.session_token or "",
        "AWS_REGION": lender.region,
    }


@functools.cache
def _entered(region: str) -> Aws:
    """Return AWS as the grader sees it; entered anew for each student, it would cost some megabytes that stay."""
    from harness.aws.entrance import enter
    from harness.aws.session import Aws

    patience = patience_called(os.environ.get("ACCEPTANCE_PATIENCE", "real"))
    return Aws(enter(region or None, None, patience=patience, ssh_config=None), None)


def _sweep(run: Path, environment: dict[str, str], log: Path) -> None:
    """Remove what an interrupted run of this student left, and its directory."""
    if not run.exists():
        return
    if any(run.glob("run.json")):
        command = [sys.executable, "-m", "harness", "sweep", f"--run-dir={run}"]
        done = _run(command, environment, log, _SWEEPING)
        if done:
            raise UsageError(f"an interrupted run could not be swept: {_last_line(log)}")
    shutil.rmtree(run)


def _judge(student: Student, shelf: Shelf, phase: Phases, environment: dict[str, str], limit: float) -> None:
    run, log = shelf.run(student.name, phase), shelf.log(student.name, phase)
    options = {
        "aws": "real", "subject": "student", "phase": phase, "submission": student.submission, "run-dir": run,
        "account": student.account, "region": student.region,
    }  # fmt: skip
    given = [f"--{name}={value}" for name, value in options.items() if value]
    code = _run([sys.executable, "-m", *_JUDGING, *given], environment, log, limit)
    if code not in (0, 1) or not (run / NAME).exists():
        raise UsageError(_last_line(log) or f"the run ended with exit code {code} and said nothing.")


def _run(command: Sequence[str], environment: dict[str, str], log: Path, limit: float) -> int:
    """Run a command to its end, or to that of the time it has; it ends with this process, too."""
    with log.open("ab") as written, Leash() as leash:
        child = leash.popen(
            command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT
        )
        try:
            return int(child.wait(limit))
        except subprocess.TimeoutExpired as error:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(TEARDOWN)
            raise UsageError(f"it took longer than {limit / 60:.0f} minutes; look at {log}.") from error


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.removeprefix("ERROR: ").strip() for line in reversed(lines) if line.strip()), "")
