"""Write a run's reports (JSON, HTML, Gradescope) again from its recorded results, or merge several runs into one grade.

One directory gets its report written again, by the catalogue as it is now. Of several, such as those of the live
and the final phase, one grade is made and written into a directory of its own, named after the runs, beside the
last one; no recorded result is changed. Exit code 0 says that all that was selected is met, 1 that something is not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from harness.catalogue import load
from harness.grading import combine, html, outputs, reading, reportjson, terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the directories."""
    parser.add_argument("directory", metavar="DIR", nargs="+", type=Path, help="a run's directory")
    parser.add_argument("--output", metavar="DIR", type=Path, help="where the report goes instead")


def run(options: argparse.Namespace) -> int:
    """Read, merge, write, and print the table."""
    homework = load()
    reports = [reading.read(directory, homework) for directory in options.directory]
    report = reading.merge(reports, homework) if len(reports) > 1 else reports[0]
    home = options.output or _home(options.directory, report)
    combine.bring(options.directory, home, report)
    outputs.write(home, report, homework)
    terminal.show(report.grade, homework, terminal.PlainScreen(sys.stdout), shutil.get_terminal_size().columns)
    sys.stdout.write(f"report: {home / html.NAME}\n")
    return 0 if report.grade.is_perfect else 1


def _home(directories: list[Path], report: reportjson.Report) -> Path:
    last = directories[-1]
    return last if len(directories) == 1 else last.resolve().parent / report.run.run_id
