"""Who watches a run is told what it waits for, and not more often than needed."""

from __future__ import annotations

import pytest

from harness import progress, waiting
from harness.cloud import OFFLINE, REAL
from harness.errors import TimedOut
from harness.progress import LiveLines, PlainLines, Wait, Waits


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def test_only_what_is_slow_is_told_until_it_is_over(clock):
    told: list[tuple[Wait, ...]] = []
    waits = Waits(REAL, told.append)
    waits.notice("endpoint e is InService", 1.0, "Creating")
    assert told == []
    waits.notice("endpoint e is InService", 65.0, "Creating")
    assert [str(wait) for wait in told[-1]] == ["1:05 of about 9:00 until endpoint e is InService (now: Creating)"]
    waits.notice("endpoint e is InService", 70.0, None)
    assert told[-1] == ()


def test_expected_times_go_by_the_clouds_clock(clock):
    told: list[tuple[Wait, ...]] = []
    Waits(REAL.scaled(0.5), told.append).notice("training job t is Completed", 30.0, "Starting")
    assert "of about 2:00" in str(told[-1][0])
    assert OFFLINE.endpoint < REAL.endpoint


def test_plain_lines_are_repeated_after_a_while_only(clock):
    lines: list[str] = []
    write = PlainLines(lines.append)
    wait = Wait("instance i runs", 990.0, "pending", 15)
    for passed in (0, 10, 25):
        clock.now = 1000.0 + passed
        write((wait,))
    assert lines == ["\nwaiting 0:10 of about 0:15 until instance i runs (now: pending)\n"]
    clock.now += 10
    write((wait,))
    assert len(lines) == 2


def test_live_lines_stand_below_and_the_cursor_comes_back(clock):
    written: list[str] = []
    live = LiveLines(written.append, lambda: 7, 60)
    live((Wait("instance i runs", 990.0, "pending", None),))
    assert written[-1] == "\n\x1b[2Kwaiting 0:10 until instance i runs (now: pending)\x1b[1A\r\x1b[7C"
    live(())
    assert written[-1] == "\n\x1b[2K\x1b[1A\r\x1b[7C"
    live(())
    assert written[-1] == ""


def test_every_wait_of_the_process_is_told_its_end_included():
    told: list[tuple[str, object]] = []
    with waiting.watched_by(lambda awaited, _elapsed, state: told.append((awaited, state))):
        states = iter(["no", "yes"])
        waiting.until("it is", lambda: next(states), timeout=5, every=0.001, is_done=lambda state: state == "yes")
        with pytest.raises(TimedOut):
            waiting.until("it never is", lambda: "", timeout=0)
    waiting.until("nobody watches", lambda: True, timeout=0)
    assert told == [("it is", "no"), ("it is", None), ("it never is", None)]
