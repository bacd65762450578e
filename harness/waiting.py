"""Waiting, the one place of the suite that sleeps."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from harness.errors import TimedOut
from harness.timeline import RECORDER

T = TypeVar("T")

Notice = Callable[[str, float, object], None]
"""Told what is awaited, for how many seconds, and the state last seen; ``None`` is the state of a wait that is over."""

_watchers: list[Notice] = []


@contextlib.contextmanager
def watched_by(notice: Notice) -> Iterator[None]:
    """Have every wait of this process told to somebody for a while."""
    _watchers.append(notice)
    try:
        yield
    finally:
        _watchers.remove(notice)


def _tell(awaited: str, elapsed: float, state: object) -> None:
    for notice in tuple(_watchers):
        notice(awaited, elapsed, state)


def until(
    awaited: str,
    probe: Callable[[], T],
    *,
    timeout: float,
    every: float = 0.05,
    is_done: Callable[[T], bool] = bool,
    notice: Notice | None = None,
) -> T:
    """Call ``probe`` until ``is_done`` accepts what it returns, and return that.

    ``awaited`` completes the sentence "waited until …". ``timeout`` and ``every`` are seconds; the pause
    grows by half each time up to five times ``every``. ``notice`` is told ``(awaited, elapsed, state)``
    after each unsuccessful probe. Exceptions of the probe pass through: a probe that may fail for a while
    returns a false value instead. Raises :class:`~harness.errors.TimedOut` with the last state seen.
    """
    begun = time.monotonic()
    with RECORDER.doing("wait", awaited, timeout):
        try:
            return _until(awaited, probe, timeout, every, is_done, notice)
        finally:
            _tell(awaited, time.monotonic() - begun, None)


def _until(
    awaited: str,
    probe: Callable[[], T],
    timeout: float,
    every: float,
    is_done: Callable[[T], bool],
    notice: Notice | None,
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
        _tell(awaited, elapsed, state)
        time.sleep(min(pause, timeout - elapsed))
        pause = min(pause * 1.5, every * 5)
