"""What a fault is, which requirements are judged with it, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness import catalogue
from harness.verdict import Judgement

if TYPE_CHECKING:
    from tests.faults.environment import Environment
    from tests.student.builder import Builder

Apply = Callable[["Environment"], None]
Show = Callable[["Shown"], None]
Change = Callable[["Builder"], AbstractContextManager[None]]
Judged = tuple[list[Judgement], tuple[str, ...]]
"""The judgements on a case, and the assertions without which its fault would have been missed."""


class Shown:
    """What the tests are shown in the place of facts, by the fixture that hands them out."""

    def __init__(self) -> None:
        self.changes: dict[str, Callable[[Any], Any]] = {}

    def seen(self, fixture: str, change: Callable[[Any], Any]) -> None:
        """Show what a function makes of a fact in its place."""
        self.changes[fixture] = change


SCOPES: Mapping[str, tuple[str, ...]] = {
    # Nothing but files is read: no cloud is opened.
    "paper": ("answers",),
    "account": ("account", "quota", "answers"),
    "control": ("account", "network", "bastion", "private", "spot", "quota", "answers"),
    "hand-in": ("account", "network", "bastion", "private", "spot", "quota", "answers", "final"),
    "docker": ("network", "bastion", "docker"),
    "web": ("network", "bastion", "docker", "httpd"),
    "jupyter": ("network", "bastion", "jupyter"),
    "sagemaker": ("sagemaker", "kmeans"),
    "all": tuple(catalogue.load().stages),
    # A student's account, graded as a student's is: while it is up, in all or by EC2 and ssh, and after its clean-up.
    "student": tuple(catalogue.load().stages),
    "student-control": ("account", "network", "bastion", "private", "spot", "quota", "answers"),
    "student-end": tuple(catalogue.load().stages),
}
"""Stages that are judged together. What a fault can reach is judged in full; what it cannot is left out, for time."""

SLOW = "account.cli"
"""Judged with what can reach it only: it starts the ``aws`` command twice, which takes longer than all else."""

WITH_THE_END = {"hand-in", "jupyter", "sagemaker", "all"}
"""Scopes in which what must hold after the clean-up is judged as well."""


@dataclass(frozen=True)
class Case:
    """A way of doing the homework: ``breaks`` are the requirements that must not be met, none for a right one.

    ``apply`` lets an environment go wrong. What cannot be brought about in the offline cloud is ``shown`` to the tests:
    the facts of a right homework, changed as they would be; such cases share an environment. What is wrong with the
    state of an account is a ``change`` to a student's, who did all of the homework right; it is taken back afterwards.
    """

    id: str
    sentence: str
    scope: str
    breaks: tuple[str, ...] = ()
    apply: Apply | None = None
    show: Show | None = None
    change: Change | None = None
    region: str = "us-east-1"

    @property
    def is_fault(self) -> bool:
        """Say whether this is a wrong homework."""
        return bool(self.breaks)

    @property
    def stage(self) -> str:
        """Return the stage of the homework that it is about."""
        return self.id.partition("/")[0]

    def judged(self) -> list[str]:
        """Return the requirements that are judged, in the order of the homework, the end last."""
        known = catalogue.load().requirements.values()
        chosen = [one for one in known if one.id.partition(".")[0] in SCOPES[self.scope]]
        if self.scope == "paper":
            return [one.id for one in known if one.id.startswith("answers.") or one.id == "final.turn-in"]
        if self.scope.startswith("student"):
            phase = "final" if self.scope == "student-end" else "live"
            return [one.id for one in chosen if one.phase == phase]
        live = [
            one.id for one in chosen if one.phase == "live" and (one.id != SLOW or self.scope in ("account", "all"))
        ]
        return live + [one.id for one in chosen if one.phase == "final"] * (self.scope in WITH_THE_END)


@dataclass(frozen=True)
class Outcome:
    """What a case came to; ``needed`` are the assertions without which its fault would have been missed."""

    case: str
    judgements: tuple[Judgement, ...]
    seconds: float
    trouble: str = ""
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """An outcome beside what was expected: what was missed, and what went wrong besides."""

    case: Case
    outcome: Outcome
    missed: tuple[str, ...] = field(default=())
    collateral: tuple[str, ...] = field(default=())

    @property
    def is_exact(self) -> bool:
        """Say whether exactly what was expected came of it."""
        return not (self.missed or self.collateral or self.outcome.trouble)


def account(case: Case, outcome: Outcome) -> Account:
    """Compare an outcome with what was expected."""
    verdicts = {judgement.requirement: judgement for judgement in outcome.judgements}
    missed = tuple(id for id in case.breaks if id not in verdicts or verdicts[id].verdict != "not met")
    collateral = tuple(
        id for id, judgement in verdicts.items() if id not in case.breaks and not _is_as_expected(case, judgement)
    )
    return Account(case, outcome, missed, collateral)


def _is_as_expected(case: Case, judgement: Judgement) -> bool:
    """Say whether a requirement that the fault does not break is met, or waits for one that it does."""
    if judgement.verdict == "met":
        return True
    waits = judgement.cause == "missing" and judgement.message.startswith("needs ")
    return waits and judgement.message.removeprefix("needs ").partition(",")[0] in case.breaks
