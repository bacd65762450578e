"""What is done in following a document, how it ended, and who watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.material.document import Machine, Place, Section

Kind = Literal["command", "keys", "file", "action"]


@dataclass(frozen=True)
class Deed:
    """One thing that is done.

    A command has its ``argv`` (placeholders filled) and its ``text`` as it is written, a file its path as ``name`` and
    its text, an action its ``name`` and the text that asks for it. ``words`` are those of the text around it, by which
    it is known whose affair it is.
    """

    kind: Kind
    machine: Machine
    place: Place
    section: Section
    name: str = ""
    argv: tuple[str, ...] = ()
    text: str = ""
    words: frozenset[str] = frozenset()

    def is_aws(self, service: str, *operations: str) -> bool:
        """Say whether this is one of these operations of the ``aws`` command."""
        return self.aws[0] == service and self.aws[1] in operations

    @property
    def aws(self) -> tuple[str, str]:
        """Return service and operation of an ``aws`` command, options before them left out."""
        words = _operands(self.argv[1:]) if self.argv[:1] == ("aws",) else []
        return (words[0], words[1]) if len(words) > 1 else ("", "")

    def is_docker(self, *verbs: str) -> bool:
        """Say whether this is one of these verbs of the ``docker`` command."""
        argv = self.bare
        return argv[:1] == ("docker",) and len(argv) > 1 and argv[1] in verbs

    @property
    def bare(self) -> tuple[str, ...]:
        """Return the argument vector without a leading ``sudo``."""
        argv = self.argv
        while argv[:1] == ("sudo",) and len(argv) > 1:
            argv = argv[1:]
            while argv and argv[0].startswith("-"):
                argv = argv[1:]
        return argv

    def values(self, *options: str) -> tuple[str, ...]:
        """Return the words given to any of these options, up to the next option."""
        found: list[str] = []
        for number, word in enumerate(self.argv):
            name, equals, value = word.partition("=")
            if name in options and equals:
                found.append(value)
            elif word in options:
                rest = self.argv[number + 1 :]
                end = next((i for i, one in enumerate(rest) if one.startswith("--")), len(rest))
                found.extend(rest[:end])
        return tuple(found)

    def value(self, *options: str) -> str:
        """Return the first word given to any of these options, empty where there is none."""
        return next(iter(self.values(*options)), "")

    def __str__(self) -> str:
        return " ".join(self.argv) or self.name or self.text[:60]


def _operands(words: tuple[str, ...]) -> list[str]:
    """Return the words that are neither an option nor, before the operation, an option's value."""
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("--"):
            skip = "=" not in word and len(found) < 2 and word not in ("--debug", "--no-paginate", "--no-cli-pager")
        else:
            found.append(word)
    return found


@dataclass(frozen=True)
class Outcome:
    """How a deed ended: exit code and what was printed, of a pipeline that of its last command.

    ``first`` is what the first command of a pipeline printed, which a reader would have seen without the rest of it.
    ``refused`` says why it was not done at all, ``row`` in which line of a longer text it failed, from 0.
    """

    exit_code: int
    stdout: str = ""
    stderr: str = ""
    first: str = ""
    refused: str = ""
    row: int = 0

    @property
    def is_done(self) -> bool:
        """Say whether it was done, and well."""
        return self.exit_code == 0 and not self.refused

    @property
    def said(self) -> str:
        """Return the last line that says what is the matter."""
        lines = [line.strip() for line in (self.stderr.strip() or self.stdout.strip()).splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower() or "denied" in line.lower()]
        return (errors or lines or [f"exit code {self.exit_code}"])[-1][:300]


@dataclass(frozen=True)
class Mended:
    """What was put right, in words (they complete "to go on, …"), and whether the deed is worth doing again."""

    what: str
    again: bool = False


class Guide:
    """Watches what is done, helps where it fails, and does nothing by itself; a subject replaces what it wants."""

    def before(self, deed: Deed) -> None:
        """Hear what is about to be done."""

    def after(self, deed: Deed, outcome: Outcome) -> None:
        """Hear how it ended."""

    def mend(self, deed: Deed, outcome: Outcome) -> Mended | None:  # noqa: ARG002 - for others
        """Put right what made a deed fail; ``None`` where that was not possible."""
        return None

    def value(self, kind: str, words: frozenset[str]) -> str:  # noqa: ARG002 - for others
        """Return a value that no step of the document has given, empty where there is none.

        ``words`` say which one of that kind is meant.
        """
        return ""

    def act(self, deed: Deed) -> Outcome | None:  # noqa: ARG002 - for others
        """Do an action that the follower itself does not know how to do; ``None`` where nobody does."""
        return None
