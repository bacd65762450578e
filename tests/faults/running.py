"""Runs a case: opens its environment, lets it go wrong, judges it."""

from __future__ import annotations

import contextlib
import functools
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.leash import Leash
from harness.verdict import Judgement
from tests.faults.environment import Environment, opened
from tests.faults.model import Case, Judged, Outcome, Shown
from tests.faults.mutants import verdicts
from tests.faults.students import done, grade
from tests.judging import Judge


def run(case: Case) -> Outcome:
    """Run a case and return what it came to."""
    return run_together([case])[0]


def run_together(cases: Sequence[Case]) -> list[Outcome]:
    """Run cases of one scope in one environment: a single one, or such as leave it as it was."""
    began = time.monotonic()
    directory = _leash().directory("faults-run-")
    outcomes: list[Outcome] = []
    try:
        with _judging(cases[0], directory) as judged:
            for case in cases:
                outcomes.append(_outcome(case, judged(case), began))
                began = time.monotonic()
    except Exception as error:  # noqa: BLE001 - a fault that cannot be applied is reported with the others
        trouble = f"{type(error).__name__}: {error}"
        outcomes += [Outcome(case.id, (), _since(began), trouble) for case in cases[len(outcomes) :]]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return outcomes


@functools.cache
def _leash() -> Leash:
    """Return what removes the directories of this process where it is killed."""
    return Leash()


@contextlib.contextmanager
def _judging(case: Case, directory: Path) -> Iterator[Callable[[Case], Judged]]:
    """Return what judges cases of this one's scope, in an environment that they share."""
    if case.change is not None:
        with done(directory, case.scope) as work:
            yield lambda case: grade(case, work, directory / "graded")
    else:
        with opened(case, directory / "run") as environment:
            yield lambda case: judge(case, environment)


def _outcome(case: Case, judged: Judged, began: float) -> Outcome:
    judgements, needed = judged
    return Outcome(case.id, tuple(judgements), _since(began), _suite_trouble(judgements), needed)


def judge(case: Case, environment: Environment) -> Judged:
    """Apply a case to its environment; return the judgements, and the assertions that they needed."""
    shown = Shown()
    if case.apply is not None:
        case.apply(environment)
    if case.show is not None:
        case.show(shown)
    if any(id.startswith("final.") for id in case.judged()) and case.scope != "paper":
        environment.subject.final.before()
    return verdicts(case, Judge(environment.subject, environment.context, shown.changes))


def _suite_trouble(judgements: list[Judgement]) -> str:
    """Return what only a fault of the suite, or of the table, can be."""
    broken = [f"{one.requirement}: {one.message}" for one in judgements if one.cause in ("suite", "cloud")]
    return "; ".join(broken)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)
