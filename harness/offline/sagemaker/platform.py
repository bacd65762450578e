"""What stands behind SageMaker's interface in every region: a clock, threads, and training workers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from harness.offline.later import Later

from .durations import CALM, Durations, Trouble
from .trainer import Trainer

_log = logging.getLogger(__name__)


class Platform:
    """Runs what SageMaker does behind the caller's back; after :meth:`close` nothing of it runs any more.

    ``closing`` is set when the cloud goes down: whatever waits, waits on it.
    """

    def __init__(self, durations: Durations = CALM, endpoint_trouble: Trouble = lambda: None) -> None:
        self.durations = durations
        self.endpoint_trouble = endpoint_trouble
        self.trainer = Trainer()
        self.closing = threading.Event()
        self._later = Later()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something quick once, later, unless the cloud is closed by then."""
        self._later.call(seconds, work)

    def begin(self, work: Callable[[], None], name: str) -> None:
        """Do something that takes its time now, beside the request."""

        def run() -> None:
            try:
                work()
            except Exception:  # noqa: BLE001 - a thread of the service has no caller to raise to
                _log.exception("%s failed in the offline SageMaker", name)
            with self._lock:
                self._threads.discard(thread)

        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._lock:
            if self.closing.is_set():
                return
            self._threads.add(thread)
            thread.start()

    def close(self) -> None:
        """End every transition, thread and worker. May be called twice."""
        with self._lock:
            self.closing.set()
            threads = list(self._threads)
        self._later.close()
        self.trainer.close()
        for thread in threads:
            thread.join(timeout=5)
