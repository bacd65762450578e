"""``gradescope.json``: the grade in Gradescope's results format ("Autograder Specifications" of its documentation).

A requirement is a test of Gradescope's, worth its points; a bonus requirement can earn points that no maximum has.
What is *not judged* earns nothing, and the text at the top says then that this is no grade. Texts are plain and short,
so that the file stays far below a megabyte whatever a host has printed. Standard output is not shown to students, and
there is no leaderboard unless it is asked for.
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import fastjsonschema

from harness.catalogue import Homework
from harness.grading.grade import Row
from harness.grading.masking import mask
from harness.grading.reportjson import InvalidReport, Report, Run
from harness.grading.terminal import CAUSES, sentence

NAME = "gradescope.json"
SCHEMA = Path(__file__).with_name("gradescope.schema.json")
Visibility = Literal["hidden", "after_due_date", "after_published", "visible"]

_TEXT = 1500
"""Characters of one message or hint; the report has more."""
_SEEN = 600
"""Characters of one observation."""
_OUTPUT = 8000
"""Characters of all that is said of one requirement."""


def document(
    report: Report, homework: Homework, *, visibility: Visibility = "visible", leaderboard: bool = False
) -> dict[str, Any]:
    """Return the results; raises :class:`~harness.grading.reportjson.InvalidReport` if they break the schema."""
    run, grade = report.run, report.grade
    result: dict[str, Any] = {
        "score": grade.score + grade.bonus,
        "execution_time": _seconds(run),
        "output": _said(report),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "extra_data": {"run_id": run.run_id, "is_grade": grade.is_grade, "subject": run.subject},
        "tests": [_test(row, number, visibility) for row, number in _numbered(grade.rows, homework)],
    }
    if leaderboard:
        result["leaderboard"] = [{"name": "Points", "value": grade.score + grade.bonus, "order": "desc"}]
    validate(result)
    return result


def _seconds(run: Run) -> float:
    took = datetime.datetime.fromisoformat(run.finished) - datetime.datetime.fromisoformat(run.started)
    return round(max(0.0, took.total_seconds()), 3)


def _said(report: Report) -> str:
    lines = [sentence(report.grade), *(f"Left behind: {mask(leak, _SEEN)}" for leak in report.grade.leaks[:20])]
    if not report.grade.is_grade:
        lines.append("What is not judged costs nobody points: it has to be judged again before this is a grade.")
    return "\n".join(lines)


def _numbered(rows: tuple[Row, ...], homework: Homework) -> Iterator[tuple[Row, str]]:
    """Return each row with its number as chapters have them: by stage, and within it."""
    for chapter, stage in enumerate(homework.stage, 1):
        for number, one in enumerate((r for r in homework.requirement if r.stage == stage.name), 1):
            yield from ((row, f"{chapter}.{number}") for row in rows if row.requirement.id == one.id)


def _test(row: Row, number: str, visibility: Visibility) -> dict[str, Any]:
    requirement, judgement = row.requirement, row.judgement
    return {
        "score": float(row.earned),
        "max_score": 0.0 if requirement.bonus else float(requirement.points),
        "status": "passed" if judgement.verdict == "met" else "failed",
        "name": f"{requirement.id}: {requirement.statement}",
        "number": number,
        "output": mask("\n".join(_lines(row)), _OUTPUT),
        "tags": [requirement.stage, judgement.verdict, *(["bonus"] if requirement.bonus else [])],
        "visibility": visibility,
        "extra_data": {"id": requirement.id, "verdict": judgement.verdict, "cause": judgement.cause},
    }


def _lines(row: Row) -> Iterator[str]:
    judgement = row.judgement
    yield judgement.verdict.capitalize() + (f": {CAUSES[judgement.cause]}" if judgement.cause else "")
    if judgement.message:
        yield mask(judgement.message, _TEXT)
    for hint in filter(None, (judgement.hint, *judgement.hints)):
        yield f"Hint: {mask(hint, _TEXT)}"
    for seen in judgement.evidence:
        yield f"Seen ({seen.kind}) {mask(seen.what, _SEEN)}: {mask(seen.saw, _SEEN)}"


def validate(results: Any) -> None:
    """Raise :class:`~harness.grading.reportjson.InvalidReport`, naming the place, unless the schema is followed."""
    try:
        _validator()(results)
    except fastjsonschema.JsonSchemaValueException as error:
        raise InvalidReport(f"the results break {SCHEMA.name}: {mask(error.message, 300)}") from error


@functools.cache
def _validator() -> Callable[[Any], Any]:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)
    return validator


def write(path: Path, report: Report, homework: Homework) -> Path:
    """Write the results to a file, whole or not at all, and return its path."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(json.dumps(document(report, homework), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
    return path
