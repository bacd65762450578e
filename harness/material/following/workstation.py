"""The document's commands on the workstation: pipelines of argument vectors, run one after another.

A pipe is this module's: what one program printed is what the next one is given to read.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.aws.cli import AwsCommand
from harness.context import Context
from harness.errors import UsageError
from harness.material.following.allowed import EDITORS, Bounds, Refused, check
from harness.material.following.deeds import Outcome
from harness.material.following.outputs import GREPS
from harness.material.following.values import Values
from harness.workstation import Finished

MISSING = 127
"""The exit code of a program that is not there, as a shell has it."""


ANSWER = 10
"""Seconds after which a web server that says nothing is taken for one that nobody reaches."""


@dataclass
class Desk:
    """The workstation as the reader sits at it: a current directory, variables, and the hosts that may be reached."""

    context: Context
    values: Values
    directory: Path = field(init=False)
    variables: dict[str, str] = field(default_factory=dict)
    _aws: AwsCommand | None = None

    def __post_init__(self) -> None:
        self.directory = self.context.workstation.home

    @property
    def home(self) -> Path:
        """Return the home directory."""
        return self.context.workstation.home

    @property
    def bounds(self) -> Bounds:
        """Return what commands may touch and reach."""
        return Bounds(self.home, self.directory, self._hosts)

    def _hosts(self) -> Collection[str]:
        return {value.text for value in self.values.seen.values() if value.kind in ("name", "ip")}

    def close(self) -> None:
        """End what was started."""
        if self._aws is not None:
            self._aws.close()

    def variable(self, name: str) -> str:
        """Return a variable of the shell that the reader types in; nothing of this process's own is among them."""
        known = {"HOME": str(self.home), "PWD": str(self.directory), "USER": "student", **self.variables}
        return known.get(name, "")

    def glob(self, pattern: str) -> list[str]:
        """Return the files that a pattern stands for; itself where it stands for none, as shells do."""
        if "/" in pattern or pattern.startswith("."):
            return [pattern]
        found = sorted(path.name for path in self.directory.glob(pattern) if not path.name.startswith("."))
        return found or [pattern]

    def write(self, path: str, text: str) -> None:
        """Write a file; raises :class:`~harness.material.following.allowed.Refused` where it may not be written."""
        target = self.bounds.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def run(self, pipeline: Sequence[Sequence[str]], *, timeout: float, input: str | None = None) -> Outcome:
        """Run the programs of a pipeline, each reading what the one before printed."""
        done: Finished | None = None
        first, errors = "", ""
        for number, argv in enumerate(pipeline):
            try:
                check("workstation", argv, self.bounds)
            except Refused as refusal:
                return Outcome(126, first=first, refused=str(refusal))
            done = self._program(argv, timeout, done.stdout if done else input)
            first = done.stdout if number == 0 else first
            errors += done.stderr
            if done.exit_code != 0 and number == 0:  # with pipefail: what the others make of nothing is no answer
                break
        assert done is not None
        if done.exit_code == 1 and not errors and pipeline[-1][0] in GREPS:  # grep's way of saying that there is none
            done = replace(done, exit_code=0)
        return Outcome(done.exit_code, done.stdout, errors, first)

    def _program(self, argv: Sequence[str], timeout: float, input: str | None) -> Finished:
        if argv[0] == "cd":
            self.directory = self.bounds.path(argv[1] if len(argv) > 1 else str(self.home))
            return Finished(tuple(argv), 0, "", "")
        if argv[0] in ("exit", "clear", "sleep") or argv[0] in EDITORS:
            return Finished(tuple(argv), 0, "", "")
        if argv[0] == "aws":
            return self._run_aws(argv, timeout, input)
        program = "cat" if argv[0] in ("less", "more") else argv[0]
        if shutil.which(program, path=self.context.workstation.environment.get("PATH")) is None:
            return Finished(tuple(argv), MISSING, "", f"{argv[0]}: command not found\n")
        if program == "curl":
            argv = [*argv, "--max-time", str(ANSWER), "--noproxy", "*"]
        return self.context.workstation.run(
            [program, *argv[1:]], timeout=timeout, input=input or "", directory=self.directory
        )

    def _run_aws(self, argv: Sequence[str], timeout: float, input: str | None) -> Finished:
        try:
            if self._aws is None:
                pace = self.context.cloud.patience.poll * 5
                self._aws = AwsCommand(self.context.workstation.environment, self.home, pace)
            return self._aws.run(without_ways_to_show(argv), timeout=timeout, input=input, directory=self.directory)
        except UsageError as error:
            return Finished(tuple(argv), MISSING, "", str(error))


ONLY_SHOWN = ("--no-cli-pager", "--no-cli-auto-prompt", "--cli-auto-prompt")
"""Flags of version 2 that change what is seen at a terminal; version 1, which does the work here, has neither."""


def without_ways_to_show(argv: Sequence[str]) -> list[str]:
    """Return an ``aws`` command without the flags by which only the second version shows its answers otherwise."""
    return [word for word in argv if word not in ONLY_SHOWN]
