"""The ``aws`` command, unmodified, without its second of start-up for every line.

A child process imports awscli once and forks for each command line (see :mod:`harness.aws.cli_worker`). What a line
does, prints and ends with is what ``aws`` itself does: it is the same program, by its own entry point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness import worker
from harness.errors import UsageError
from harness.worker import Worker
from harness.workstation import Finished

GRACE = 30.0
"""Seconds beyond a command's own time after which the child process itself is taken for dead."""


class AwsCommand:
    """Runs ``aws`` command lines in ``home`` with ``environment`` and nothing else; ``close()`` ends its process.

    ``pace`` is how many seconds ``aws … wait`` lets pass between two looks, at most.
    """

    def __init__(self, environment: Mapping[str, str], home: Path, pace: float) -> None:
        self.home = home
        self.pace = pace
        self._worker = Worker(worker.start("harness.aws.cli_worker", environment, home))
        self.close = self._worker.close

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
        try:
            told = self._worker.ask(request, timeout + GRACE)
        except TimeoutError:
            told = None
        if told is None:
            raise UsageError("The aws command cannot be run; install the package awscli (requirements.txt).")
        return Finished(tuple(argv), told["exit_code"], told["stdout"], told["stderr"])
