"""Judge again what a run saw, with today's catalogue, rubric and tests; no cloud is needed, and none is touched.

A bundle in which any byte was changed is refused. Several bundles, such as those of the live and the final phase, make
one grade. Exit code 0 says that all that was selected is met, 1 that something is not, 2 that a bundle was refused.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness.catalogue import Homework, load
from harness.errors import UsageError
from harness.grading import bundle, combine, gradescope, html, outputs, reading, recording, terminal
from harness.grading.grade import Grade
from harness.grading.reportjson import Report
from harness.leash import Leash

ROOT = Path(__file__).parents[2]
TIME = 300
"""Seconds that judging one bundle may take; it takes about two."""
JUDGING = (
    "-m", "pytest", "tests/homework", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist",
    "--no-header", "--no-summary",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bundles, and what is to be made of them."""
    parser.add_argument("bundle", metavar="BUNDLE", nargs="+", type=Path, help="a file that `bundle` wrote")
    parser.add_argument("--output", metavar="DIR", type=Path, help="write the reports there (default: print only)")
    parser.add_argument("--gradescope", metavar="FILE", type=Path, help="write the results for Gradescope there")
    parser.add_argument("--key", metavar="SHA256:…", action="append", help="refuse what another key has sealed")


def run(options: argparse.Namespace) -> int:
    """Check, judge, merge, write, and print the table with what changed."""
    homework = load()
    with Leash() as leash, leash.marking():
        temporary = leash.directory("regrade-")
        homes = [_judged(path, temporary / str(n), options.key) for n, path in enumerate(options.bundle)]
        before = [recording.read(home.parent / "sealed" / recording.NAME) for home in homes]
        reports = [reading.read(home, homework) for home in homes]
        report = reading.merge(reports, homework) if len(reports) > 1 else reports[0]
        _write(options, homes, report, homework)
    terminal.show(report.grade, homework, terminal.PlainScreen(sys.stdout), shutil.get_terminal_size().columns)
    _say_change(before, report.grade)
    return 0 if report.grade.is_perfect else 1


def _judged(path: Path, directory: Path, keys: list[str] | None) -> Path:
    """Judge one bundle, and return the directory with its reports."""
    unpacked = bundle.unpack(path)
    if keys and unpacked.key not in keys:
        raise UsageError(f"{path}: refused, it is sealed by {unpacked.key}; expected {' or '.join(keys)}.")
    sealed, judged = directory / "sealed", directory / "judged"
    bundle.extract(unpacked, sealed)
    # With "=": pytest takes a path that stands alone for one of those that it looks for its settings by.
    options = (f"--recorded={sealed / recording.NAME}", f"--run-dir={judged}")
    try:
        done = subprocess.run(
            [sys.executable, *JUDGING, *options], cwd=ROOT, env=_environment(), capture_output=True, text=True,
            errors="replace", timeout=TIME, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{path}: judging it took longer than {TIME} s; something is wrong with it.") from error
    if done.returncode not in (0, 1) or not (judged / html.NAME).exists():
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UsageError(f"{path}: it could not be judged: {' '.join(said)[:500]}")
    bundle.extract(unpacked, judged)  # timeline, pictures and seal are the recorded run's, not of judging it again
    return judged


def _environment() -> dict[str, str]:
    """Return the environment without what would change how pytest runs; no plugin but the suite's own is needed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _write(options: argparse.Namespace, homes: list[Path], report: Report, homework: Homework) -> None:
    if options.output is not None:
        combine.bring(homes, options.output, report)
        outputs.write(options.output, report, homework)
        sys.stdout.write(f"report: {options.output / html.NAME}\n")
    if options.gradescope is not None:
        gradescope.write(options.gradescope, report, homework)


def _say_change(before: list[recording.Recording], grade: Grade) -> None:
    """Say what the grade was when the run ended, where one run is judged again."""
    if len(before) == 1:
        was = before[0]
        change = "as it was then" if was.score == grade.score else f"it was {was.score:g} of {was.possible:g} then"
        sys.stdout.write(f"Run {was.run.run_id} of {was.run.finished[:10]} judged again: {change}.\n")
