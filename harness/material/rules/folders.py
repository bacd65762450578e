"""Directories: what is mounted, published, built from, and gone into."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.document import Block, Command
from harness.material.equivalents import moved
from harness.material.finding import Found, rule
from harness.material.lines import read_docker
from harness.material.material import Material
from harness.material.tables import table
from harness.material.words import meant, nearest


@rule("DK003", "error")
def mounts(material: Material) -> Iterator[Found]:
    """A mount has a source and an absolute target; the document root is where the image looks for it."""
    roots = table("images")["roots"]
    for line in material.docker:
        image = line.operands[0].text.partition(":")[0] if line.operands else ""
        for word in line.values("-v", "--volume"):
            source, colon, target = word.text.partition(":")
            target = target.partition(":")[0]
            if colon and not target.startswith("/"):
                yield Found(
                    word.place, f"invalid mount path: {target!r}: mount path must be absolute", "begin it with /"
                )
            elif image in roots and target.rstrip("/") != roots[image]:
                yield Found(
                    word.place,
                    f"{image} serves {roots[image]}, not {target or source}: the page is not shown",
                    f"mount to {roots[image]}/",
                )


@rule("DK004", "warning")
def home_is_not_published(material: Material) -> Iterator[Found]:
    """No web server publishes a home directory: keys and histories lie there."""
    for part, here in _directories(material):
        line = read_docker(part) if isinstance(part, Command) else None
        for word in line.values("-v", "--volume") if line and line.name == "run" else ():
            source = word.text.partition(":")[0]
            if moved(here, _plain(source)) == "~":
                yield Found(
                    word.place,
                    "the reader is in the home directory: the container gets all of it, .ssh included, and a web server publishes it",
                    "make a directory for the page and go there first",
                )


@rule("DK005", "error")
def contexts(material: Material) -> Iterator[Found]:
    """A docker build is given the directory in which the reader wrote the Dockerfile."""
    written: set[str] = set()
    for part, here in _directories(material):
        if isinstance(part, Block):
            folder = part.path.rpartition("/")[0]
            if part.kind == "dockerfile" and part.path:
                written.add(moved("~" if part.path in part.labels else here, folder))
            continue
        line = read_docker(part)
        if line is None or line.name != "build":
            continue
        for word in line.operands[:1] if written and not line.has("-f", "--file") else ():
            if (
                word.is_literal
                and word.text != "-"
                and "://" not in word.text
                and moved(here, _plain(word.text)) not in written
            ):
                folder = sorted(written)[0].removeprefix(f"{here}/")
                message = (
                    f"failed to read dockerfile: no step writes a Dockerfile into {moved(here, _plain(word.text))}"
                )
                yield Found(word.place, message, f"write {folder if folder != here else '.'}")
        if len(line.operands) > 1:
            yield Found(line.operands[1].place, "docker build requires exactly 1 argument", "remove it")


def _plain(text: str) -> str:
    """Return a path with the variables that it begins with written in one way."""
    text = re.sub(r"\$\{(\w+)\}", r"$\1", text.strip('"'))
    return text.replace("$(pwd)", "$PWD").replace("`pwd`", "$PWD")


def _from_home(text: str) -> str:
    """Return a path without the home directory, in which the reader is at first."""
    return moved("~", _plain(text)).removeprefix("~/")


def _directories(material: Material) -> Iterator[tuple[Block | Command, str]]:
    """Yield each block and each command with the directory that the reader is in, on the machine that it is on."""
    where: dict[str | None, str] = {}
    for block in material.document.blocks:
        yield block, where.get(block.machine, "~")
        for command in block.commands:
            yield command, where.get(command.machine, "~")
            if command.name == "cd":
                target = command.argv[1] if len(command.argv) > 1 else "~"
                where[command.machine] = moved(where.get(command.machine, "~"), target)
            elif command.name == "ssh":
                where.pop("bastion", None)


@rule("DK007", "warning")
def home_is_no_context(material: Material) -> Iterator[Found]:
    """No home directory is a build's context: all of it is handed to the engine, and COPY may take it into the image."""
    for part, here in _directories(material):
        line = read_docker(part) if isinstance(part, Command) else None
        for word in line.operands[:1] if line and line.name == "build" else ():
            if word.is_literal and "://" not in word.text and moved(here, _plain(word.text)) == "~":
                message = (
                    "the whole home directory is sent to the engine as the build's context, keys and data included"
                )
                yield Found(word.place, message, "make a directory for the Dockerfile and build there")


@rule("DK006", "error")
def directories_exist(material: Material) -> Iterator[Found]:
    """A directory is made before the reader goes into it or writes to it."""
    made: dict[str, int] = {}
    for part in material.document.blocks:
        if part.path and "/" in part.path and not part.path.startswith("/"):
            folder = part.path.rpartition("/")[0]
            if folder not in made:
                yield Found(
                    part.place, f"{part.path}: no step has made the directory {folder}", f"mkdir -p {folder} first"
                )
        for command in part.commands:
            yield from _unused(material, command) if command.name == "mkdir" else ()
            if command.name in ("mkdir", "git"):
                made |= {_from_home(word.text): command.place.line for word in command.bare[1:]}
            target = command.bare[1] if command.name == "cd" and len(command.bare) > 1 else None
            if (
                target
                and target.is_literal
                and re.fullmatch(r"[\w.-]+/?", target.text)
                and target.text not in ("..", ".", "-")
            ) and target.text.rstrip("/") not in made:
                yield Found(
                    target.place,
                    f"cd: {target.text}: No such file or directory",
                    meant(target.text, made, "mkdir first"),
                )


def _unused(material: Material, command: Command) -> Iterator[Found]:
    """Yield the directories of a mkdir that nothing uses, where something else has nearly their name."""
    later = {_from_home(word.text) for c in material.commands if c is not command for word in c.bare[1:]}
    later |= {word.rpartition("/")[0] for word in later}
    used = later | {block.path.rpartition("/")[0] for block in material.document.blocks if block.path}
    for word in command.bare[1:]:
        name = _from_home(word.text)
        if word.is_literal and not name.startswith("-") and name not in used and nearest(name, used):
            yield Found(
                word.place, f"nothing uses the directory {name}", f"write {nearest(name, used)}, if that is meant"
            )
