"""Waiting, the one place of the suite that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from harness.errors import TimedOut
from harness.timeline import RECORDER

T = TypeVar("T")


def until(
    awaited: str,
    probe: Callable[[], T],
    *,
    timeout: float,
    every: float = 0.05,
    is_done: Callable[[T], bool] = bool,
    notice: Callable[[str, float, object], None] | None = None,
) -> T:
    """Call ``probe`` until ``is_done`` accepts what it returns, and return that.

    ``awaited`` completes the sentence "waited until …". ``timeout`` and ``every`` are seconds; the pause
    grows by half each time up to ten times ``every``. ``notice`` is told ``(awaited, elapsed, state)``
    after each unsuccessful probe. Exceptions of the probe pass through: a probe that may fail for a while
    returns a false value instead. Raises :class:`~harness.errors.TimedOut` with the last state seen.
    """
    with RECORDER.doing("wait", awaited, timeout):
        return _until(awaited, probe, timeout, every, is_done, notice)


def _until(
    awaited: str,
    probe: Callable[[], T],
    timeout: float,
    every: float,
    is_done: Callable[[T], bool],
    notice: Callable[[str, float, object], None] | None,
) -> T:
    begun = time.monotonic()
    pause = every
    while True:
        state = probe()
        if is_done(state):
            return state
        elapsed = time.monotonic() - begun
        if elapsed >= timeout:
            raise TimedOut(awaited, elapsed, state)
        if notice is not None:
            notice(awaited, elapsed, state)
        time.sleep(min(pause, timeout - elapsed))
        pause = min(pause * 1.5, every * 10)
