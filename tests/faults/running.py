"""Runs a case: opens its environment, lets it go wrong, judges it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness.verdict import Judgement
from tests.faults.environment import Environment, opened
from tests.faults.judging import Judge
from tests.faults.model import Case, Outcome, Shown
from tests.faults.mutants import mutants


def run(case: Case) -> Outcome:
    """Run a case and return what it came to."""
    return run_together([case])[0]


def run_together(cases: Sequence[Case]) -> list[Outcome]:
    """Run cases of one scope in one environment: a single one, or such as only show the tests other facts."""
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="faults-run-"))
    outcomes: list[Outcome] = []
    try:
        with opened(cases[0], directory / "run") as environment:
            for case in cases:
                outcomes.append(_outcome(case, environment, began))
                began = time.monotonic()
    except Exception as error:  # noqa: BLE001 - a fault that cannot be applied is reported with the others
        trouble = f"{type(error).__name__}: {error}"
        outcomes += [Outcome(case.id, (), _since(began), trouble) for case in cases[len(outcomes) :]]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return outcomes


def _outcome(case: Case, environment: Environment, began: float) -> Outcome:
    judgements, needed = judge(case, environment)
    return Outcome(case.id, tuple(judgements), _since(began), _suite_trouble(judgements), needed)


def judge(case: Case, environment: Environment) -> tuple[list[Judgement], tuple[str, ...]]:
    """Apply a case to its environment; return the judgements, and the assertions that they needed."""
    shown = Shown()
    if case.apply is not None:
        case.apply(environment)
    if case.show is not None:
        case.show(shown)
    judged = case.judged()
    if any(id.startswith("final.") for id in judged) and case.scope != "paper":
        environment.subject.final.before()
    judge = Judge(environment.subject, environment.context, shown.changes)
    judgements = [judge.judge(id) for id in judged]
    failed = {one.requirement for one in judgements if one.verdict == "not met"}
    tried = [(id, place, test) for id in case.breaks if id in failed for place, test in mutants().get(id, [])]
    return judgements, tuple(place for id, place, test in tried if judge.run(test, id).verdict != "not met")


def _suite_trouble(judgements: list[Judgement]) -> str:
    """Return what only a fault of the suite, or of the table, can be."""
    broken = [f"{one.requirement}: {one.message}" for one in judgements if one.cause in ("suite", "cloud")]
    return "; ".join(broken)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)
