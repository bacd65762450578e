"""The table of cases: one module per stage of the homework, each with its faults and its right homeworks."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tests.faults.model import Apply, Case, Show

if TYPE_CHECKING:
    from tests.student.builder import Builder

STAGES = ("account", "keys", "network", "bastion", "private", "docker", "httpd", "jupyter", "sagemaker", "kmeans", "spot",
          "quota", "answers", "final", "student", "student_services", "found")  # fmt: skip
Generator = Callable[["Builder"], Iterator[None]]


class Table:
    """The cases of one stage. A case's function applies it; its name is its id, its docstring its sentence."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.cases: list[Case] = []

    def fault(self, scope: str, *breaks: str) -> Callable[[Apply], Apply]:
        """Enter a wrong homework and the requirements that it must fail."""
        if not breaks:
            raise ValueError("a fault names the requirements that it breaks")
        return self._entered(scope, breaks)

    def right(self, scope: str) -> Callable[[Apply], Apply]:
        """Enter a homework that is right, but not done as the homework's text does it."""
        return self._entered(scope, ())

    def add(self, name: str, sentence: str, apply: Apply, scope: str, *breaks: str) -> None:
        """Enter a case of a family that is written as data."""
        self.cases.append(Case(f"{self.stage}/{name}", sentence, scope, breaks, apply=apply))

    def elsewhere(self, name: str, sentence: str, region: str, scope: str) -> None:
        """Enter a homework that was done right, in another region."""
        self.cases.append(Case(f"{self.stage}/{name}", sentence, scope, region=region))

    def show(self, name: str, sentence: str, show: Show, scope: str, *breaks: str) -> None:
        """Enter a case of a family that shows the tests other facts."""
        self.cases.append(Case(f"{self.stage}/{name}", sentence, scope, breaks, show=show))

    def shown(self, scope: str, *breaks: str) -> Callable[[Show], Show]:
        """Enter a case that shows the tests other facts."""

        def enter(show: Show) -> Show:
            self.show(_name(show), (show.__doc__ or "").strip(), show, scope, *breaks)
            return show

        return enter

    def change(self, scope: str, *breaks: str) -> Callable[[Generator], Generator]:
        """Enter a change to a student's account: what is before the ``yield`` makes it, the rest takes it back."""

        def enter(work: Generator) -> Generator:
            self.add_change(_name(work), (work.__doc__ or "").strip(), work, scope, *breaks)
            return work

        return enter

    def add_change(self, name: str, sentence: str, work: Generator, scope: str, *breaks: str) -> None:
        """Enter a change of a family that is written as data."""
        change = contextlib.contextmanager(work)
        self.cases.append(Case(f"{self.stage}/{name}", sentence, scope, breaks, change=change))

    def _entered(self, scope: str, breaks: tuple[str, ...]) -> Callable[[Apply], Apply]:
        def enter(apply: Apply) -> Apply:
            self.add(_name(apply), (apply.__doc__ or "").strip(), apply, scope, *breaks)
            return apply

        return enter


def _name(function: Callable[..., None]) -> str:
    return function.__name__.strip("_").replace("_", "-")


WHOLE = Case("homework/as-it-should-be", "The homework is done as its text says.", "all")
"""All of it, judged in one environment: what it says of a requirement stands for the cases that cannot reach that."""


def cases() -> list[Case]:
    """Return all cases, stage by stage."""
    modules = (importlib.import_module(f"tests.faults.stages.{stage}") for stage in STAGES)
    return [WHOLE, *(case for module in modules for case in module.TABLE.cases)]
