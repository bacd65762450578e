"""Training workers: processes that hold scikit-learn, so that nobody waits for its import, or for a training."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .tasks import AlgorithmError, Outcome, Task

_ROOT = Path(__file__).resolve().parents[3]
# Some variables a Python process may need; credentials are none of its business.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class WorkerLost(Exception):
    """Says that a worker ended before it answered."""


class Worker:
    """One process; it ends when its standard input does, hence also when this process is killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", f"{__package__}.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the run, which then ends its workers in order
        )

    def run(self, task: Task, on_line: Callable[[str], None]) -> Outcome:
        """Train. Raises :class:`AlgorithmError` as the worker did, :class:`WorkerLost` if it is gone."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            pickle.dump(task, stdin, protocol=pickle.HIGHEST_PROTOCOL)
            stdin.flush()
            while True:
                kind, content = pickle.load(stdout)  # noqa: S301 - written by our own worker
                if kind != "line":
                    return _result(kind, content)
                on_line(content)
        except (OSError, EOFError, pickle.UnpicklingError, ValueError) as error:
            raise WorkerLost(str(error)) from None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Say whether the process runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End the process and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)


class Trainer:
    """Lends workers to training jobs; one is kept warm for the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False

    def warm(self) -> None:
        """Start a worker, unless there is one, so that its imports are done by the time it is wanted."""
        with self._lock:
            if not self._closed and not self._idle and not self._busy:
                self._idle.append(Worker())

    def borrow(self) -> Worker:
        """Return a worker that nobody else has. Raises :class:`WorkerLost` when closed."""
        with self._lock:
            if self._closed:
                raise WorkerLost("the cloud is closed")
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    break
                worker.end()
            else:
                worker = Worker()
            self._busy.add(worker)
            return worker

    def give_back(self, worker: Worker) -> None:
        """Take a worker back; one that is alive is kept for the next job, if none is waiting already."""
        with self._lock:
            self._busy.discard(worker)
            if worker.is_alive and not self._idle and not self._closed:
                self._idle.append(worker)
                return
        worker.end()

    def close(self) -> None:
        """End every worker; trainings under way end with :class:`WorkerLost`."""
        with self._lock:
            self._closed = True
            workers = [*self._idle, *self._busy]
            self._idle.clear()
        for worker in workers:
            worker.end()


def _result(kind: str, content: Any) -> Outcome:
    if kind == "outcome":
        outcome: Outcome = content
        return outcome
    raise AlgorithmError(content)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    paths = [str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    # One thread each: the data is small, and threads that spin would slow the rest of the run.
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _close(pipe: Any) -> None:
    with contextlib.suppress(OSError):  # what it still held was for a process that is gone
        pipe.close()
