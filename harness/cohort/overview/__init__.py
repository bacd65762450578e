"""``overview.html``: a cohort on one page, for whoever teaches it; one file that needs no network.

Who is not judged yet comes first, then the lower grades. The template escapes whatever it is given, and a content
security policy lets the browser use this file's own style and nothing else.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.catalogue import Homework, Requirement
from harness.cohort.gradebook import Line
from harness.grading.html import fill
from harness.grading.masking import mask

NAME = "overview.html"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Failing:
    """How often a requirement is not met, of how many of whom it was judged."""

    requirement: Requirement
    count: int
    judged: int

    @property
    def share(self) -> float:
        """Return the per cent of those judged that do not meet it."""
        return 100 * self.count / self.judged


@dataclass(frozen=True)
class Overview:
    """All that the page shows. ``middle`` is the median of the grades in points; without a grade there is none."""

    title: str
    lines: tuple[Line, ...]
    failing: tuple[Failing, ...]
    requirements: tuple[Requirement, ...]
    stages: Mapping[str, int]
    graded: int
    middle: float | None


def write(directory: Path, lines: Sequence[Line], homework: Homework) -> Path:
    """Write the page into a cohort's directory, whole or not at all, and return its path."""
    path = directory / NAME
    draft = path.with_name(NAME + ".draft")
    draft.write_text(fill(HERE, "overview.html.j2", "overview.css", page=overview(lines, homework), mask=mask), "utf-8")
    draft.replace(path)
    return path


def overview(lines: Sequence[Line], homework: Homework) -> Overview:
    """Gather what the page says."""
    grades = [line.report.grade.score for line in lines if line.report and not line.is_open]
    requirements = tuple(one for stage in homework.stage for one in homework.requirement if one.stage == stage.name)
    return Overview(
        title=homework.homework.title,
        lines=tuple(sorted(lines, key=lambda line: (not line.is_open, _score(line), line.student.casefold()))),
        failing=_failing(lines, requirements),
        requirements=requirements,
        stages={stage.title: sum(one.stage == stage.name for one in requirements) for stage in homework.stage},
        graded=len(grades),
        middle=statistics.median(grades) if grades else None,
    )


def _score(line: Line) -> float:
    return line.report.grade.score if line.report else -1.0


def _failing(lines: Sequence[Line], requirements: Sequence[Requirement]) -> tuple[Failing, ...]:
    """Return the requirements that somebody does not meet, the most frequent first."""
    found = []
    for one in requirements:
        verdicts = [line.verdict(one.id) for line in lines]
        found.append(Failing(one, verdicts.count("not met"), len([v for v in verdicts if v in ("met", "not met")])))
    return tuple(sorted((one for one in found if one.count), key=lambda one: -one.count))
