"""The grade as a terminal shows it: a table by stage, what is wrong and how to mend it, and one line at the end."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Protocol, TextIO

from harness.catalogue import Homework, Stage
from harness.grading.grade import Grade, Row
from harness.grading.masking import mask, visible

CAUSES = {"cloud": "cloud trouble", "suite": "fault of this suite", "missing": "prerequisite missing"}
_MARKUP = {"met": {"green": True}, "not met": {"red": True}, "not judged": {"yellow": True}}
_INDENT = " " * 18
_WIDE = 100
_ID = 27
"""On a wide screen, ids have a column of their own."""
_TEXT_LIMIT = 1200
"""Characters shown of one message; the report has more."""


class Screen(Protocol):
    """What the table is written to: pytest's terminal reporter, or a :class:`PlainScreen`."""

    def write_line(self, line: str, **markup: bool) -> None:
        """Write one line, in the colours and weights that are named."""


class PlainScreen:
    """A stream that takes lines and ignores their markup."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write_line(self, line: str, **markup: bool) -> None:  # noqa: ARG002 - plain text has none
        """Write one line."""
        self._stream.write(line + "\n")


def show(grade: Grade, homework: Homework, screen: Screen, width: int = 80, *, brief: bool = False) -> None:
    """Write the table, what was left behind, and the grade's line, no line wider than ``width`` (at least 40).

    A ``brief`` table has only what is not met or not judged, and nothing of stages in which all is well.
    """
    width, said = max(width, 40), _Said()
    for stage in homework.stages.values():
        rows = [row for row in grade.rows if row.requirement.stage == stage.name]
        shown = [row for row in rows if not brief or row.judgement.verdict != "met"]
        if shown:
            _show_stage(stage, rows, shown, screen, width, said)
    if grade.leaks:
        screen.write_line("")
        screen.write_line("Left behind", bold=True, red=True)
    for leak in grade.leaks:
        for line in _wrapped(leak, width, "  "):
            screen.write_line(line)
    screen.write_line("")
    colour = "green" if grade.is_grade and grade.is_perfect else "yellow" if not grade.leaks else "red"
    for line in textwrap.wrap(sentence(grade), width):
        screen.write_line(line, bold=True, **{colour: True})


def _show_stage(stage: Stage, rows: list[Row], shown: list[Row], screen: Screen, width: int, said: _Said) -> None:
    plain = [row for row in rows if not row.requirement.bonus]
    points = f"{sum(row.earned for row in plain)}/{sum(row.requirement.points for row in plain)}"
    screen.write_line("")
    screen.write_line(f"{stage.title:<{width - 8}}{points:>8}", bold=True)
    for row in shown:
        head, *rest = _lines(row, width, said)
        screen.write_line(head, **_MARKUP[row.judgement.verdict])
        for line in rest:
            screen.write_line(line)


def _lines(row: Row, width: int, said: _Said) -> Iterator[str]:
    requirement, judgement = row.requirement, row.judgement
    head = f"  {judgement.verdict:<11}{_points(row):>4} "
    if judgement.verdict == "met":
        column = _ID if width >= _WIDE else 0
        yield _cut(f"{head}{requirement.id:<{column}}  {requirement.statement}", width)
        for advice in judgement.hints:
            yield from _wrapped(f"Advice: {advice}", width)
        return
    yield _cut(head + requirement.id, width)
    yield from _wrapped(said.reason(row), width)
    if judgement.hint:
        yield from _wrapped(f"Hint: {judgement.hint}", width)


class _Said:
    """What the table has said already: a long reason that many requirements share is told once."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str] = {}

    def reason(self, row: Row) -> str:
        """Return the message with the cause before it, or for which requirement it was told."""
        judgement, id = row.judgement, row.requirement.id
        message = judgement.message or row.requirement.statement
        if judgement.cause is None:
            return message
        first = self._first.setdefault((judgement.cause, message), id)
        return f"{CAUSES[judgement.cause]}: {message if first == id else f'the same as for {first}'}"


def _points(row: Row) -> str:
    earned = "-" if row.judgement.cause else row.earned
    return f"{'+' if row.requirement.bonus else ''}{earned}/{row.requirement.points}"


def _cut(text: str, width: int) -> str:
    text = visible(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def _wrapped(text: str, width: int, indent: str = _INDENT) -> Iterator[str]:
    """Wrap every line of a text under its heading; what a host printed cannot begin a line of the table."""
    for line in mask(text, _TEXT_LIMIT).expandtabs(4).splitlines():
        yield from textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=indent) or [""]


def sentence(grade: Grade) -> str:
    """Return the grade in one line: the points, and what keeps them from being a grade."""
    points = f"{grade.score:g} of {grade.possible:g} points"
    if any(row.requirement.bonus for row in grade.rows):
        points += f" and {grade.bonus:g} bonus"
    reasons = "; ".join(_reasons(grade))
    return f"Not a grade: {points}; {reasons}." if reasons else f"Grade: {points}."


def _reasons(grade: Grade) -> Iterator[str]:
    open_rows = grade.with_verdict("not judged")
    causes = Counter(str(row.judgement.cause) for row in open_rows)
    if open_rows:
        yield f"{len(open_rows)} not judged ({', '.join(f'{causes[cause]} {cause}' for cause in sorted(causes))})"
    if grade.unselected:
        yield f"{grade.unselected} not selected"
    if grade.leaks:
        yield f"{len(grade.leaks)} left behind"
