"""Judges a subject with the tests of the homework, without pytest: a test is a function of facts."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fixtures.verdicts import verdict_of
from harness import catalogue
from harness.context import Context
from harness.grading.recording import is_fact_type, structure, unstructure
from harness.subjects.subject import Subject
from harness.verdict import Judgement

HOMEWORK = Path(__file__).parent / "homework"
STAGES = ("account", "answers", "containers", "final", "httpd", "instances", "jupyter", "network", "quota",
          "sagemaker", "spot")  # fmt: skip
Test = Callable[..., None]


@functools.cache
def modules() -> dict[str, ModuleType]:
    """Return the modules of the tests of the homework, by file name."""
    return {path.name: load(path) for path in sorted(HOMEWORK.glob("test_*.py"))}


def load(path: Path) -> ModuleType:
    """Import a file of tests under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"judged_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def tests() -> dict[str, Test]:
    """Return the test of each requirement."""
    found = {}
    for module in modules().values():
        found.update(tests_in(vars(module).values()))
    return found


def tests_in(values: Iterable[Any]) -> dict[str, Test]:
    """Return those of some values that are tests, by the requirement that they judge."""
    marked = [(value, mark) for value in list(values) for mark in getattr(value, "pytestmark", [])]
    return {mark.args[0]: value for value, mark in marked if mark.name == "requirement"}


@functools.cache
def _fixtures() -> dict[str, Callable[..., Any]]:
    """Return the functions behind the fixtures of the stages."""
    found = {}
    for stage in STAGES:
        for name, value in vars(importlib.import_module(f"fixtures.{stage}")).items():
            if hasattr(value, "__wrapped__") and not inspect.isfunction(value):
                found[name] = inspect.unwrap(value)
    return found


def _recorded(fact: Any) -> Any:
    """Return a fact as it is judged again: what a recording keeps of it, its texts without secrets."""
    return structure(unstructure(fact)) if is_fact_type(type(fact)) else fact


def _as_it_is(fact: Any) -> Any:
    return fact


class Judge:
    """Judges a subject; facts are asked for once, as session fixtures are, and ``shown`` changed where it says so."""

    def __init__(
        self, subject: Subject | None, context: Context, shown: Mapping[str, Callable[[Any], Any]] | None = None
    ) -> None:
        self._shown = shown or {}
        self.hints: list[str] = []
        self._facts: dict[str, Any] = {"subject": subject, "context": context, "advise": self.hints.append}
        self._raised: dict[str, BaseException] = {}

    def judge(self, requirement: str) -> Judgement:
        """Return the verdict on a requirement."""
        return self.run(tests()[requirement], requirement)

    def run(self, test: Test, requirement: str) -> Judgement:
        """Return what a test says of a requirement."""
        self.hints.clear()
        try:
            test(**{name: self.fact(name) for name in inspect.signature(test).parameters})
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - what it means is the verdicts' to say
            return verdict_of(error, catalogue.load().requirements[requirement])
        return Judgement(requirement, "met", hints=tuple(self.hints))

    def fact(self, name: str) -> Any:
        """Return what a fixture hands out, or raise what it raised."""
        if name in self._raised:
            raise self._raised[name]
        if name not in self._facts:
            work = _fixtures()[name]
            try:
                fact = work(**{need: self.fact(need) for need in inspect.signature(work).parameters})
                self._facts[name] = _recorded(self._shown.get(name, _as_it_is)(fact))
            except BaseException as error:
                self._raised[name] = error
                raise
        return self._facts[name]
