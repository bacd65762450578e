"""``report.json``: the grade as other programs read it, in the one form that ``report.schema.json`` fixes."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fastjsonschema

from harness.errors import HarnessError
from harness.grading.grade import Grade, Phases, Row
from harness.grading.masking import mask

NAME = "report.json"
SCHEMA = Path(__file__).with_name("report.schema.json")


class InvalidReport(HarnessError):
    """Says that a document is no valid report: written, a fault of this suite; read, of whoever changed the file."""


@dataclass(frozen=True)
class Run:
    """What a report says of the run itself.

    ``started`` and ``finished`` are ISO 8601 with an offset. ``estimate`` and ``cap`` are US dollars; a run
    without a limit has no cap.
    """

    run_id: str
    aws: str
    hosts: str
    subject: str
    phase: Phases
    account: str
    region: str
    started: str
    finished: str
    estimate: float = 0.0
    cap: float | None = None


@dataclass(frozen=True)
class Report:
    """One run and its grade."""

    run: Run
    grade: Grade


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain values, its texts masked; raises :class:`InvalidReport` if it breaks the schema."""
    run, grade = report.run, report.grade
    about = {name: value for name, value in asdict(run).items() if name not in ("estimate", "cap")}
    result = {
        "schema": 1,
        **about,
        "score": grade.score,
        "possible": grade.possible,
        "is_grade": grade.is_grade,
        "cost_usd": {"estimate": run.estimate, "cap": run.cap},
        "requirements": [_requirement(row) for row in grade.rows],
        "leaks": [mask(leak) for leak in grade.leaks],
    }
    validate(result)
    return result


def _requirement(row: Row) -> dict[str, Any]:
    requirement, judgement = row.requirement, row.judgement
    return {
        "id": requirement.id,
        "stage": requirement.stage,
        "statement": requirement.statement,
        "points": requirement.points,
        "verdict": judgement.verdict,
        "cause": judgement.cause,
        "message": mask(judgement.message),
        "hint": mask("\n".join(filter(None, (judgement.hint, *judgement.hints)))),
        "evidence": [{"kind": e.kind, "what": mask(e.what), "saw": mask(e.saw)} for e in judgement.evidence],
        "seconds": round(judgement.seconds, 3),
    }


def validate(report: Any) -> None:
    """Raise :class:`InvalidReport`, naming the place, unless the document follows the schema."""
    try:
        _validator()(report)
    except fastjsonschema.JsonSchemaValueException as error:
        raise InvalidReport(f"the report breaks {SCHEMA.name}: {mask(error.message, 300)}") from error


@functools.cache
def _validator() -> Callable[[Any], Any]:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator: Callable[[Any], Any] = fastjsonschema.compile(
        schema, formats={"instant": _is_instant}, use_default=False
    )
    return validator


def _is_instant(text: str) -> bool:
    try:
        return datetime.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def write(directory: Path, report: Report) -> Path:
    """Write ``report.json`` into the directory, whole or not at all, and return its path."""
    path = directory / NAME
    draft = path.with_name(NAME + ".draft")
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document(report), indent=1, ensure_ascii=False, allow_nan=False)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
    return path
