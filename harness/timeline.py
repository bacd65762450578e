"""The timeline of a run: what was done when, and what waited for what.

Steps (:mod:`harness.steps`) and waits (:mod:`harness.waiting`) note here as they go; every process of a run has
a :class:`Recorder` of its own, and what they noted is put together at the end. Times are seconds since the epoch.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cattrs

NAME = "timeline.json"

Kind = Literal["phase", "step", "test", "wait"]
"""A part of the run, a step of the subject, a test, or somebody waiting for a step that another had begun."""


@dataclass(frozen=True)
class Span:
    """Something that took time: its name, its begin and end, and how it ended (``done`` or the error's class).

    ``by`` is who did it: for a wait the step that waited (empty for a test), otherwise the step it is part of.
    """

    kind: Kind
    name: str
    begun: float
    ended: float
    outcome: str = "done"
    by: str = ""
    process: int = 0

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return max(0.0, self.ended - self.begun)


@dataclass(frozen=True)
class Going:
    """Something that goes on right now: ``limit`` seconds after ``begun`` it is given up, where there is a limit."""

    name: str
    begun: float
    limit: float | None = None


class Recorder:
    """Notes what one process does; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Span] = []
        self._going: dict[object, Going] = {}
        self._mine = threading.local()

    @contextlib.contextmanager
    def doing(self, kind: Kind, name: str, limit: float | None = None) -> Iterator[None]:
        """Note how long the block takes and how it ends; a ``wait`` with a limit is shown live, but not kept."""
        names: list[str] = self._mine.__dict__.setdefault("names", [])
        by, begun, outcome, key = names[-1] if names else "", time.time(), "done", object()
        with self._lock:
            self._going[key] = Going(name, begun, limit)
        if kind == "step":
            names.append(name)
        try:
            yield
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            if kind == "step":
                names.pop()
            with self._lock:
                del self._going[key]
                if limit is None:
                    self._spans.append(Span(kind, name, begun, time.time(), outcome, by, os.getpid()))

    def add(self, span: Span) -> None:
        """Note something that another has timed."""
        with self._lock:
            self._spans.append(span)

    def spans(self) -> tuple[Span, ...]:
        """Return what has ended, in the order in which it ended."""
        with self._lock:
            return tuple(self._spans)

    def going(self) -> tuple[Going, ...]:
        """Return what goes on, what began first coming first."""
        with self._lock:
            return tuple(self._going.values())


RECORDER = Recorder()
"""The recorder of this process."""


def dump(spans: tuple[Span, ...]) -> list[dict[str, object]]:
    """Return spans as plain values, times rounded to milliseconds."""
    values: list[dict[str, object]] = cattrs.unstructure(list(spans))
    return [{k: round(v, 3) if isinstance(v, float) else v for k, v in value.items()} for value in values]


def load(values: object) -> tuple[Span, ...]:
    """Read what :func:`dump` returned; raises ``cattrs.BaseValidationError`` where it is something else."""
    return cattrs.structure(values, tuple[Span, ...])


def write(directory: Path, spans: tuple[Span, ...]) -> Path:
    """Write the timeline into a run's directory."""
    path = directory / NAME
    lines = ",\n".join(json.dumps(value) for value in dump(spans))
    path.write_text(f'{{"schema": 1, "spans": [\n{lines}\n]}}\n', encoding="utf-8")
    return path


def read(directory: Path) -> tuple[Span, ...]:
    """Return a recorded timeline, an empty one where there is none or none that can be read."""
    try:
        return load(json.loads((directory / NAME).read_text(encoding="utf-8"))["spans"])
    except (OSError, ValueError, TypeError, LookupError, cattrs.BaseValidationError):
        return ()
