"""A homework document with all that rules ask of it: worked out once, when first asked for."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.catalogue import Homework
from harness.material import lines, placeholders
from harness.material.clauses import Said, said
from harness.material.document import Block, Command, Document, Kind
from harness.material.lines import AwsLine, DockerLine
from harness.material.placeholders import Mention
from harness.material.records import Record


@dataclass(frozen=True)
class Material:
    """What rules look at; ``today`` is what support is judged by, ``record`` the clauses as they were accepted."""

    document: Document
    homework: Homework
    today: datetime.date
    record: Record | None = None

    @functools.cached_property
    def aws(self) -> tuple[AwsLine, ...]:
        """Return every ``aws`` command, those in prose left out."""
        return tuple(line for command in self.commands if (line := lines.read_aws(command)))

    @functools.cached_property
    def docker(self) -> tuple[DockerLine, ...]:
        """Return every ``docker`` command."""
        return tuple(line for command in self.commands if (line := lines.read_docker(command)))

    @functools.cached_property
    def said(self) -> tuple[Said, ...]:
        """Return what each section says, as clauses are compared by it."""
        return tuple(said(self.document))

    @property
    def commands(self) -> tuple[Command, ...]:
        """Return every command in the reader's order."""
        return self.document.commands

    @functools.cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Return every mention of a placeholder."""
        return placeholders.mentions(self.document, self.names)

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """Return the names that the document or the catalogue gives to things."""
        asked = self.homework
        given = {asked.docker.interactive, asked.httpd.container, asked.jupyter.container, asked.jupyter.image}
        given |= {word.text for line in self.docker for word in line.values("--name", "-t", "--tag")}
        given |= {word.text for line in self.aws for option in _NAMING for word in line.options.get(option, ())}
        return frozenset(name for name in given if not name.startswith(("YOUR_", "<")))

    @functools.cached_property
    def own(self) -> frozenset[str]:
        """Return the names that the document itself gives: to directories and files, to things, in cells."""
        named = set(self.names)
        for command in self.commands:
            is_folder = command.name == "mkdir" or command.argv[1:3] == ("-m", "venv")
            named |= {part for word in command.argv[1:] if is_folder for part in word.split("/")}
        for block in self.document.blocks:
            named |= set(block.path.split("/"))
            named |= set(re.findall(r"^(\w+) = ", block.text, re.MULTILINE)) if block.kind == "python" else set()
        return frozenset(named - {""})

    @functools.cached_property
    def printed_by(self) -> dict[str, AwsLine]:
        """Return for each placeholder the ``aws`` command that prints it."""
        lines_of = {id(line.command): line for line in self.aws}
        given = placeholders.providers(self.mentions)
        return {name: lines_of[id(m.command)] for name, m in given.items() if id(m.command) in lines_of}

    def is_private(self, group: str) -> bool:
        """Say whether a group is the private one: by its name, by the name under which it was made, or by its word."""
        made = self.printed_by.get(group)
        name = made.value("--group-name") if made and made.operation == "create-security-group" else None
        groups = self.homework.network
        if name is not None and name.text in (groups.public_group, groups.private_group):
            return name.text == groups.private_group
        return group == groups.private_group or "private" in group.lower()

    def blocks(self, *kinds: Kind) -> Iterator[Block]:
        """Yield the blocks of some kinds."""
        return (block for block in self.document.blocks if block.kind in kinds)

    def reading(self, command: Command) -> Iterable[Command]:
        """Return the commands that read a command's output through a pipe."""
        return [other for other in self.commands if other.reads is command]


_NAMING = ("--group-name", "--role-name", "--notebook-instance-name", "--user-name", "--budget-name", "--bucket")
