"""Reading a Dockerfile into instructions, with the classic builder's error sentences."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dockerfile_parse import DockerfileParser
from dockerfile_parse.util import WordSplitter

from harness.offline.engine.errors import ApiError, bad_parameter

# The number of words that an instruction takes: least, most, and how moby says so.
_COUNTS = {
    "FROM": (1, 3, "either one or three arguments"), "RUN": (1, None, "at least one argument"),
    "LABEL": (1, None, "at least one argument"), "ENV": (1, None, "at least one argument"),
    "ARG": (1, None, "at least one argument"), "EXPOSE": (1, None, "at least one argument"),
    "VOLUME": (1, None, "at least one argument"), "WORKDIR": (1, 1, "exactly one argument"),
    "USER": (1, 1, "exactly one argument"), "STOPSIGNAL": (1, 1, "exactly one argument"),
    "MAINTAINER": (1, None, "exactly one argument"), "HEALTHCHECK": (1, None, "at least one argument"),
    "ONBUILD": (1, None, "at least one argument"), "SHELL": (1, None, "at least one argument"),
    "CMD": (0, None, ""), "ENTRYPOINT": (0, None, ""), "COPY": (1, None, "at least two arguments"),
    "ADD": (1, None, "at least two arguments"),
}  # fmt: skip
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)")
_DEFAULTED = re.compile(r"(?<!\\)\$\{(\w+):([-+])([^}]*)\}")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name in capitals, what follows it, its flags, and its first line (from 1)."""

    name: str
    value: str
    line: int
    flags: Mapping[str, str]

    @property
    def original(self) -> str:
        """Return the instruction on one line, as the builder's steps show it."""
        flags = "".join(f"--{name}={value} " if value else f"--{name} " for name, value in self.flags.items())
        return f"{self.name} {flags}{self.value}".rstrip()

    def error(self, reason: str) -> ApiError:
        """Return the refusal of this instruction."""
        return parse_error(self.line, reason)

    def json_form(self) -> list[str] | None:
        """Return the words of the JSON form, or ``None`` where the instruction is in shell form."""
        if not self.value.startswith("["):
            return None
        try:
            words = json.loads(self.value)
        except ValueError:
            return None
        return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def parse_error(line: int, reason: str) -> ApiError:
    """Return the builder's refusal of a Dockerfile, with the line."""
    return bad_parameter(f"dockerfile parse error on line {line}: {reason}")


def parse(text: str) -> list[Instruction]:
    """Read the instructions of a Dockerfile; raises 400 for what the builder would not read."""
    structure = DockerfileParser(fileobj=io.BytesIO(text.encode()), env_replace=False).structure
    read = [entry for entry in structure if entry["instruction"] != "COMMENT"]
    _check_lines(text, structure)
    if not read:
        raise bad_parameter(
            "the Dockerfile (Dockerfile) cannot be empty" if not text.strip() else "file with no instructions"
        )
    return [instruction(entry["instruction"], entry["value"] or "", entry["startline"] + 1) for entry in read]


def instruction(name: str, value: str, line: int) -> Instruction:
    """Check one instruction for its form."""
    name, rest, flags = name.upper(), value.strip(), {}
    if name not in _COUNTS:
        raise parse_error(line, f"unknown instruction: {name}")
    while name in {"FROM", "COPY", "ADD", "RUN", "HEALTHCHECK"} and (match := _FLAG.match(rest)):
        flags[match[1]] = match[2] or ""
        rest = rest[match.end() :]
    found = Instruction(name, rest, line, flags)
    _check_count(found)
    return found


def _check_count(found: Instruction) -> None:
    least, most, said = _COUNTS[found.name]
    count = len(found.json_form() or found.value.split())
    if found.name in {"COPY", "ADD"} and count == 1:
        raise found.error(
            f"{found.name} requires at least two arguments, but only one was provided. Destination could not be "
            "determined"
        )
    wrong = count < least or (most is not None and count > most) or (found.name == "FROM" and count == 2)
    if wrong and not (found.name in {"WORKDIR", "USER"} and count > 1 and '"' in found.value):
        raise found.error(f"{found.name} requires {said}")
    if found.name == "SHELL" and found.json_form() is None:
        raise found.error("SHELL requires the arguments to be in JSON form")


def _check_lines(text: str, structure: list[dict[str, object]]) -> None:
    """Find what the parser library leaves out: a line that is one word only."""
    covered = {n for entry in structure for n in range(int(str(entry["startline"])), int(str(entry["endline"])) + 1)}
    for number, line in enumerate(text.splitlines()):
        if number not in covered and line.strip() and not line.lstrip().startswith("#"):
            instruction(line.strip(), "", number + 1)


def split(text: str, variables: Mapping[str, str]) -> list[str]:
    """Split a value into words; quotes, escapes and variables are resolved as the builder does."""
    return list(WordSplitter(_defaults(text, variables), args={}, envs=dict(variables)).split())


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Resolve quotes, escapes and variables of a value that is one word."""
    return str(WordSplitter(_defaults(text, variables), args={}, envs=dict(variables)).dequote())


def _defaults(text: str, variables: Mapping[str, str]) -> str:
    """Resolve ``${name:-word}`` and ``${name:+word}``, which the library does not know."""

    def resolve(match: re.Match[str]) -> str:
        name, sign, word = match.groups()
        value = variables.get(name, "")
        return (value or word) if sign == "-" else (word if value else "")

    return _DEFAULTED.sub(resolve, text)


def pairs(found: Instruction, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the names and values of ENV or LABEL, in either form."""
    words = list(WordSplitter(found.value).split(dequote=False))
    if "=" not in words[0]:
        name, _, value = found.value.partition(" ")
        if not value.strip():
            raise found.error(f"{found.name} must have two arguments")
        return [(name, expand(value.strip(), variables))]
    for word in words:
        if "=" not in word:
            raise found.error(f'Syntax error - can\'t find = in "{word}". Must be of the form: name=value')
    resolved = (word.partition("=") for word in words)
    return [(expand(name, variables), expand(value, variables)) for name, _, value in resolved]
