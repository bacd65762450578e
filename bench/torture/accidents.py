"""Accidents: at a moment that nobody chose, a signal meets a run, a worker, what controls them, or all of them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.errors import TimedOut
from harness.leash import environment_of
from harness.waiting import until

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
VICTIMS = ("the run", "the controller of two", "a worker of two", "all of two")
"""A terminal sends Ctrl-C, and its own end, to a run and its workers alike."""
_LONGEST_DELAY = 2.0
_AT_REST = 15.0
"""Seconds that what a run started is given to end after it."""


@dataclass(frozen=True)
class Accident:
    """A signal to ``victim``, ``delay`` seconds after so great a ``share`` of the calls that a run usually makes."""

    share: float
    delay: float
    number: signal.Signals
    victim: str

    def __str__(self) -> str:
        return f"{self.number.name} to {self.victim} at {self.share:.0%} and {self.delay:.1f} s"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return what pytest is given beside the tests."""
        return () if self.victim == "the run" else ("-n", "2")

    def befall(self, run: subprocess.Popen[str]) -> None:
        """Send the signal; where there is no worker (any more), to the controller. The run leads a process group."""
        found = workers(run.pid) if self.victim == "a worker of two" else []
        with contextlib.suppress(ProcessLookupError):
            if self.victim == "all of two":
                os.killpg(run.pid, self.number)
            else:
                os.kill(found[0] if found else run.pid, self.number)


def drawn(count: int, seed: int) -> Iterator[Accident]:
    """Yield accidents, spread over a run from its start to its end, each signal and each victim in turn.

    A worker is killed: any other signal it gets with its whole process group.
    """
    chance = random.Random(seed)
    for index in range(count):
        victim = VICTIMS[index % len(VICTIMS)]
        number = (
            signal.SIGKILL if victim == "a worker of two" else SIGNALS[(index + index // len(VICTIMS)) % len(SIGNALS)]
        )
        yield Accident((index + chance.random()) / count, chance.uniform(0, _LONGEST_DELAY), number, victim)


def workers(controller: int) -> list[int]:
    """Return the processes that run a run's tests; none where it does so itself, or has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [
            child.pid for child in psutil.Process(controller).children() if "exec(eval(" in " ".join(child.cmdline())
        ]
    return []


def left_running(temporary: Path) -> list[str]:
    """Return the processes of a run, known by their directory for temporary files, that do not end."""
    try:
        until("all processes have ended", lambda: not _of(temporary), timeout=_AT_REST, every=0.05)
    except TimedOut:
        return [f"process {process}" for process in _of(temporary)]
    return []


def _of(temporary: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if environment_of(process).get("TMPDIR") == str(temporary) or any(str(temporary) in word for word in words):
                found.append(" ".join(words)[:200])
    return found


def left_lying(temporary: Path) -> list[str]:
    """Return what a run left in its directory for temporary files, once what is about to be removed has been.

    That of pytest-xdist is pytest's own and is kept by it.
    """
    with contextlib.suppress(TimedOut):
        until("all files are removed", lambda: not _in(temporary), timeout=_AT_REST, every=0.05)
    return [f"file {name}" for name in _in(temporary)]


def _in(temporary: Path) -> list[str]:
    return [path.name for path in temporary.iterdir() if not path.name.startswith("pytest-of-")]


def listening() -> set[str]:
    """Return the addresses and ports at which this process listens: the endpoint, and the doors of its hosts."""
    connections = psutil.Process().net_connections("inet")
    return {f"{one.laddr.ip}:{one.laddr.port}" for one in connections if one.status == psutil.CONN_LISTEN}


def left_listening(before: Sequence[str] | set[str]) -> list[str]:
    """Return the doors that are open and were not before, once those about to close have closed."""
    with contextlib.suppress(TimedOut):
        until("all doors are shut", lambda: not listening() - set(before), timeout=_AT_REST, every=0.05)
    return [f"door {door}" for door in sorted(listening() - set(before))]
