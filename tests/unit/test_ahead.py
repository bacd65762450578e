"""A program that is begun ahead is taken once, and ends with whoever took it or with the run."""

from __future__ import annotations

import pytest

from harness import ahead, worker

PROGRAM = "json.tool"  # reads standard input to its end, as the programs of this project do


@pytest.fixture(autouse=True)
def nothing_else():
    yield
    ahead.end_all()


def test_a_program_is_begun_and_taken_once(tmp_path):
    ahead.begin(PROGRAM, tmp_path)
    ahead.begin(PROGRAM, tmp_path)
    process = ahead.take(PROGRAM, tmp_path)

    assert process.poll() is None
    assert ahead.take(PROGRAM, tmp_path) is None
    worker.end(process)
    assert process.returncode is not None
    process.stdout.close()


def test_what_nobody_took_ends_with_the_run(tmp_path, monkeypatch):
    begun = []
    start = worker.start
    monkeypatch.setattr(worker, "start", lambda *given: begun.append(start(*given)) or begun[0])
    ahead.begin(PROGRAM, tmp_path / "new")
    ahead.end_all()

    assert begun[0].returncode is not None
    assert ahead.take(PROGRAM, tmp_path / "new") is None


def test_a_program_begins_without_the_callers_environment(tmp_path, monkeypatch):
    given = []
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    monkeypatch.setattr(worker, "start", lambda _module, environment, *_: given.append(environment))
    ahead.begin("harness.some_worker", tmp_path / "other")
    ahead.take("harness.some_worker", tmp_path / "other")

    assert set(given[0]) == {"PATH", "HOME"}
