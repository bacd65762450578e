"""The processes of an instance, as its first process has them: spawned, awaited, reaped, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any


class Processes:
    """Who runs. The first process reaps whatever ends; others wait here for an exit code."""

    def __init__(self) -> None:
        self._ended = threading.Condition()
        self._codes: dict[int, int] = {}
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def spawn(self, argv: Sequence[str], env: Mapping[str, str], **options: Any) -> int:
        """Start a process in a session of its own and return its id; raises ``OSError`` where it cannot be run."""
        with self._ended:
            process = subprocess.Popen(argv, env=dict(env), stdin=subprocess.DEVNULL, start_new_session=True, **options)
            self._running[process.pid] = process
            return process.pid

    def reap(self) -> None:
        """Take note of everything that has ended; called in the main thread after SIGCHLD."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            with self._ended:
                ours = self._running.pop(pid, None)
                if ours is not None:
                    ours.returncode = self._codes[pid] = os.waitstatus_to_exitcode(status)
                self._ended.notify_all()

    def code(self, pid: int) -> int | None:
        """Return how a process ended, negative for a signal; ``None`` while it runs."""
        with self._ended:
            return self._codes.get(pid)

    def wait(self, pid: int, timeout: float) -> int | None:
        """Wait until a process has ended and return its exit code, or ``None`` where it has not in time."""
        deadline = time.monotonic() + timeout
        with self._ended:
            while pid not in self._codes:
                left = deadline - time.monotonic()
                if left <= 0 or not is_alive(pid):
                    break
                self._ended.wait(min(left, 1.0))
            return self._codes.get(pid, 0 if not is_alive(pid) else None)

    def end(self, pid: int, *, group: bool, timeout: float, number: int = signal.SIGTERM) -> None:
        """Ask a process, or its whole group, to end; make it after ``timeout`` seconds."""
        send = os.killpg if group else os.kill
        for signal_number, patience in ((number, timeout), (signal.SIGKILL, 2.0)):
            with contextlib.suppress(ProcessLookupError):
                send(pid, signal_number)
            if self.wait(pid, patience) is not None:
                break
        if group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Say whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_all(timeout: float) -> None:
    """End every process but this one, as a machine does that goes down."""
    for number, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 2.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                threading.Event().wait(0.01)
