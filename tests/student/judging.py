"""Judging a subject with the tests of the homework, without a run of pytest: as quick as its facts are had."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from fixtures.verdicts import verdict_of
from harness import catalogue, steps
from harness.catalogue import Homework
from harness.cloud import Cloud
from harness.context import Context
from harness.leash import Leash
from harness.ledger import Ledger
from harness.subjects.student import Student
from harness.subjects.subject import Subject
from harness.sweep import sweep_run
from harness.verdict import Judgement
from harness.workstation import set_up

TESTS = Path(__file__).parents[1] / "homework"
STAGES = (
    "account", "network", "instances", "containers", "httpd", "jupyter", "sagemaker", "spot", "quota", "answers",
    "final",
)  # fmt: skip


@functools.cache
def tests() -> dict[str, Callable[..., None]]:
    """Return the test of each requirement."""
    found = {}
    for path in sorted(TESTS.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"judging_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for _, test in inspect.getmembers(module, inspect.isfunction):
            for mark in getattr(test, "pytestmark", ()):
                found[mark.args[0]] = test
    return found


@functools.cache
def fixtures() -> dict[str, Callable[[Subject], Any]]:
    """Return what each fixture asks a subject for."""
    modules = [importlib.import_module(f"fixtures.{stage}") for stage in STAGES]
    return {
        name: value._get_wrapped_function()
        for module in modules
        for name, value in vars(module).items()
        if hasattr(value, "_get_wrapped_function")
    }


def judge(subject: Subject, ids: Iterable[str] | None = None, phase: str | None = None) -> dict[str, Judgement]:
    """Judge these requirements, or all of a phase; what several need is found out once."""
    homework = subject.context.homework
    chosen = list(ids or (id for id, known in homework.requirements.items() if phase in (None, known.phase)))
    steps.begin(*subject.early(chosen))
    return {id: judge_one(subject, id, homework) for id in chosen}


def judge_one(subject: Subject, id: str, homework: Homework) -> Judgement:
    """Judge one requirement as ``fixtures.verdicts`` does."""
    test, advice = tests()[id], []
    given = {"context": subject.context, "advise": advice.append}
    try:
        test(**{name: given.get(name) or fixtures()[name](subject) for name in inspect.signature(test).parameters})
    except Exception as error:  # noqa: BLE001 - whatever it is becomes a verdict, as in a run
        return verdict_of(error, homework.requirements[id])
    return Judgement(id, "met", hints=tuple(advice))


def graded(cloud: Cloud, submission: Path, directory: Path, phase: str) -> dict[str, Judgement]:
    """Grade a student's account as a run does, its end included, at which nothing may be left behind."""
    with judged(Student, cloud, submission, directory) as student:
        verdicts = judge(student, phase=phase)
    leftovers = sweep_run(student.context)
    assert not leftovers, leftovers
    return verdicts


@contextlib.contextmanager
def judged(
    kind: Callable[[Context], Subject], cloud: Cloud, submission: Path, directory: Path, run_id: str = "g7rad3"
) -> Iterator[Subject]:
    """Give a subject in a cloud, with a workstation of its own, for the caller whom the environment names."""
    with contextlib.closing(Leash()) as leash:
        workstation = set_up(leash, cloud, as_caller=True)
        homework = catalogue.load()
        context = Context(
            run_id=run_id,
            run_dir=directory,
            homework=homework,
            cloud=cloud,
            workstation=workstation,
            ledger=Ledger(directory / "ledger.jsonl"),
            shared=steps.Shared(directory / "shared"),
            submission=submission,
            chosen=frozenset(homework.requirements),
        )
        subject = kind(context)
        try:
            yield subject
        finally:
            steps.settle(cloud.patience.command)
            subject.close()
