"""The ``aws`` command, unmodified, without its second of start-up for every line.

A child process imports awscli once and forks for each command line (see :mod:`harness.aws.cli_worker`). What a line
does, prints and ends with is what ``aws`` itself does: it is the same program, by its own entry point.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.workstation import Finished

ROOT = Path(__file__).resolve().parents[2]
GRACE = 30.0
"""Seconds beyond a command's own time after which the child process itself is taken for dead."""


class AwsCommand:
    """Runs ``aws`` command lines in ``home`` with ``environment`` and nothing else; ``close()`` ends its process.

    ``pace`` is how many seconds ``aws … wait`` lets pass between two looks, at most.
    """

    def __init__(self, environment: Mapping[str, str], home: Path, pace: float) -> None:
        self.home = home
        self.pace = pace
        self._answers: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.aws.cli_worker"], env={**environment, "PYTHONPATH": str(ROOT)},
            cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=_listen, args=(self._process, self._answers), daemon=True, name="aws").start()
        self.close = weakref.finalize(self, _end, self._process)

    def run(
        self, argv: Sequence[str], *, timeout: float, input: str | None = None, directory: Path | None = None
    ) -> Finished:
        """Run a command line, ``aws`` itself being its first word, and return how it ended.

        Raises :class:`~harness.errors.UsageError` where awscli cannot be run at all.
        """
        where = str(directory or self.home)
        request = {
            "argv": list(argv[1:]), "stdin": input, "directory": where, "timeout": timeout, "pace": self.pace,
        }  # fmt: skip
        with self._lock:
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
                answer = self._answers.get(timeout=timeout + GRACE)
            except (OSError, ValueError, queue.Empty):
                answer = ""
        if not answer:
            raise UsageError("The aws command cannot be run; install the package awscli (requirements.txt).")
        told = json.loads(answer)
        return Finished(tuple(argv), told["exit_code"], told["stdout"], told["stderr"])


def _listen(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
    """Hand on what the child says; an empty line stands for its end."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            answers.put(line)
    answers.put("")


def _end(process: subprocess.Popen[str]) -> None:
    """Close the child's standard input, by which it ends."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()
