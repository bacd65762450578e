"""The thread on which transitions happen."""

from __future__ import annotations

import logging
import threading

from harness.offline.later import Later


def test_work_is_done_in_the_order_of_its_time_and_once() -> None:
    later, done, seen = Later(), threading.Event(), []
    later.call(0.05, lambda: (seen.append("late"), done.set()))
    later.call(0, lambda: seen.append("early"))
    assert done.wait(5)
    later.close()
    assert seen == ["early", "late"]


def test_what_is_not_due_at_the_end_is_dropped() -> None:
    later, seen = Later(), []
    later.call(60, lambda: seen.append("never"))
    later.close()
    later.close()
    assert seen == []


def test_a_failure_is_logged_and_stops_nothing(caplog) -> None:
    later, done = Later(), threading.Event()
    with caplog.at_level(logging.ERROR):
        later.call(0, lambda: 1 / 0)
        later.call(0.01, done.set)
        assert done.wait(5)
    later.close()
    assert "transition of the offline cloud failed" in caplog.text


def test_work_may_end_the_thread_it_runs_on() -> None:
    later, done = Later(), threading.Event()
    later.call(0, lambda: (later.close(), done.set()))
    assert done.wait(5)
