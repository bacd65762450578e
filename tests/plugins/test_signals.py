"""The suite's own plugins on small homeworks: runs that end before their time, and whose reports nobody can take."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

import harness.sweep

pytest_plugins = ["pytester"]

SEND = "__import__('os').kill(__import__('os').getpid(), {number})"


@pytest.fixture(autouse=True)
def _nothing_is_ignored() -> Iterator[None]:
    """Under nohup, or in the background of a script, these tests were begun with signals that are ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_the_run_in_order(homework, number) -> None:
    before = signal.getsignal(number)
    homework.write(ssh=SEND.format(number=int(number)))
    homework.run(code=2)
    assert homework.judged("account.cli")["verdict"] == "met"
    assert (homework.pytester.path / "closed").exists()
    assert signal.getsignal(number) is before


def test_a_signal_whose_exception_is_lost_ends_the_run_after_the_test(homework) -> None:
    """As one is that comes while an object is freed: whoever asked again was told that the run is being torn down."""
    freed = "(lambda self: __import__('signal').raise_signal(15))"
    homework.write(ssh=f"type('Freed', (), {{'__del__': {freed}}})()")
    result = homework.run(code=2)
    assert homework.judged("bastion.ssh")["verdict"] == "met"
    assert homework.judged("final.turn-in")["verdict"] == "not judged"
    assert "signal 15" in result.stdout.str()


def test_what_is_ignored_is_ignored(homework, monkeypatch) -> None:
    """As under nohup: a run goes on when its terminal is closed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        homework.write(ssh=SEND.format(number=int(signal.SIGHUP)))
        homework.run(code=0)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_run_that_a_signal_ended_is_not_left_at_two_more(homework, monkeypatch) -> None:
    def swept(context) -> list[str]:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        return []

    monkeypatch.setattr(harness.sweep, "sweep_run", swept)
    homework.write(ssh=f"__import__('os').kill(__import__('os').getpid(), {int(signal.SIGTERM)})")
    result = homework.run(code=2)
    assert result.stdout.str().count("still tearing down") == 2
    assert homework.judged("account.cli")["verdict"] == "met"


@pytest.mark.parametrize(("times", "leaks"), [(2, []), (3, ["instance i-1: the teardown was interrupted"])])
def test_a_teardown_is_left_when_asked_three_times(homework, monkeypatch, times, leaks) -> None:
    def swept(context) -> list[str]:
        context.ledger.found("instance", "us-east-1", "i-1")
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
        return []

    monkeypatch.setattr(harness.sweep, "sweep_run", swept)
    result = homework.run(code=1 if leaks else 0)
    assert "still tearing down; interrupt again (three times in all)" in result.stdout.str()
    assert homework.report["leaks"] == leaks


def test_a_disk_that_is_full_keeps_neither_teardown_nor_table_away(homework) -> None:
    """Of another plugin's file, such as junit.xml."""
    homework.pytester.makeconftest("def pytest_sessionfinish():\n    raise OSError(28, 'No space left on device')")
    result = homework.run(code=1)
    result.stdout.fnmatch_lines(
        [
            "Grade: 10 of 10 points.",
            f"report: {homework.run_dir / 'report.html'}",
            "ERROR: what another plugin was to write is lost: [[]Errno 28] No space left on device",
        ]
    )
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert homework.report["score"] == 10
    assert (homework.pytester.path / "closed").exists()


def test_reports_that_cannot_be_written_are_a_sentence_and_a_red_run(homework, monkeypatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.grading.outputs.record", full)
    result = homework.run(code=1)
    result.stdout.fnmatch_lines(
        [
            "Grade: 10 of 10 points.",
            f"ERROR: the reports cannot be written to {homework.run_dir} (No space left on device)",
        ]
    )
