"""Dated tables beside this file: what the rules know of programs, releases, images, packages and addresses.

Each says where its facts come from and when they were read. Nothing here is asked of a network.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.material.document import Machine


@functools.cache
def table(name: str) -> dict[str, Any]:
    """Return a table by its file's name."""
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Options:
    """The options of a program: those without a value, and those with one; short ones as ``-x``."""

    flags: frozenset[str]
    values: frozenset[str]
    operands: int = 0
    is_group: bool = False


class Programs:
    """What is known of programs."""

    def __init__(self) -> None:
        data = table("programs")
        self.homes: dict[str, Machine | None] = dict.fromkeys(data["anywhere"])
        self.homes |= dict.fromkeys(data["workstation"], "workstation")
        self.homes |= dict.fromkeys(data["bastion"], "bastion")
        self.asks: dict[str, list[str]] = data["asks"]
        self.options = {name: _letters(entry) for name, entry in data["options"].items()}
        self.docker = {verb: _words(entry) for verb, entry in data["docker"].items()}

    def knows(self, row: str) -> bool:
        """Say whether a line begins with a program that is known, or with an option of one."""
        words = row.removeprefix("$ ").split()
        return bool(words) and words[0].lower() in self.homes

    def home(self, argv: tuple[str, ...]) -> Machine | None:
        """Return the machine whose business a command is, ``None`` where it runs anywhere."""
        if argv[:1] == ("chmod",) and any(word.endswith(".pem") for word in argv):
            return "workstation"
        return self.homes.get(argv[0]) if argv else None


def _letters(entry: dict[str, Any]) -> Options:
    flags = {f"-{letter}" for letter in entry.get("flags", "")} | set(entry.get("long_flags", ()))
    values = {f"-{letter}" for letter in entry.get("values", "")} | set(entry.get("long_values", ()))
    return Options(frozenset(flags), frozenset(values))


def _words(entry: dict[str, Any]) -> Options:
    flags, values = frozenset(entry.get("flags", ())), frozenset(entry.get("values", ()))
    return Options(flags | {"--help"}, values, entry.get("operands", 0), entry.get("group", False))


@functools.cache
def programs() -> Programs:
    """Return the table of programs."""
    return Programs()
