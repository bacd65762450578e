"""What a block is and where its commands run, also where its fence says nothing.

A fence may say both: its first word is the language, further words are a machine, a file, ``output`` or ``optional``.
Where it does not, the content decides on the kind, and the text around it, the programs and the logins before it decide
on the machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from harness.material import shell
from harness.material.document import MACHINES, Block, Command, Document, Kind, Machine, Place, Prose, Word
from harness.material.tables import programs

LANGUAGES: dict[str, Kind] = {
    "sh": "shell", "bash": "shell", "shell": "shell", "zsh": "shell", "console": "shell", "shell-session": "shell",
    "json": "json", "dockerfile": "dockerfile", "docker": "dockerfile", "python": "python", "py": "python",
    "python3": "python", "ipython": "python", "keys": "keys", "output": "output",
}  # fmt: skip
_FROM = re.compile(r"^FROM\s+\S+$", re.M)
_INSTRUCTION = re.compile(r"^(?:RUN|CMD|ENTRYPOINT|COPY|ENV|EXPOSE)\s", re.M)
MANY = 3
"""So many kinds of instructions make a Dockerfile, also where FROM is misspelt."""
_FILES = re.compile(
    r"(?<![\w/.-])((?:[\w-]+/)*(?:Dockerfile|[\w-]+\.(?:json|ya?ml|html?|md|txt|py|toml|conf|sources|list|sh|ipynb)))\b"
)
_WRITING = re.compile(
    r"\b(?:writ|creat|edit|sav|mak|plac|put|past)\w*\b.{0,80}\b(?:file|to|in|named|called)\b|file called", re.I
)
_KEYS = re.compile(
    r"^\s*(?:(?:ctrl|control|alt|shift|cmd|meta|esc|enter|return|tab)\b[-+ ]?\S{0,7}\s*(?:,|then)?\s*)+$", re.I
)


def classed(document: Document) -> Document:
    """Return the document with every block's kind, machine, path, and the commands in it."""
    blocks: list[Block] = []
    reader = _Reader(document)
    for part in document.parts:
        if isinstance(part, Block):
            blocks.append(reader.read(part))
        else:
            reader.hear(part)
    return replace(document, blocks=tuple(blocks))


@dataclass
class _Reader:
    """Goes through a document as its reader does, and remembers where that leads."""

    document: Document
    where: Machine = "workstation"
    before: Prose | None = None
    told: Machine | None = None
    is_inside: bool = False

    def hear(self, prose: Prose) -> None:
        """Take in what the text says of the machine to work on."""
        if prose.kind == "heading" or self.before is None or prose.section != self.before.section:
            self.told = None
        self.before = prose
        self.told = machine_of(prose.text) or self.told
        if re.match(r"ssh\s+(?:-\w+\s+)*\S+@\S+$", prose.text):  # a command that lost its fence is done all the same
            self.where, self.told = "bastion", None

    def read(self, block: Block) -> Block:
        kind = _kind(block)
        if kind == "file" and block.language in ("", "text", "txt", "console") and not self._path(block, kind):
            kind = "output"
        block = replace(block, kind=kind, path=self._path(block, kind) if kind in _WRITTEN else "")
        if kind == "keys" and re.search(r"(?:ctrl|control)\W*p\W+(?:ctrl|control)?\W*q", block.text, re.I):
            self._leave_container()
        return self._shell(block) if kind == "shell" else replace(block, machine=self._home(block))

    def _home(self, block: Block) -> Machine | None:
        """Return the machine that a file or a key stroke belongs to."""
        usual: dict[str, Machine] = {"python": "notebook", "dockerfile": "bastion"}
        return _label(block) or usual.get(block.kind) or self.told or self.where

    def _path(self, block: Block, kind: Kind) -> str:
        label = next((label for label in block.labels if label not in (*MACHINES, "output", "optional")), "")
        if label or "output" in block.labels:
            return label
        said = self.before
        if said is None or said.section != block.section or not _WRITING.search(said.text):
            return ""
        names: list[str] = _FILES.findall(said.text)
        return next((name for name in names if ("Dockerfile" in name) == (kind == "dockerfile")), "")

    def _shell(self, block: Block) -> Block:
        label = _label(block)
        if label:
            self.where = label
        reading = shell.parse(block.text, line=block.place.line)
        commands = [self._placed(command, block, label) for command in reading.commands]
        faults = [(block.at(place.line - block.place.line, place.col - 1), text) for place, text in reading.faults]
        machine = commands[0].machine if commands else self.where
        return replace(block, machine=machine, commands=tuple(_linked(commands, reading)), faults=tuple(faults))

    def _placed(self, command: Command, block: Block, label: Machine | None) -> Command:
        """Return the command with its machine, and follow where it leads."""
        machine = self._machine(command, label)
        offset = block.offsets[command.place.line - block.place.line] if block.offsets else 0
        moved = replace(command, machine=machine)
        if offset:
            moved = replace(moved, words=tuple(_shifted(word, offset) for word in moved.words))
            moved = replace(moved, place=Place(command.place.line, command.place.col + offset))
        if not command.is_nested:
            self._follow(moved)
        return moved

    def _machine(self, command: Command, label: Machine | None) -> Machine:
        if label:
            return self.where if self.where in ("container", "private") else label
        told = machine_of(command.comment) or (self.told if not self.is_inside else None)
        if told:
            self.where = told
        home = programs().home(command.argv)
        is_guest = self.where == "container" and command.name != "docker"
        if home and not is_guest and (not told or told == "container"):
            self.where = home
        return self.where

    def _follow(self, command: Command) -> None:
        """Go where a login, a container's shell or its end takes the reader."""
        argv = command.argv
        if argv[:1] == ("ssh",) and len(argv) > 1:
            is_hop = self.where == "bastion" or re.search("private", argv[-1], re.I)
            self.where, self.told = "private" if is_hop else "bastion", None
        elif opens_container(argv):
            self.where, self.is_inside, self.told = "container", True, None
        elif argv[:1] in (("exit",), ("logout",)):
            self.where = "bastion" if self.where in ("container", "private") else "workstation"
            self.is_inside, self.told = False, None

    def _leave_container(self) -> None:
        self.where, self.is_inside, self.told = "bastion", False, None


