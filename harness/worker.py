"""Programs of this project that run in a process of their own: asked, and answering, in lines of JSON.

Such a program is a module that reads requests from standard input and ends with it, so it never outlives this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def start(
    module: str, environment: Mapping[str, str], directory: Path, log: Path | None = None
) -> subprocess.Popen[str]:
    """Start a program with pipes for requests and answers; what it says besides is written to ``log``, if anywhere."""
    with (log or Path(os.devnull)).open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module], env={**environment, "PYTHONPATH": str(ROOT)}, cwd=directory,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True,
        )  # fmt: skip


def end(process: subprocess.Popen[str]) -> None:
    """Close a program's standard input, by which it ends; its answers are for whoever asks to read to their end."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it ended by itself, with something unsaid
        process.stdin.close()
    process.wait()


class Worker:
    """Asks a program that was started; ``close()`` ends it. Threads may share it: they wait for one another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answers: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()
        threading.Thread(target=_listen, args=(process, self._answers), daemon=True, name="worker").start()
        # A run that is cut short closes nothing; this does, at the latest when the interpreter ends.
        self.close = weakref.finalize(self, end, process)

    def ask(self, request: Mapping[str, Any], timeout: float) -> Any:
        """Return the answer, or ``None`` where the program has ended.

        Raises :class:`TimeoutError` when there is none after ``timeout`` seconds, and ends the program, whose late
        answer would be taken for the next one's.
        """
        with self._lock:
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
                answer = self._answers.get(timeout=timeout)
            except queue.Empty:
                self._process.kill()
                raise TimeoutError from None
            except (OSError, ValueError):  # the pipe is broken, or was closed here
                return None
        if not answer:
            self._answers.put(answer)  # it stays so
            return None
        return json.loads(answer)


def _listen(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
    """Hand on what the program says; an empty line stands for its end."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            answers.put(line)
    answers.put("")
