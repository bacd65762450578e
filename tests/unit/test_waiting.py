"""Waiting ends when it is done, and otherwise says what was awaited."""

from __future__ import annotations

import pytest

from harness.errors import TimedOut
from harness.waiting import until


def test_returns_what_the_probe_saw_last():
    states = iter([None, "", "running"])

    assert until("it runs", lambda: next(states), timeout=5, every=0.001) == "running"


def test_done_may_be_more_than_true():
    states = iter(["pending", "running"])

    seen = until("it runs", lambda: next(states), timeout=5, every=0.001, is_done=lambda state: state == "running")

    assert seen == "running"


def test_a_time_out_names_what_was_awaited_and_the_last_state():
    with pytest.raises(TimedOut, match=r"until the endpoint is in service; last seen: Creating") as caught:
        until("the endpoint is in service", lambda: "Creating", timeout=0, is_done=lambda state: state == "InService")

    assert (caught.value.awaited, caught.value.last) == ("the endpoint is in service", "Creating")


def test_a_late_success_at_the_deadline_counts():
    assert until("it is there", lambda: True, timeout=0)


def test_notices_each_look_that_was_too_early():
    states, noticed = iter([False, False, True]), []

    until("it is there", lambda: next(states), timeout=5, every=0.001, notice=lambda *seen: noticed.append(seen))

    assert [(awaited, state) for awaited, _, state in noticed] == [("it is there", False)] * 2


def test_what_the_probe_raises_passes_through():
    with pytest.raises(ZeroDivisionError):
        until("never", lambda: 1 / 0, timeout=5)
