"""The workstation: the directory, environment and ssh agent that a run's commands are given."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Finished:
    """A command that ended: its argument vector, exit code and output (text, undecodable bytes replaced)."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def line(self) -> str:
        """Return the command as one would type it."""
        return " ".join(self.argv)


@dataclass(frozen=True)
class Workstation:
    """Where the homework's own commands are run.

    ``home`` is a private directory of the run (mode 0700): ``.aws/config`` and ``.aws/credentials``, ``.ssh/``
    with key file, configuration and known hosts. ``agent`` is the socket of an ssh agent that holds no key
    but the run's. ``environment`` is the whole environment of the commands: nothing of the caller's
    credentials or configuration is inherited unless it was put there on purpose.
    """

    home: Path
    environment: Mapping[str, str] = field(repr=False)
    agent: Path | None = None

    @property
    def ssh(self) -> Path:
        """Return the directory of keys, ssh configuration and known hosts."""
        return self.home / ".ssh"

    def run(self, argv: Sequence[str], *, timeout: float, input: str | None = None) -> Finished:
        """Run a command here and return how it ended; a time-out ends it with exit code 124, as timeout(1) does."""
        try:
            done = subprocess.run(
                argv, cwd=self.home, env=dict(self.environment), input=input, capture_output=True, timeout=timeout,
                text=True, errors="replace", check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return Finished(tuple(argv), 124, _text(late.stdout), _text(late.stderr) + f"timed out after {timeout:.0f} s")
        return Finished(tuple(argv), done.returncode, done.stdout, done.stderr)


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
