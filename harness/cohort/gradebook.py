"""The gradebook: every student's grade, as a table of the reports that their runs left."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalogue import Homework
from harness.cohort.roster import Student
from harness.cohort.shelf import PHASES, Shelf
from harness.errors import UsageError
from harness.grading import combine, outputs, reading
from harness.grading.html import NAME as PAGE
from harness.grading.reportjson import Report

NAME = "gradebook.csv"
_HEADING = ("student", "score", "possible", "bonus", "is_grade", "not_met", "not_judged", "trouble", "report")


@dataclass(frozen=True)
class Line:
    """One student: the grade so far, where its page is (from the cohort's directory), what was in the way."""

    student: str
    report: Report | None
    page: str
    trouble: str

    @property
    def is_open(self) -> bool:
        """Say whether something is left to be judged."""
        return self.report is None or not self.report.grade.is_grade

    def ids(self, verdict: str) -> tuple[str, ...]:
        """Return the requirements with this verdict."""
        rows = self.report.grade.rows if self.report else ()
        return tuple(row.requirement.id for row in rows if row.judgement.verdict == verdict)

    def verdict(self, id: str) -> str:
        """Return what was judged of a requirement, or an empty text."""
        rows = self.report.grade.rows if self.report else ()
        return next((str(row.judgement.verdict) for row in rows if row.requirement.id == id), "")


def gather(shelf: Shelf, students: Iterable[Student], homework: Homework) -> list[Line]:
    """Read what there is of each student; the reports of both phases are made one, with a page of its own."""
    return [_line(shelf, one.name, homework) for one in students]


def _line(shelf: Shelf, name: str, homework: Homework) -> Line:
    troubles = [f"{phase}: {outcome.trouble}" for phase in PHASES
                if (outcome := shelf.outcome(name, phase)) and outcome.trouble]  # fmt: skip
    homes = [shelf.run(name, phase) for phase in PHASES if shelf.finished(name, phase)]
    try:
        report = _report(shelf, name, homes, homework)
    except UsageError as error:
        return Line(name, None, "", "; ".join([*troubles, str(error)]))
    page = (shelf.merged(name) if len(homes) > 1 else homes[0]) / PAGE if homes else None
    return Line(name, report, page.relative_to(shelf.root).as_posix() if page else "", "; ".join(troubles))


def _report(shelf: Shelf, name: str, homes: list[Path], homework: Homework) -> Report | None:
    reports = [reading.read(home, homework) for home in homes]
    if len(reports) < 2:
        return reports[0] if reports else None
    report = reading.merge(reports, homework)
    combine.bring(homes, shelf.merged(name), report)
    outputs.write(shelf.merged(name), report, homework)
    return report


def write(path: Path, lines: Sequence[Line], homework: Homework) -> Path:
    """Write the table as CSV, a column for each requirement at its end, whole or not at all, and return its path.

    A student whose run is no grade has ``is_grade`` ``no``: their points may still change.
    """
    draft = path.with_suffix(".draft")
    ids = [requirement.id for requirement in homework.requirement]
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_HEADING, *ids])
        writer.writerows([[*map(_cell, _fields(line)), *map(line.verdict, ids)] for line in lines])
    draft.replace(path)
    return path


def _fields(line: Line) -> Iterator[str]:
    yield line.student
    grade = line.report.grade if line.report else None
    yield from (f"{grade.score:g}", f"{grade.possible:g}", f"{grade.bonus:g}") if grade else ("", "", "")
    yield "no" if line.is_open else "yes"
    yield from (" ".join(line.ids("not met")), " ".join(line.ids("not judged")), line.trouble, line.page)


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula ("CSV Injection", OWASP)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
