"""Kills a run at a chosen call: a layer of the offline cloud."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.offline.call import AwsError, Call, Reply
from harness.offline.layers import Next

Moment = Literal["unheard", "unanswered", "answered"]
MOMENTS: tuple[Moment, ...] = ("unheard", "unanswered", "answered")
"""Killed before the cloud does what it is asked; after it has, and before it says so; just after it said so."""

_AFTER = 0.004
"""Seconds between an answer and the kill: the run has read it, and may or may not have written it down."""


@dataclass(frozen=True)
class Point:
    """A call at which a run is killed: the ``number``-th of an operation, counted from 1."""

    operation: str
    number: int
    moment: Moment

    def __str__(self) -> str:
        return f"{self.operation} #{self.number}, {self.moment}"


class Executioner:
    """Counts the calls that change something while it watches, and kills the victim at one of them."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.in_order: list[str] = []
        self.calls = 0
        """How many calls there were, those that only read included: by this a moment is the same on a busy machine."""
        self.struck = threading.Event()
        self._point: Point | None = None
        self._watching = False
        self._victim: Callable[[], int] = os.getpid
        self._lock = threading.Lock()
        self._under_way = 0
        self._quiet = threading.Condition(self._lock)

    def watch(self, point: Point | None, victim: Callable[[], int]) -> None:
        """Count from now on, and kill the process that ``victim`` returns at ``point``."""
        with self._lock:
            self.seen.clear()
            self.in_order.clear()
            self.calls = 0
            self.struck.clear()
            self._point, self._victim, self._watching = point, victim, True

    def look_away(self) -> None:
        """Count no more; returns once every call under way has ended, as calls of the dead do by themselves."""
        with self._quiet:
            self._watching = False
            self._quiet.wait_for(lambda: self._under_way == 0, timeout=30)

    def __call__(self, call: Call, forward: Next) -> Reply:
        with self._quiet:
            self._under_way += 1
            self.calls += 1
        try:
            return self._serve(call, forward)
        finally:
            with self._quiet:
                self._under_way -= 1
                self._quiet.notify_all()

    def _serve(self, call: Call, forward: Next) -> Reply:
        point = self._reached(call)
        if point is None:
            return forward(call)
        if point.moment == "unheard":
            self._kill()
            raise AwsError("ServiceUnavailable", "nobody is listening", 503)
        reply = forward(call)
        if point.moment == "unanswered":
            self._kill()
        else:
            threading.Thread(target=self._kill_soon, daemon=True).start()
        return reply

    def _reached(self, call: Call) -> Point | None:
        """Count the call; return the point where this is it. The dead change nothing: what comes late is refused."""
        if call.is_reading or not call.operation:
            return None
        name = f"{call.service}:{call.operation}"
        with self._lock:
            if not self._watching:
                return None
            self.seen[name] += 1
            self.in_order.append(name)
            point = self._point
            is_it = point is not None and (point.operation, point.number) == (name, self.seen[name])
            return point if is_it else None

    def _kill_soon(self) -> None:
        time.sleep(_AFTER)
        self._kill()

    def _kill(self) -> None:
        os.kill(self._victim(), signal.SIGKILL)
        self.struck.set()
