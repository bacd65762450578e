"""Dockerfiles: hadolint's rules, bases, packages that the base does not have, installs that pip refuses or undoes."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from harness.material import shell
from harness.material.dockerfile import NAMES, Instruction, instructions
from harness.material.document import Block, Command, Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.rules.containers import has_tag
from harness.material.rules.shellsense import run_checker
from harness.material.tables import table
from harness.material.words import meant, nearest

# Versions of packages are the course's to choose, and layers and caches are no concern of a homework.
_LEFT_OUT = (
    "DL3008",
    "DL3013",
    "DL3015",
    "DL3042",
    "DL3059",
    "DL3018",
    "DL3033",
    "DL3006",
    "DL3007",
    "SC2046",
    "DL3025",
)


@rule("DF001", "warning")
def hadolint(material: Material) -> Iterator[Found]:
    """Hadolint, of what has no rule of its own here."""
    for block in material.blocks("dockerfile"):
        for item in _linted(block.text) if len(_layers(block)) <= MOST_LAYERS else ():
            if item["level"] in ("error", "warning"):
                message = " ".join(item["message"].split())[:200]
                yield Found(
                    block.at(item["line"] - 1, item["column"] - 1), f"{message} [{item['code']}]", "see hadolint's wiki"
                )


@functools.lru_cache(maxsize=200)
def _linted(text: str) -> list[dict[str, Any]]:
    ignored = [word for code in _LEFT_OUT for word in ("--ignore", code)]
    said = run_checker("hadolint", ["--no-fail", "-f", "json", *ignored, "-"], text)
    comments: list[dict[str, Any]] = json.loads(said) if said else []
    return comments


MOST_LAYERS = 125
"""Layers that Docker's storage mounts over one another ("OverlayFS storage driver", docs.docker.com: 128 with the base's)."""


def _layers(block: Block) -> list[Instruction]:
    return [one for one in instructions(block) if one.name in ("RUN", "COPY", "ADD")]


@rule("DF023", "error")
def layers_are_few(material: Material) -> Iterator[Found]:
    """An image has no more layers than an engine mounts."""
    for block in material.blocks("dockerfile"):
        for one in _layers(block)[MOST_LAYERS : MOST_LAYERS + 1]:
            yield Found(
                one.place, f"max depth exceeded: an image has {MOST_LAYERS} layers at most", "join commands with &&"
            )


@rule("DF002", "error")
def known_instructions(material: Material) -> Iterator[Found]:
    """A Dockerfile begins with FROM and has instructions that there are."""
    for block in material.blocks("dockerfile"):
        found = instructions(block)
        for one in found:
            if one.name not in NAMES:
                yield Found(
                    one.place,
                    f"dockerfile parse error: unknown instruction: {one.name}",
                    meant(one.name, NAMES, "end the line before with a backslash"),
                )
        first = next((one for one in found if one.name != "ARG"), None)
        if first is not None and first.name != "FROM":
            yield Found(
                first.place, "a Dockerfile begins with FROM: no build stage in current context", "begin with FROM"
            )


@rule("DF025", "error")
def dockerfiles_are_called_so(material: Material) -> Iterator[Found]:
    """The file that Docker looks for is called Dockerfile, with a capital and without an ending."""
    for prose in material.document.prose:
        for run in prose.runs:
            match = re.search(
                r"\bfile (?:called|named) `?(dockerfile|DockerFile|docker file|Docker file)\b|^(dockerfile|DockerFile)$",
                run.text,
            )
            if match:
                place = Place(run.place.line, run.place.col + match.start())
                yield Found(place, "failed to read dockerfile: docker build looks for Dockerfile", "write Dockerfile")


@rule("DF003", "warning")
def bases_are_pinned(material: Material) -> Iterator[Found]:
    """The base has a release: latest is another one each year, and the packages are others with it."""
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            image = one.value.split()[0] if one.name == "FROM" and one.value else ""
            if image and image != "scratch" and "@" not in image and image.rpartition(":")[2] in (image, "latest"):
                yield Found(
                    one.place,
                    f"{image} has no release: it is whatever was published last",
                    f"write {image.partition(':')[0]}:24.04, or another release",
                )


@rule("DF004", "error")
def bases_exist(material: Material) -> Iterator[Found]:
    """The base is an image that Docker Hub has."""
    known = table("images")["hub"]
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            image, _, tag = (one.value.split() or [""])[0].partition(":")
            if one.name != "FROM" or "/" in image or image == "scratch":
                continue
            if image not in known and nearest(image, known):
                yield Found(
                    one.place,
                    f"pull access denied for {image}, repository does not exist",
                    f"write {nearest(image, known)}",
                )
            elif image in known and not has_tag(image, tag):
                yield Found(
                    one.place, f"{image}:{tag}: not found: there is no such tag", "use a tag that Docker Hub lists"
                )


@rule("DF011", "error")
def servers_listen(material: Material) -> Iterator[Found]:
    """What the container runs listens to the outside, on the port that is exposed."""
    from harness.material.rules.programs import jupyter_faults, options_of_jupyter

    for block in material.blocks("dockerfile"):
        found = instructions(block)
        exposed = [port for one in found if one.name == "EXPOSE" for port in re.findall(r"\d+", one.value)]
        for one in found:
            for command in _servers(block, one):
                yield from jupyter_faults(command)
                given = options_of_jupyter(command).get("--port")
                port = given.text.partition("=")[2] if given else "8888"
                if exposed and port not in exposed:
                    yield Found(
                        one.place,
                        f"Jupyter listens on {port}, the image exposes {', '.join(exposed)}",
                        f"EXPOSE {port}",
                    )


def _servers(block: Block, one: Instruction) -> list[Command]:
    """Return the commands of a CMD that start Jupyter, those of its list form as words."""
    if one.name not in ("CMD", "ENTRYPOINT"):
        return []
    value = one.value.strip()
    if value.startswith("["):
        try:
            words = [str(word) for word in json.loads(value)]
        except (ValueError, RecursionError):
            return []
        text = " " * 4 + " ".join(words)
        found = shell.parse(text, "container", one.place.line).commands
    else:
        found = list(one.commands)
    return [command for command in found if command.argv[:1] and command.argv[0].startswith("jupyter")]


@rule("DF012", "error")
def lists_are_json(material: Material) -> Iterator[Found]:
    """CMD in brackets is a JSON list: otherwise a shell is given the brackets."""
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            if one.name in ("CMD", "ENTRYPOINT", "SHELL") and one.value.strip().startswith("["):
                try:
                    json.loads(one.value)
                except (ValueError, RecursionError):
                    yield Found(
                        one.place,
                        f"{one.name} is no JSON list: sh: [jupyter,: not found",
                        'write ["program", "argument"] with straight double quotes',
                    )


@rule("DF013", "note")
def commands_get_signals(material: Material) -> Iterator[Found]:
    """CMD is a list: as a text it is run by a shell that hands no signals on, and docker stop takes ten seconds."""
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            if one.name in ("CMD", "ENTRYPOINT") and not one.value.strip().startswith("["):
                yield Found(
                    one.place,
                    f"{one.name} is run by a shell, which hands no signals on: docker stop waits and kills",
                    'write ["program", "argument"]',
                )


@rule("DF015", "warning")
def dead_choices(material: Material) -> Iterator[Found]:
    """No line is kept as a comment that would not work."""
    for block in material.blocks("dockerfile"):
        for row, text in enumerate(block.text.split("\n")):
            match = re.match(r"\s*#\s*(FROM\s+\S+|RUN\s+(?:apt|pip|curl).*|CMD\s+\S+.*)", text)
            if match:
                yield Found(
                    block.at(row),
                    f"a choice that is commented out: {' '.join(match[1].split())[:60]}; readers try it, and it no longer works",
                    "remove it",
                )
