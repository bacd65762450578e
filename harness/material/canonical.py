"""What a block says, in a form that quotes, blanks, line breaks and the order of options do not change."""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material import dockerfile
from harness.material.document import Block, Command, Place
from harness.material.lines import AwsLine, DockerLine, read_aws, read_docker
from harness.material.placeholders import find
from harness.material.tables import table


@dataclass(frozen=True)
class Item:
    """One thing that a section says, and where."""

    text: str
    place: Place


def items(block: Block) -> Iterator[Item]:
    """Yield what a block has its reader do or write; nothing of a sample."""
    ways = {"shell": _commands, "dockerfile": _dockerfile, "json": _json}
    if block.kind != "output":
        yield from ways.get(block.kind, _rows)(block)


def _name(block: Block) -> str:
    return block.path or block.kind


def _commands(block: Block) -> Iterator[Item]:
    for command in block.commands:
        if command.is_nested:
            continue
        used = {name for word in command.words for name, _ in find(word.raw)}
        printed = sorted({name for name, _ in find(command.comment)} - used)
        note = f"  # {' '.join(printed)}" if printed else ""
        optional = " (optional)" if block.is_optional else ""
        pipe = "| " if command.reads else ""
        yield Item(f"{command.machine}{optional}: {pipe}{canonical(command)}{note}", command.place)


def _dockerfile(block: Block) -> Iterator[Item]:
    for one in dockerfile.instructions(block):
        if one.name == "RUN":
            for command in dockerfile.commands(block, one):
                if not command.is_nested:
                    yield Item(f"{_name(block)}: RUN {canonical(command)}", command.place)
        else:
            yield Item(f"{_name(block)}: {one.name} {' '.join(one.value.split())}", one.place)


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
        for number, value in enumerate(data):
            yield from _leaves(value, f"{path}[{number}]")
    else:
        yield path, json.dumps(data, ensure_ascii=False)


def _rows(block: Block) -> Iterator[Item]:
    """Yield the rows of a file; of a page what it is made of, not what is written on it."""
    for row, line in enumerate(block.text.split("\n")):
        text = re.sub(r"(?:^|>)[^<>]*(?=<|$)", lambda m: m[0][:1].replace("<", ""), line) if _is_page(block) else line
        text = _cell_row(line) if block.kind == "python" else text
        if text.strip():
            yield Item(f"{_name(block)}: {' '.join(text.split())}", block.at(row, len(line) - len(line.lstrip())))


def _cell_row(line: str) -> str:
    """Return a row of Python without its comment, simple texts in double quotes."""
    bare = re.sub(r"(?:^|\s)#[^'\"]*$", "", line)
    return re.sub(r"(?<![\"'\w])'([^'\"\\]*)'(?![\"'])", r'"\1"', bare)


def _is_page(block: Block) -> bool:
    return block.path.endswith((".html", ".htm"))


def canonical(command: Command) -> str:
    """Return a command in the form by which it is compared."""
    aws, docker = read_aws(command), read_docker(command)
    words = _aws(aws) if aws else _docker(docker) if docker and docker.name and not docker.unknown else _plain(command)
    sudo = ["sudo"] if command.words[0].text == "sudo" else []
    redirects = [part for r in command.redirects for part in (r.operator, r.target.text if r.target else "")]
    return re.sub(r"\$\{(\w+)\}", r"$\1", " ".join([*sudo, *words, *redirects]))


def _aws(line: AwsLine) -> list[str]:
    options = sorted(" ".join([name, *(word.text for word in words)]) for name, words in line.options.items())
    return ["aws", line.service, line.operation, *(word.text for word in line.operands), *options]


def _docker(line: DockerLine) -> list[str]:
    longer = _long_forms(line.name)
    options = sorted(
        " ".join([longer.get(name, name), *(word.text for word in words)]) for name, words in line.options.items()
    )
    return ["docker", line.name, *options, *(word.text for word in line.operands)]


@functools.cache
def _long_forms(verb: str) -> dict[str, str]:
    """Return the long form of each short option of a verb: the table has it right after the short one."""
    entry = table("programs")["docker"].get(verb, {})
    pairs = (pair for names in ("flags", "values") for pair in itertools.pairwise(entry.get(names, ())))
    return {short: long for short, long in pairs if long.startswith("--") and long[2:3] == short[1:].lower()}


def _plain(command: Command) -> list[str]:
    """Return the words of any other program; the order of packages and the zero before a mode mean nothing."""
    words = list(command.argv)
    if command.name == "chmod":
        return [word.lstrip("0") if re.fullmatch(r"0[0-7]{3}", word) else word for word in words]
    if "install" in words[1:] and command.name in ("apt", "apt-get", "pip", "pip3"):
        at = words.index("install") + 1
        flags = [{"--yes": "-y", "--assume-yes": "-y"}.get(word, word) for word in words[1 : at - 1]]
        rest = [{"--yes": "-y", "--assume-yes": "-y"}.get(word, word) for word in words[at:]]
        return [words[0], "install", *sorted([*flags, *rest])]
    return words
