"""A small homework with an empty cloud, for pytest to run the suite's own plugins on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import fixtures.cloud
import fixtures.isolation
import fixtures.options
import fixtures.report
import fixtures.requirements
import fixtures.run
import fixtures.signals
import fixtures.verdicts
import harness.grading.reportjson
import harness.grading.terminal
import harness.sweep
from harness import catalogue
from harness.cloud import OFFLINE, Cloud
from harness.workstation import Workstation

PLUGINS = [
    fixtures.options, fixtures.isolation, fixtures.requirements, fixtures.cloud, fixtures.run, fixtures.signals, fixtures.verdicts,
    fixtures.report,
]  # fmt: skip
CATALOGUE = """
[[requirement]]
id = "account.cli"
points = 2
phase = "live"
statement = "The command line is set up."
clause = "c"
hint = "Configure it."
[[requirement]]
id = "bastion.ssh"
points = 3
phase = "live"
statement = "One can log in."
clause = "c"
hint = "Check the key."
[[requirement]]
id = "final.turn-in"
points = 5
phase = "final"
statement = "It was handed in."
clause = "c"
hint = "Hand it in."
"""
INI = """
[pytest]
testpaths = tests/homework
markers =
    requirement(id): the one requirement of the catalogue that this test judges
addopts = --import-mode=importlib -p no:cacheprovider
strict = true
"""
TESTS = """
import pytest
from harness.errors import *
from harness.evidence import Evidence

@pytest.fixture
def fact():
    {fixture}

@pytest.mark.requirement("account.cli")
def test_cli():
    pass

@pytest.mark.requirement("bastion.ssh")
def test_ssh(fact, advise):
    {ssh}

@pytest.mark.requirement("final.turn-in")
def test_turn_in():
    {turn_in}
"""


class Homework:
    """A small homework in a directory of its own, and how its runs end."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.run_dir = pytester.path / "run"
        self.tests = pytester.path / "tests" / "homework"
        self.tests.mkdir(parents=True)
        self.leftovers: list[str] = []

    def write(self, *, fixture: str = "return 1", ssh: str = "pass", turn_in: str = "pass") -> None:
        (self.tests / "test_all.py").write_text(TESTS.format(fixture=fixture, ssh=ssh, turn_in=turn_in))

    def run(self, *arguments: str, code: int) -> pytest.RunResult:
        result = self.pytester.runpytest_inprocess(
            f"--run-dir={self.run_dir}", *arguments, plugins=PLUGINS, no_reraise_ctrlc=True
        )
        assert result.ret == code, result.stderr.str()[-3000:]
        return result

    @property
    def report(self) -> dict:
        return json.loads((self.run_dir / "report.json").read_text())

    def judged(self, id: str) -> dict:
        return next(item for item in self.report["requirements"] if item["id"] == id)


@pytest.fixture
def homework(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Homework:
    """Put a small catalogue and an empty cloud in the place of the real ones."""
    small = Homework(pytester)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # loading them takes longer than the run
    pytester.makeini(INI)
    path = pytester.path / "homework.toml"
    path.write_text(catalogue.HOMEWORK.read_text().partition("[[requirement]]")[0] + CATALOGUE)
    known = catalogue.load(path)
    monkeypatch.setattr(catalogue, "load", lambda: known)
    monkeypatch.setattr(fixtures.requirements, "HOMEWORK", small.tests)
    monkeypatch.setattr(fixtures.run, "HOMEWORK", small.tests)
    monkeypatch.setattr(
        fixtures.run, "open_cloud", lambda settings: empty_cloud(pytester.path, settings.region or "us-east-1")
    )
    monkeypatch.setattr(harness.sweep, "sweep_run", lambda _: small.leftovers)
    small.write()
    return small


@contextlib.contextmanager
def empty_cloud(directory: Path, region: str) -> Iterator[tuple[Cloud, Workstation]]:
    (directory / "opened").write_text(".")
    yield Cloud("moto", "embedded", "123456789012", region, OFFLINE), Workstation(directory, {})
    (directory / "closed").write_text("")
