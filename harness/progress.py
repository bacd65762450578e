"""What a run is waiting for, for whoever watches it: a line per slow thing, with elapsed and expected time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.cloud import REAL, Patience

SLOW = 5.0
"""Seconds after which something is slow enough to be told of."""
REPEATED = 30.0
"""Seconds between two plain lines on the same thing."""

# What it usually takes on AWS, in seconds: its sample notebook of the example, and the EC2 and SageMaker guides.
USUAL = (
    (re.compile(r"^training job "), 240),
    (re.compile(r"^endpoint .* is InService"), 540),
    (re.compile(r"^notebook instance .* is InService"), 300),
    (re.compile(r"^notebook instance .* gone"), 220),
    (re.compile(r"^instance .* runs"), 15),
    (re.compile(r"^instance .* terminated"), 45),
    (re.compile(r"^ssh .* lets us in|^the bastion reaches "), 30),
)


@dataclass(frozen=True)
class Wait:
    """Something that is awaited: the sentence, since when (``time.monotonic``), and the state last seen."""

    awaited: str
    since: float
    state: str
    usual: float | None

    def __str__(self) -> str:
        expected = f" of about {_clock(self.usual)}" if self.usual else ""
        return f"{_clock(time.monotonic() - self.since)}{expected} until {self.awaited} (now: {self.state})"


class Waits:
    """The waits of a process; ``changed`` is called with those that are slow, whenever one of them moved."""

    def __init__(self, patience: Patience, changed: Callable[[tuple[Wait, ...]], None]) -> None:
        self._pace = patience.endpoint / REAL.endpoint
        self._changed = changed
        self._going: dict[tuple[int, str], Wait] = {}
        self._lock = threading.Lock()

    def notice(self, awaited: str, elapsed: float, state: object) -> None:
        """Hear of an unsuccessful look; ``state`` is ``None`` when the wait has ended."""
        key = (threading.get_ident(), awaited)
        with self._lock:
            was_slow = self._is_slow(key)
            if state is None:
                self._going.pop(key, None)
            else:
                since = time.monotonic() - elapsed
                self._going[key] = Wait(awaited, since, _short(state), self._usual(awaited))
            if was_slow or self._is_slow(key):
                self._changed(tuple(wait for other, wait in self._going.items() if self._is_slow(other)))

    def _is_slow(self, key: tuple[int, str]) -> bool:
        return key in self._going and time.monotonic() - self._going[key].since >= SLOW

    def _usual(self, awaited: str) -> float | None:
        return next((seconds * self._pace for sign, seconds in USUAL if sign.search(awaited)), None)


class PlainLines:
    """Writes a line on each slow thing now and then; for files, pipes and CI."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._told: dict[str, float] = {}

    def __call__(self, waits: tuple[Wait, ...]) -> None:
        now = time.monotonic()
        for wait in waits:
            if now - self._told.get(wait.awaited, 0.0) >= REPEATED:
                self._told[wait.awaited] = now
                self._write(f"\nwaiting {wait}\n")


class LiveLines:
    """Keeps a line per slow thing below the line that is being written; for terminals.

    ``column`` says how far that line is written, ``width`` is the terminal's.
    """

    def __init__(self, write: Callable[[str], None], column: Callable[[], int], width: int) -> None:
        self._write = write
        self._column = column
        self._width = width
        self._shown = 0

    def __call__(self, waits: tuple[Wait, ...]) -> None:
        self.show([f"waiting {wait}" for wait in waits])

    def show(self, texts: Sequence[str]) -> None:
        """Have these lines in the place of those that are shown."""
        lines = [text[: self._width - 1] for text in texts]
        lines += [""] * (self._shown - len(lines))
        self._shown = len(texts)
        below = "".join(f"\n\x1b[2K{line}" for line in lines)
        column = self._column()
        back = f"\x1b[{len(lines)}A\r" + (f"\x1b[{column}C" if column else "")
        self._write(below + back if lines else "")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _short(state: object) -> str:
    return " ".join(str(state).split())[:60] or "nothing"
