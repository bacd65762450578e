"""Runs a case: opens its environment, lets it go wrong, judges it."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from harness.verdict import Judgement
from tests.faults.environment import Environment, opened
from tests.faults.judging import Judge
from tests.faults.model import Case, Outcome


def run(case: Case, judged: list[str] | None = None) -> Outcome:
    """Run a case and return what it came to; ``judged`` are the requirements, by default those of its scope."""
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="faults-run-"))
    try:
        with opened(case, directory / "run") as environment:
            judgements = judge(case, environment, judged or case.judged())
    except Exception as error:  # noqa: BLE001 - a fault that cannot be applied is reported with the others
        return Outcome(case.id, (), _since(began), f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return Outcome(case.id, tuple(judgements), _since(began), _suite_trouble(judgements))


def judge(case: Case, environment: Environment, judged: list[str]) -> list[Judgement]:
    """Apply a case to its environment and judge it."""
    case.apply(environment)
    if any(id.startswith("final.") for id in judged) and case.scope != "paper":
        environment.subject.final.before()
    judge = Judge(environment.subject, environment.context)
    return [judge.judge(id) for id in judged]


def _suite_trouble(judgements: list[Judgement]) -> str:
    """Return what only a fault of the suite, or of the table, can be."""
    broken = [f"{one.requirement}: {one.message}" for one in judgements if one.cause in ("suite", "cloud")]
    return "; ".join(broken)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)
