"""Command-line options as docker's commands take them: short ones bundled, values joined or apart."""

from __future__ import annotations

from .client import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Options:
    """Reads options by a table: ``"d detach"`` is a switch, ``"p publish="`` takes a value, ``"v volume*"`` several.

    ``interspersed=False`` ends the options at the first operand, as ``run`` and ``exec`` do.
    """

    def __init__(self, command: str, table: str, *, interspersed: bool = True) -> None:
        self.command = command
        self.interspersed = interspersed
        self.kinds: dict[str, str] = {}
        self.names: dict[str, str] = {}
        for line in table.split(","):
            words = line.split()
            if not words:
                continue
            kind = words[-1][-1] if words[-1][-1] in "=*" else ""
            name = words[-1].rstrip("=*")
            self.kinds[name] = kind
            for word in words:
                self.names[word.rstrip("=*")] = name

    def parse(self, arguments: list[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the options by their long names (absent ones: ``False``, ``None``, ``[]``) and the operands."""
        values: dict[str, Any] = {name: {"": False, "=": None, "*": []}[kind] for name, kind in self.kinds.items()}
        values = {name: list(value) if isinstance(value, list) else value for name, value in values.items()}
        operands: list[str] = []
        words = list(arguments)
        while words:
            word = words.pop(0)
            if word == "--":
                return values, operands + words
            if word.startswith("--"):
                self._long(word, words, values)
            elif word.startswith("-") and len(word) > 1:
                self._short(word, words, values)
            else:
                operands.append(word)
                if not self.interspersed:
                    return values, operands + words
        return values, operands

    def _long(self, word: str, words: list[str], values: dict[str, Any]) -> None:
        name, equals, value = word[2:].partition("=")
        if name == "help":
            raise Help(self.command)
        if name not in self.kinds and name not in self.names:
            raise self._unknown(f"unknown flag: --{name}")
        name = self.names.get(name, name)
        if self.kinds[name] == "":
            values[name] = not equals or value.lower() in {"true", "1", "t"}
            return
        if not equals:
            if not words:
                raise self._unknown(f"flag needs an argument: --{name}")
            value = words.pop(0)
        self._set(name, value, values)

    def _short(self, word: str, words: list[str], values: dict[str, Any]) -> None:
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            name = self.names.get(letter)
            if name is None:
                if letter == "h":
                    raise Help(self.command)
                raise self._unknown(f"unknown shorthand flag: '{letter}' in {word}")
            if self.kinds[name] == "":
                values[name] = not letters.startswith("=") or letters[1:].lower() in {"true", "1", "t"}
                letters = "" if letters.startswith("=") else letters
                continue
            if not letters and not words:
                raise self._unknown(f"flag needs an argument: '{letter}' in {word}")
            self._set(name, letters.removeprefix("=") if letters else words.pop(0), values)
            return

    def _set(self, name: str, value: str, values: dict[str, Any]) -> None:
        if self.kinds[name] == "*":
            values[name].append(value)
        else:
            values[name] = value

    def _unknown(self, message: str) -> Failed:
        return Failed(
            f"{message}\n\nUsage:  docker {self.command} [OPTIONS]\n\n"
            f"Run 'docker {self.command} --help' for more information",
            125,
        )


class Help(Exception):
    """Asks for the help of a command."""


def at_least(command: str, operands: list[str], count: int) -> None:
    """Refuse too few operands, in docker's words."""
    if len(operands) < count:
        plural = "argument" if count == 1 else "arguments"
        said = f"docker: 'docker {command}' requires at least {count} {plural}"
        raise Failed(
            f"{said}\n\nUsage:  docker {command} [OPTIONS]\n\nSee 'docker {command} --help' for more information"
        )


def exactly(command: str, operands: list[str], count: int) -> None:
    """Refuse another number of operands, in docker's words."""
    if len(operands) != count:
        plural = "argument" if count == 1 else "arguments"
        wanted = f"{count} {plural}" if count else "no arguments"
        said = f"docker: 'docker {command}' " + (f"requires {wanted}" if count else "accepts no arguments")
        raise Failed(
            f"{said}\n\nUsage:  docker {command} [OPTIONS]\n\nSee 'docker {command} --help' for more information"
        )
