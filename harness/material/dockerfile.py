"""Dockerfiles taken apart: instructions at their places, and the commands in them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from dockerfile_parse import DockerfileParser

from harness.material import shell
from harness.material.document import Block, Command, Place

NAMES = ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
         "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """An instruction of a Dockerfile with its place in the document."""

    name: str
    value: str
    place: Place
    text: str

    @functools.cached_property
    def commands(self) -> tuple[Command, ...]:
        """Return the commands of a RUN or of a CMD in shell form, at their places."""
        body = re.sub(r"^\s*\w+\s", lambda match: " " * len(match[0]), self.text, count=1)
        return tuple(shell.parse(body, "container", self.place.line).commands)


@functools.lru_cache(maxsize=32)
def instructions(block: Block) -> tuple[Instruction, ...]:
    """Return a Dockerfile's instructions, comments left out; a block that was read before is not read again."""
    parser = DockerfileParser(fileobj=_Memory(block.text.encode()))
    return tuple(
        Instruction(item["instruction"].upper(), item["value"], block.at(item["startline"]), item["content"])
        for item in parser.structure
        if item["instruction"] != "COMMENT"
    )


class _Memory:
    """A file in memory, as the parser wants one."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def seek(self, _offset: int) -> None:
        """Do nothing: it is read as a whole."""

    def readlines(self) -> list[bytes]:
        """Return the lines."""
        return self.content.splitlines(keepends=True)

    def read(self) -> bytes:
        """Return everything."""
        return self.content
