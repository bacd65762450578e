"""What a homework document consists of: sections, prose, blocks, and the commands in them.

Lines and columns count from 1 and are those of the file, also for what stands in an indented or quoted block.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["shell", "output", "dockerfile", "json", "python", "keys", "file"]
"""What a block is. ``file`` is text to be written to a file, ``output`` what the reader is shown."""

Machine = Literal["workstation", "bastion", "private", "container", "notebook"]
"""Where a command runs: the reader's own computer, one of the instances, a container on the bastion, SageMaker's."""

MACHINES: tuple[Machine, ...] = ("workstation", "bastion", "private", "container", "notebook")


@dataclass(frozen=True)
class Place:
    """A position in the file."""

    line: int
    col: int = 1


@dataclass(frozen=True)
class Section:
    """A heading and what follows it up to the next heading; ``level`` 0 is what stands before the first one."""

    title: str
    level: int
    place: Place
    parent: Section | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """Return the titles from the top of the document down to this section."""
        return (*(self.parent.path if self.parent else ()), self.title)


@dataclass(frozen=True)
class Run:
    """A stretch of prose in one line of the file: plain text, inline code, or the text of a link."""

    text: str
    place: Place
    is_code: bool = False
    href: str = ""


@dataclass(frozen=True)
class Prose:
    """A paragraph, a heading, an item of a list or a cell of a table."""

    kind: Literal["paragraph", "heading", "item", "cell"]
    runs: tuple[Run, ...]
    place: Place
    section: Section
    order: int

    @functools.cached_property
    def text(self) -> str:
        """Return what the reader reads, its line breaks as spaces."""
        lines: dict[int, str] = {}
        for run in self.runs:
            lines[run.place.line] = lines.get(run.place.line, "") + run.text
        return " ".join(line.strip() for line in lines.values())


@dataclass(frozen=True)
class Link:
    """Where a link leads; ``text`` is what the reader sees of it."""

    target: str
    text: str
    place: Place
    section: Section


@dataclass(frozen=True)
class Word:
    """A word of a command: ``text`` as the shell would hand it on, ``raw`` as it is written.

    ``is_literal`` says that nothing in it is expanded, so that ``text`` is the whole truth.
    """

    text: str
    raw: str
    place: Place
    is_literal: bool = True


@dataclass(frozen=True)
class Redirect:
    """A redirection of a command, such as ``> file``."""

    operator: str
    target: Word | None
    place: Place


@dataclass(frozen=True)
class Command:
    """A simple command of a shell block.

    ``comment`` is what stands right above it (or above the commands that it follows without a gap); ``feeds`` is
    the command whose output it reads through a pipe, ``is_nested`` says that it stands in ``$(…)``.
    """

    words: tuple[Word, ...]
    place: Place
    machine: Machine
    comment: str = ""
    redirects: tuple[Redirect, ...] = ()
    assignments: tuple[str, ...] = ()
    reads: Command | None = None
    is_nested: bool = False
    source: str = ""

    @property
    def name(self) -> str:
        """Return the program's name, ``sudo`` and its options left out."""
        return self.argv[0] if self.argv else ""

    @functools.cached_property
    def bare(self) -> tuple[Word, ...]:
        """Return the words without a leading ``sudo`` or ``env`` and what belongs to it."""
        words = self.words
        while len(words) > 1 and words[0].text in ("sudo", "env", "time", "nohup"):
            words = words[1:]
            while len(words) > 1 and (words[0].text.startswith("-") or "=" in words[0].text.split("/")[0]):
                words = words[1:]
        return words

    @functools.cached_property
    def argv(self) -> tuple[str, ...]:
        """Return the texts of :attr:`bare`."""
        return tuple(word.text for word in self.bare)

    def __str__(self) -> str:
        return " ".join(word.raw for word in self.words)


@dataclass(frozen=True)
class Block:
    """A fenced or indented block; ``place`` is its first line of content.

    ``labels`` are the words after the language on the opening fence: a machine, a file's name, ``optional``,
    ``output``. ``path`` is the file that the reader is told to write the block to.
    """

    kind: Kind
    text: str
    place: Place
    section: Section
    order: int
    machine: Machine | None = None
    language: str = ""
    labels: tuple[str, ...] = ()
    path: str = ""
    is_fenced: bool = True
    is_closed: bool = True
    offsets: tuple[int, ...] = ()
    commands: tuple[Command, ...] = field(default=(), compare=False)
    faults: tuple[tuple[Place, str], ...] = field(default=(), compare=False)

    @property
    def is_labelled(self) -> bool:
        """Say whether the opening fence itself names the machine."""
        return any(label in MACHINES for label in self.labels)

    @property
    def is_optional(self) -> bool:
        """Say whether the reader is free to leave it out."""
        return "optional" in self.labels

    def at(self, line: int, col: int = 0) -> Place:
        """Return the place in the file of a line and column of :attr:`text`, both from 0."""
        offset = self.offsets[line] if line < len(self.offsets) else 0
        return Place(self.place.line + line, col + offset + 1)


@dataclass(frozen=True)
class Document:
    """A homework document, read."""

    path: Path
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    prose: tuple[Prose, ...]
    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    faults: tuple[tuple[Place, str], ...] = ()

    @functools.cached_property
    def commands(self) -> tuple[Command, ...]:
        """Return every command of every block, in the order in which they are written."""
        return tuple(command for block in self.blocks for command in block.commands)

    @functools.cached_property
    def parts(self) -> tuple[Prose | Block, ...]:
        """Return prose and blocks in their order: what the reader goes through from top to bottom."""
        return tuple(sorted((*self.prose, *self.blocks), key=lambda part: part.order))

    def within(self, section: Section) -> Iterator[Prose | Block]:
        """Yield the parts of a section itself, without those of sections below it."""
        return iter(self._within.get(section.place.line if section.level else 0, ()))

    @functools.cached_property
    def _within(self) -> dict[int, list[Prose | Block]]:
        found: dict[int, list[Prose | Block]] = {}
        for part in self.parts:
            found.setdefault(part.section.place.line if part.section.level else 0, []).append(part)
        return found

    def block_of(self, command: Command) -> Block:
        """Return the block that a command stands in."""
        return self._block_of[id(command)]

    @functools.cached_property
    def _block_of(self) -> dict[int, Block]:
        return {id(command): block for block in self.blocks for command in block.commands}

    def line(self, number: int) -> str:
        """Return a line of the file, empty where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""
