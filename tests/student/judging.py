"""Grades an account of a student as a run does, without pytest: as quick as its facts are had."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from harness import catalogue, steps
from harness.cloud import Cloud
from harness.context import Context
from harness.leash import Leash
from harness.ledger import Ledger
from harness.subjects.student import Student
from harness.subjects.subject import Subject
from harness.sweep import sweep_run
from harness.verdict import Judgement
from harness.workstation import set_up
from tests.judging import Judge


def judge(subject: Subject, ids: Iterable[str] | None = None, phase: str | None = None) -> dict[str, Judgement]:
    """Judge these requirements, or all of a phase; what several need is found out once."""
    homework = subject.context.homework
    chosen = list(ids or (id for id, known in homework.requirements.items() if phase in (None, known.phase)))
    steps.begin(*subject.early(chosen))
    one = Judge(subject, subject.context)
    return {id: one.judge(id) for id in chosen}


def graded(cloud: Cloud, submission: Path, directory: Path, phase: str) -> dict[str, Judgement]:
    """Grade a student's account as a run does, its end included, at which nothing may be left behind."""
    asked = [id for id, known in catalogue.load().requirements.items() if known.phase == phase]
    with judged(Student, cloud, submission, directory, chosen=asked) as student:
        verdicts = judge(student, asked)
    leftovers = sweep_run(student.context)
    assert not leftovers, leftovers
    return verdicts


@contextlib.contextmanager
def judged(
    kind: Callable[[Context], Subject],
    cloud: Cloud,
    submission: Path,
    directory: Path,
    run_id: str = "g7rad3",
    *,
    chosen: Iterable[str] | None = None,
) -> Iterator[Subject]:
    """Give a subject in a cloud, with a workstation of its own, for the caller whom the environment names.

    ``chosen`` are the requirements that it is judged by, all of them unless told.
    """
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
            chosen=frozenset(homework.requirements if chosen is None else chosen),
        )
        subject = kind(context)
        try:
            yield subject
        finally:
            steps.settle(cloud.patience.command)
            subject.close()
