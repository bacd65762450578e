"""What a block says, in a form that quotes, blanks, line breaks and the order of options do not change."""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material import dockerfile
from harness.material.document import Block, Place
from harness.material.forms import Everywhere, forms
from harness.material.placeholders import find
from harness.material.pythonform import formed
from harness.material.tables import table


@dataclass(frozen=True)
class Item:
    """One thing that a section says, and where."""

    text: str
    place: Place


def items(block: Block, common: Everywhere = frozenset()) -> Iterator[Item]:
    """Yield what a block has its reader do or write; nothing of a sample, nor what is ``common`` to all commands."""
    ways = {"dockerfile": _dockerfile, "json": _json, "python": _python, "keys": _keys}
    if block.kind == "shell":
        yield from _ordered(_commands(block, common))
    elif block.kind != "output":
        yield from _ordered(ways.get(block.kind, _rows)(block))


def _name(block: Block) -> str:
    return block.path or block.kind


def _commands(block: Block, common: Everywhere) -> Iterator[Item]:
    for command in block.commands:
        if command.is_nested:
            continue
        used = {name for word in command.words for name, _ in find(word.raw)}
        printed = sorted({name for name, _ in find(command.comment)} - used)
        note = f"  # {' '.join(printed)}" if printed else ""
        optional = " (optional)" if block.is_optional else ""
        pipe = "| " if command.reads else ""
        for form in forms(command, common):
            yield Item(f"{command.machine}{optional}: {pipe}{form}{note}", command.place)


def _ordered(found: Iterator[Item]) -> Iterator[Item]:
    """Yield items; what is installed or ended one after the other, in one order."""
    for likeness, group in itertools.groupby(found, key=lambda item: _likeness(item.text)):
        same = list(group)
        yield from sorted(same, key=lambda item: item.text) if likeness else same


def lot(text: str) -> str:
    """Return the name of those of which an item is one and whose order says nothing: imports, and the arguments of a call."""
    match = re.match(r"python: (?:(from|import) |(?:[\w.]+): \w+=)", text)
    return ("import" if match[1] else text.split("=", 1)[0].rpartition(" ")[0]) if match else ""


def _likeness(text: str) -> str:
    return text.rpartition(" ")[0] if re.search(r" install | --instance-ids | docker (?:rm|stop|pull) ", text) else ""


def _dockerfile(block: Block) -> Iterator[Item]:
    for one in dockerfile.instructions(block):
        if one.name == "RUN":
            for command in one.commands:
                if not command.is_nested:
                    yield from (Item(f"{_name(block)}: RUN {form}", command.place) for form in forms(command))
        elif one.name not in ("LABEL", "MAINTAINER"):
            yield Item(f"{_name(block)}: {one.name} {_argument(one.value)}", one.place)


def _argument(value: str) -> str:
    """Return what an instruction is given; in a list of words ``--ip ADDRESS`` is ``--ip=ADDRESS``."""
    return re.sub(r'("--[\w-]+)", "(?!-)', r"\1=", " ".join(value.split()))


def settled(text: str) -> str:
    """Return an item with what goes without saying: a program's options in one order, its usual port, the usual PATH, a release's number."""
    text = re.sub(r": (CMD|ENTRYPOINT) (\[.*\])$", lambda m: f": {m[1]} {_words(m[2])}", text)
    text = re.sub(r": ENV ([A-Z_]+)[= ][\"']?([^\"'=]*)[\"']?$", r": ENV \1=\2", text)
    text = re.sub(r"(?<=: ENV PATH=)(.*):\$\{?PATH\}?$", lambda m: f"{m[1]}:{_PATH}", text)
    names = {about["name"]: number for number, about in table("releases")["ubuntu"].items()}
    return re.sub(r"(: FROM ubuntu:)(\w+)", lambda m: f"{m[1]}{names.get(m[2], m[2])}", text)


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What PATH is in the images of Debian and Ubuntu."""


def _words(text: str) -> str:
    try:
        words: list[str] = json.loads(text)
    except (ValueError, RecursionError):
        return text
    first = next((i for i, word in enumerate(words) if str(word).startswith("-")), len(words))
    options = words[first:] if words[:1] == ["jupyter"] else []
    return json.dumps([*words[: len(words) - len(options)], *sorted(str(o) for o in options if o != "--port=8888")])


def _json(block: Block) -> Iterator[Item]:
    try:
        leaves = sorted(_leaves(json.loads(block.text), ""))
    except (ValueError, RecursionError):
        yield from _rows(block)
        return
    for path, value in leaves:
        word = f'"{path.rpartition(".")[2]}"' if not path.endswith("]") else value
        row = block.text[: max(block.text.find(word), 0)].count("\n")
        yield Item(f"{_name(block)}: {path.lstrip('.')} = {value}", block.at(row))


def _leaves(data: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield each value of a JSON text with the way to it."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(data, list) and data:
        for number, value in enumerate(data):  # a list of one says what the one says
            yield from _leaves(value, f"{path}[{number}]" if len(data) > 1 else path)
    else:
        yield path, json.dumps(data, ensure_ascii=False)


def _rows(block: Block) -> Iterator[Item]:
    """Yield the rows of a file; of a page what it is made of, not what is written on it."""
    for row, line in enumerate(block.text.split("\n")):
        text = re.sub(r"(?:^|>)[^<>]*(?=<|$)", lambda m: m[0][:1].replace("<", ""), line) if _is_page(block) else line
        if text.strip():
            yield Item(f"{_name(block)}: {' '.join(text.split())}", block.at(row, len(line) - len(line.lstrip())))


def _keys(block: Block) -> Iterator[Item]:
    """Yield the rows of key strokes: Ctrl-P, Ctrl+p and ^P are one key."""
    for row, line in enumerate(block.text.split("\n")):
        keys = re.sub(r"\^(?=\w)", "ctrl-", line.lower().replace("control", "ctrl").replace("+", "-")).replace(",", " ")
        if keys.strip():
            yield Item(f"keys: {' '.join(keys.split())}", block.at(row))


def _python(block: Block) -> Iterator[Item]:
    """Yield the statements of a cell, of a call its arguments one by one; rows where it is no Python."""
    rows = block.text.split("\n")
    code = "\n".join("" if row.lstrip().startswith(("%", "!")) else row for row in rows)
    try:
        body = formed(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from _rows(block)
        return
    found = [
        Item(f"python: {' '.join(row.split())}", block.at(n))
        for n, row in enumerate(rows)
        if row.lstrip().startswith(("%", "!"))
    ]
    found += [Item(f"python: {text}", block.at(line - 1)) for one in body for text, line in _statement(one)]
    yield from sorted(found, key=lambda item: item.place.line)


def _statement(one: ast.stmt) -> Iterator[tuple[str, int]]:
    call = getattr(one, "value", None)
    if isinstance(call, ast.Call) and len(call.keywords) > 1 and not call.args:
        words, call.keywords = sorted(call.keywords, key=lambda word: word.value.lineno), []
        name = ast.unparse(call.func)
        yield ast.unparse(one), one.lineno
        yield from ((f"{name}: {word.arg}={ast.unparse(word.value)}", word.value.lineno) for word in words)
    else:
        yield ast.unparse(one), one.lineno


def _is_page(block: Block) -> bool:
    return block.path.endswith((".html", ".htm"))
