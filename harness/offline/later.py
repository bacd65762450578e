"""What happens a moment later: one thread that runs work when its time has come."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Later:
    """Runs callables after a delay (seconds), in order, on one thread; what is not due at :meth:`close` is dropped."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="offline-cloud-later")
        self._thread.start()

    def call(self, delay: float, work: Callable[[], None]) -> None:
        """Run ``work`` after ``delay``; its exceptions are logged."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._count), work))
            self._changed.notify()

    def close(self) -> None:
        """Drop what is not due and end the thread; returns when the work under way is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception:  # noqa: BLE001 - one failed transition must not stop the others
                _log.exception("a transition of the offline cloud failed")

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None
