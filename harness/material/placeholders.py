"""Values that the reader puts in: where they are named, where they are used, and which command prints them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.material.document import Block, Command, Document, Place, Prose, Word

PATTERN = re.compile(
    r"""(?<![\w$%{-])(?:
      (?:YOUR|MY|THE)(?:_[A-Z0-9]+)+              # YOUR_KEY_NAME
    | (?:(?<=//)|(?<!/))(?:your|my)[_-][a-z0-9]+(?:[_-][a-z0-9]+)*  # your_keypair, my_vm_ip
    | (?<!/)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![=(\w])     # KEY_NAME
    | ip-of-[\w-]+
    | (?:vpc|sg|i|ami|subnet|vol|eni|rtb|igw|eipalloc)-[xX]{4,}
    | [Xx]{4,}
    | <[A-Za-z][\w .-]{0,40}>
    )""",
    re.VERBOSE,
)
_GIVING = re.compile(
    r"\b(?:is|are|call|calls|note|print|prints|as|name|named|remember|replace|with|below)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Mention:
    """A place where a placeholder stands: ``given`` where the reader is told what it is, ``used`` where it is wanted.

    ``at`` orders mentions as the reader meets them. ``command`` is the command that uses it, or that prints it.
    """

    name: str
    place: Place
    role: Literal["given", "used"]
    at: tuple[int, int, int]
    command: Command | None = None
    word: Word | None = None
    option: str = ""


def find(text: str) -> Iterator[tuple[str, int]]:
    """Yield each placeholder in a text with its column from 0."""
    for match in PATTERN.finditer(text):
        yield match[0], match.start()


def mentions(document: Document, names: frozenset[str]) -> tuple[Mention, ...]:
    """Return every mention in the reader's order; ``names`` are names of things, which only look like placeholders."""
    found: list[Mention] = []
    for part in document.parts:
        if isinstance(part, Prose):
            found.extend(_in_prose(part))
        elif part.kind == "shell":
            found.extend(_in_shell(part))
        elif part.kind not in ("dockerfile", "python"):
            found.extend(_in_text(part))
    return tuple(sorted((m for m in found if m.name not in names), key=lambda mention: mention.at))


def _in_prose(prose: Prose) -> Iterator[Mention]:
    is_giving = bool(_GIVING.search(prose.text))
    for run in prose.runs:
        if not run.is_code and not is_giving and "://" not in run.text:
            continue
        for name, col in find(run.text):
            if not run.is_code and not name.startswith(("YOUR_", "MY_")) and "://" not in run.text:
                continue
            is_given = run.text.strip() == name and is_giving
            place = Place(run.place.line, run.place.col + col)
            yield Mention(name, place, "given" if is_given else "used", (prose.order, place.line, place.col))


def _in_shell(block: Block) -> Iterator[Mention]:
    for command in block.commands:
        used = {name for word in command.words for name, _ in find(word.raw)}
        for name, col in find(command.comment):
            if name not in used and command.place.line:
                line = _comment_line(block, command, name)
                yield Mention(name, Place(line, col + 1), "given", (block.order, command.place.line, 0), command)
        yield from _in_words(block, command)


def _comment_line(block: Block, command: Command, name: str) -> int:
    rows = block.text.split("\n")
    row = command.place.line - block.place.line
    return next((block.place.line + i for i in range(row - 1, -1, -1) if name in rows[i]), command.place.line)


def _in_words(block: Block, command: Command) -> Iterator[Mention]:
    option = ""
    for word in command.words:
        option = word.text.partition("=")[0] if word.text.startswith("-") else option
        for name, col in find(word.raw) if not _is_remark(word.raw) else ():
            place = Place(word.place.line, word.place.col + col)
            yield Mention(name, place, "used", (block.order, place.line, place.col), command, word, option)


def _is_remark(text: str) -> bool:
    return text.startswith("<") and " " in text


def _in_text(block: Block) -> Iterator[Mention]:
    for row, text in enumerate(block.text.split("\n")):
        for name, col in find(text):
            if name.startswith(("YOUR_", "MY_")):
                place = block.at(row, col)
                yield Mention(name, place, "used", (block.order, place.line, place.col))


def providers(found: tuple[Mention, ...]) -> dict[str, Mention]:
    """Return for each placeholder the first place where the reader is told what it is."""
    first: dict[str, Mention] = {}
    for mention in found:
        if mention.role == "given":
            first.setdefault(mention.name, mention)
    return first