def _label(block: Block) -> Machine | None:
    return next((machine for label in block.labels for machine in MACHINES if machine == label), None)


_WRITTEN = ("json", "dockerfile", "file")


def opens_container(argv: tuple[str, ...]) -> bool:
    """Say whether a command puts the reader into a container's shell."""
    if argv[:2] in (("docker", "attach"),):
        return True
    flags = "".join(word[1:] for word in argv[2:] if re.fullmatch(r"-[a-z]+", word))
    is_interactive = "i" in flags or "--interactive" in argv
    is_terminal = "t" in flags or "--tty" in argv
    return argv[:2] in (("docker", "run"), ("docker", "exec")) and is_interactive and is_terminal and "d" not in flags


def _kind(block: Block) -> Kind:
    if "output" in block.labels:
        return "output"
    return LANGUAGES.get(block.language) or _guess(block)


def _guess(block: Block) -> Kind:
    """Return what a block without a known language is, by its content."""
    text = block.text
    rows = [row.strip() for row in text.split("\n") if row.strip() and not row.strip().startswith("#")]
    if (_FROM.search(text) and _INSTRUCTION.search(text)) or len(set(_INSTRUCTION.findall(text))) >= MANY:
        return "dockerfile"
    if rows and _KEYS.match(rows[0]) and len(rows) < 4 and block.language in ("", "text"):
        return "keys"
    if rows and rows[0][0] in "{[" and '"' in text:
        return "json" if _is_json(text) else "output"
    if block.language in ("", "text") and rows and programs().knows(rows[0]):
        return "shell"
    return "file"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text.strip().endswith(("}", "]"))
    return True


def machine_of(text: str) -> Machine | None:
    """Return the machine that a sentence sends its reader to; the last one that is named counts."""
    found: Machine | None = None
    for match in _GOING.finditer(text):
        found = _NAMED[match["where"].lower().split()[-1]]
    return found


_NAMED: dict[str, Machine] = {
    "workstation": "workstation", "laptop": "workstation", "computer": "workstation", "bastion": "bastion",
    "vm": "bastion", "container": "container", "machine": "bastion",
}  # fmt: skip
_GOING = re.compile(
    r"\b(?:on|from|in|inside|back (?:on|to)|log ?in to)\s+(?:the|your|our|this)?\s*"
    r"(?P<where>workstation|laptop|computer|bastion|vm|virtual machine|(?<!from the )container)\b",
    re.I,
)


def _linked(commands: list[Command], reading: shell.Reading) -> Iterator[Command]:
    """Yield the commands with each ``reads`` being the placed command instead of the one that was read first."""
    final: dict[int, Command] = {}
    for old, command in zip(reading.commands, commands, strict=True):
        linked = replace(command, reads=final.get(id(command.reads))) if command.reads else command
        final[id(old)] = linked
        yield linked


def _shifted(word: Word, offset: int) -> Word:
    return replace(word, place=Place(word.place.line, word.place.col + offset))


assert set(MACHINES) == set(get_args(Machine))
