"""Steps: work that is done at most once, begun early, awaited late.

A stage of a subject is a class whose methods are steps. A step takes no argument but ``self``; its first
caller runs it, every other caller gets the same result or the same exception. :func:`begin` runs steps on a
thread of their own, so that slow ones overlap. :class:`Shared` makes a step happen once for all processes
of a run (pytest-xdist's workers).
"""

from __future__ import annotations

import contextlib
import functools
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as futures_wait
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import cattrs
import filelock

from harness.timeline import RECORDER

T = TypeVar("T")
_lock = threading.Lock()
_begun: list[threading.Thread] = []


def step(work: Callable[[Any], T]) -> Callable[[Any], T]:
    """Make a method run at most once per object, whoever calls it first and from whichever thread."""
    # The module as well: a stage may be called like the one that it extends, and take that one's step within its own.
    key = (work.__module__, work.__qualname__)

    name = _name(work)

    @functools.wraps(work)
    def awaited(self: Any) -> T:
        with _lock:
            futures: dict[tuple[str, str], Future[T]] = self.__dict__.setdefault("_steps", {})
            future = futures.get(key)
            mine = future is None
            if future is None:
                future = futures[key] = Future()
        if mine:
            try:
                with RECORDER.doing("step", name):
                    result = work(self)
                future.set_result(result)
            except BaseException as error:  # noqa: BLE001 - handed to every caller, this one included
                future.set_exception(error)
        elif not future.done():
            with RECORDER.doing("wait", name):
                futures_wait((future,))
        return future.result()

    return awaited


def _name(work: Callable[[Any], object]) -> str:
    """Return how the timeline calls a step: its stage, a dot, and its own name."""
    stage, _, own = work.__qualname__.rpartition(".")
    return f"{stage.rpartition('.')[2].lower()}.{own}"


def begin(*steps: Callable[[], object]) -> None:
    """Start each step on a thread of its own; its result or exception waits for whoever calls it."""
    for work in steps:
        thread = threading.Thread(target=_run, args=(work,), daemon=True, name=getattr(work, "__name__", "step"))
        _begun.append(thread)
        thread.start()


def settle(timeout: float) -> None:
    """Wait up to ``timeout`` seconds in all for begun steps to end, so that none creates something unseen."""
    deadline = time.monotonic() + timeout
    while _begun:
        thread = _begun.pop()
        thread.join(max(0.0, deadline - time.monotonic()))


def _run(work: Callable[[], object]) -> None:
    # The step keeps what it raises, for whoever asks for its result.
    with contextlib.suppress(BaseException):
        work()


class Shared:
    """Results of steps that happen once per run, not once per process.

    ``directory`` is the run's; a step's result is kept there as ``NAME.json``. Results are dataclasses of
    plain values and never hold a secret: a secret lives in a file of the run, and the result names its path.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def once(self, name: str, kind: type[T], work: Callable[[], T]) -> T:
        """Return the recorded result called ``name``, or do the work and record it, whichever process is first."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self.directory / f"{name}.lock"):
            record = self.directory / f"{name}.json"
            if not record.exists():
                result = work()
                draft = record.with_suffix(".draft")
                draft.write_text(json.dumps(cattrs.unstructure(result)))
                draft.replace(record)
        return cattrs.structure(json.loads(record.read_text()), kind)

    def is_recorded(self, name: str) -> bool:
        """Say whether some process of the run has recorded this result."""
        return (self.directory / f"{name}.json").exists()


def shared_step(work: Callable[[Any], T]) -> Callable[[Any], T]:
    """Make a step happen once per run: the object's ``shared`` attribute is the run's :class:`Shared`."""

    @functools.wraps(work)
    def once(self: Any) -> T:
        kind = get_type_hints(work)["return"]
        result: T = self.shared.once(f"{type(self).__name__.lower()}.{work.__name__}", kind, lambda: work(self))
        return result

    return step(once)
