"""Words of a command line expanded as a shell would, without a shell.

Only quoting, ``$NAME``, ``$(…)``, ``~`` and ``*`` mean anything here; what else a shell would expand is refused.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

import tree_sitter
import tree_sitter_bash

ANGLED = re.compile(r"<([A-Za-z][\w .-]{0,40})>")


class CannotExpand(ValueError):
    """Says which part of a word nobody here expands."""


@dataclass(frozen=True)
class Part:
    """A stretch of a word: text as it is, a variable to be looked up, or a command whose output it is."""

    kind: str
    text: str
    is_quoted: bool = False


@functools.cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


@functools.lru_cache(maxsize=1024)
def parts(raw: str) -> tuple[Part, ...]:
    """Take a word apart; raises :class:`CannotExpand`."""
    source = f"x {ANGLED.sub(_bracketed, raw)}".encode()
    root = _parser().parse(source).root_node
    command = root.named_children[0] if root.named_children else None
    if root.has_error or command is None or command.type != "command" or len(root.children) != 1:
        raise CannotExpand(raw)
    found: list[Part] = []
    for node in command.named_children[1:]:
        _take(node, source, found, quoted=False)
    return tuple(found)


def _take(node: tree_sitter.Node, source: bytes, found: list[Part], *, quoted: bool) -> None:
    text = source[node.start_byte : node.end_byte].decode(errors="replace")
    match node.type:
        case "word" | "number" | "variable_name" | "extglob_pattern":
            found.append(Part("text", re.sub(r"\\(.)", r"\1", text), "\\" in text))
        case "raw_string":
            found.append(Part("text", text[1:-1], is_quoted=True))
        case "ansi_c_string":
            raise CannotExpand(text)
        case "string":
            _take_string(node, source, found)
        case "concatenation":
            _take_children(node, source, found)
        case "simple_expansion":
            found.append(Part("variable", text[1:], quoted))
        case "expansion" if re.fullmatch(r"\$\{\w+\}", text):
            found.append(Part("variable", text[2:-1], quoted))
        case "command_substitution":
            inner = text[2:-1] if text.startswith("$(") else text[1:-1]
            found.append(Part("command", inner.strip(), quoted))
        case _:
            raise CannotExpand(text)


def _take_string(node: tree_sitter.Node, source: bytes, found: list[Part]) -> None:
    """Take a word in double quotes apart; what stands between its expansions is text."""
    at = node.start_byte + 1
    for child in node.named_children:
        if child.type == "string_content":
            continue
        found.append(Part("text", _unescaped(source[at : child.start_byte]), is_quoted=True))
        _take(child, source, found, quoted=True)
        at = child.end_byte
    found.append(Part("text", _unescaped(source[at : node.end_byte - 1]), is_quoted=True))


def _unescaped(data: bytes) -> str:
    return re.sub(r'\\(["$`\\\n])', lambda match: "" if match[1] == "\n" else match[1], data.decode(errors="replace"))


def _take_children(node: tree_sitter.Node, source: bytes, found: list[Part]) -> None:
    """Take a word of several stretches apart; unnamed children are text too."""
    for child in node.children:
        if child.is_named:
            _take(child, source, found, quoted=False)
        else:
            found.append(Part("text", source[child.start_byte : child.end_byte].decode(errors="replace")))


Lookup = Callable[[str], str]


def _bracketed(match: re.Match[str]) -> str:
    """Put brackets that a shell has no use for in the place of those that it would take for redirections."""
    return f"‹{match[1].replace(' ', '_')}›"


def _filled(raw: str, fill: Lookup) -> tuple[Part, ...]:
    """Take a word apart and fill its placeholders: a value that is put in later is never read as anything but text."""
    return tuple(
        part
        if part.kind != "text"
        else Part("text", *_value(part, fill(part.text.replace("‹", "<").replace("›", ">"))))
        for part in parts(raw)
    )


def _value(part: Part, text: str) -> tuple[str, bool]:
    return text, part.is_quoted or text != part.text


def expanded(raw: str, variable: Lookup, command: Lookup, fill: Lookup = str) -> tuple[str, bool]:
    """Return a word's text, and whether a ``*`` or ``?`` in it stands for file names."""
    text, has_glob = "", False
    for number, part in enumerate(_filled(raw, fill)):
        if part.kind == "variable":
            text += variable(part.text)
        elif part.kind == "command":
            text += command(part.text).rstrip("\n")
        else:
            has_glob = has_glob or (not part.is_quoted and bool(re.search(r"[*?]", part.text)))
            is_home = number == 0 and not part.is_quoted and re.match(r"~(?=/|$)", part.text)
            text += variable("HOME") + part.text[1:] if is_home else part.text
    return text, has_glob


def quoted(raw: str, command: Lookup, fill: Lookup = str) -> str:
    """Return a word for a shell on a host: text in quotes, variables and file name patterns left to that shell."""
    text = ""
    for number, part in enumerate(_filled(raw, fill)):
        if part.kind == "variable":
            if not re.fullmatch(r"\w+|[?#$@!*]", part.text):
                raise CannotExpand(part.text)
            text += f'"${{{part.text}}}"'
        elif part.kind == "command":
            text += shlex.quote(command(part.text).rstrip("\n"))
        elif not part.is_quoted and re.fullmatch(r"[\w./*?~:=@%+,-]+", part.text) and not (number and "~" in part.text):
            text += part.text
        elif part.text:
            text += shlex.quote(part.text)
    return text or "''"
