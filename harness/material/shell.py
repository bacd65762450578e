"""Commands of a shell block, by tree-sitter's grammar of bash. Nothing is expanded and nothing is run.

Placeholders in angle brackets are read as words, although a shell takes them for redirections; a rule says so.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import tree_sitter
import tree_sitter_bash

from harness.material.document import Command, Machine, Place, Redirect, Word

ANGLED = re.compile(r"<([A-Za-z][\w .-]{0,40})>")
_TEXTS = ("word", "number", "variable_name", "special_variable_name")
_EXPANSIONS = ("simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution")


@dataclass
class Reading:
    """What was found in a block: its commands, and what does not parse as (place, words) pairs."""

    commands: list[Command] = field(default_factory=list)
    faults: list[tuple[Place, str]] = field(default_factory=list)


@functools.cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def parse(text: str, machine: Machine = "workstation", line: int = 1) -> Reading:
    """Read a shell text whose first line is ``line`` of the file."""
    return _Reader(text, machine, Place(line)).read()


class _Reader:
    def __init__(self, text: str, machine: Machine, origin: Place) -> None:
        self.source = ANGLED.sub(lambda match: f"‹{match[1].replace(' ', '␣')}›", text).encode()
        self.machine = machine
        self.origin = origin
        self.comments = _comments(text)
        self.reading = Reading()

    def read(self) -> Reading:
        tree = _parser().parse(self.source)
        self._walk(tree.root_node)
        self._find_faults(tree.root_node)
        return self.reading

    def _walk(self, root: tree_sitter.Node) -> None:
        """Visit every node without recursion: a stranger decides how deep the tree is."""
        stack: list[tuple[tree_sitter.Node, bool]] = [(root, False)]
        while stack:
            node, nested = stack.pop()
            if node.type == "pipeline":
                self._pipeline(node, nested)
            elif node.type in ("command", "redirected_statement", "declaration_command"):
                self._add(node, nested, None)
            nested = nested or node.type in ("command_substitution", "process_substitution")
            if node.type in ("pipeline", "redirected_statement"):
                stack.extend((inner, nested) for inner in reversed(_inside_words(node)))
            else:
                stack.extend((child, nested) for child in reversed(node.children))

    def _pipeline(self, node: tree_sitter.Node, nested: bool) -> None:
        reads: Command | None = None
        for child in node.named_children:
            if child.type in ("command", "redirected_statement"):
                reads = self._add(child, nested, reads)

    def _add(self, node: tree_sitter.Node, nested: bool, reads: Command | None) -> Command | None:
        body = node.child_by_field_name("body") if node.type == "redirected_statement" else node
        redirects = self._redirects(node)
        if body is None or body.type != "command":
            if body is not None and body.type == "pipeline":
                self._tail(body, nested, redirects)
            return None
        words = [self._word(child) for child in body.children if child.type not in _NOT_WORDS]
        command = Command(
            words=tuple(word for word in words if word.raw),
            place=self._place(node),
            machine=self.machine,
            comment=self.comments.get(node.start_point[0], ""),
            redirects=(*redirects, *self._redirects(body)),
            assignments=tuple(self._text(c) for c in body.children if c.type == "variable_assignment"),
            reads=reads,
            is_nested=nested,
            source=self._text(node),
        )
        if command.words:
            self.reading.commands.append(command)
        return command

    def _tail(self, pipeline: tree_sitter.Node, nested: bool, redirects: tuple[Redirect, ...]) -> None:
        """Add a pipeline whose last command is redirected."""
        self._pipeline(pipeline, nested)
        if self.reading.commands:
            last = self.reading.commands[-1]
            self.reading.commands[-1] = replace(last, redirects=(*last.redirects, *redirects))

    def _redirects(self, node: tree_sitter.Node) -> tuple[Redirect, ...]:
        return tuple(self._redirect(child) for child in node.children if child.type.endswith("_redirect"))

    def _redirect(self, node: tree_sitter.Node) -> Redirect:
        target = node.child_by_field_name("destination")
        operator = next((self._text(child) for child in node.children if not child.is_named), "")
        return Redirect(operator, self._word(target) if target else None, self._place(node))

    def _word(self, node: tree_sitter.Node) -> Word:
        raw = self._text(node)
        expands = any(inner.type in _EXPANSIONS for inner in _descendants(node))
        return Word(_unangled(self._value(node)), _unangled(raw), self._place(node), not expands)

    def _value(self, node: tree_sitter.Node) -> str:
        text = self._text(node)
        if node.type == "raw_string":
            return text[1:-1]
        if node.type == "string":
            return re.sub(r'\\(["$`\\\n])', lambda match: "" if match[1] == "\n" else match[1], text[1:-1])
        if node.type in ("concatenation", "command_name") and node.children:
            return "".join(self._value(child) for child in node.children)
        return re.sub(r"\\(.)", r"\1", text) if node.type in _TEXTS else text

    def _find_faults(self, root: tree_sitter.Node) -> None:
        for node in _descendants(root):
            if node.is_missing:
                self.reading.faults.append((self._place(node), f"a closing {node.type} is missing"))
            elif node.is_error:
                words = " ".join(self._text(node).split())[:40]
                self.reading.faults.append((self._place(node), f"the shell does not understand {_unangled(words)!r}"))

    def _text(self, node: tree_sitter.Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode(errors="replace")

    def _place(self, node: tree_sitter.Node) -> Place:
        row, byte = node.start_point[0], node.start_point[1]
        start = node.start_byte - byte
        col = len(self.source[start : node.start_byte].decode(errors="replace"))
        return Place(self.origin.line + row, self.origin.col + col)


_NOT_WORDS = ("file_redirect", "heredoc_redirect", "herestring_redirect", "variable_assignment", "comment")


def _inside_words(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return what stands below the words of a pipeline's commands, which are themselves already read."""
    inner: list[tree_sitter.Node] = []
    for child in node.named_children:
        if child.type in ("command", "pipeline", "redirected_statement"):
            inner.extend(_inside_words(child) if child.type != "command" else child.named_children)
        else:
            inner.append(child)
    return inner


def _descendants(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def _unangled(text: str) -> str:
    return text.replace("‹", "<").replace("›", ">").replace("␣", " ")


def _comments(text: str) -> dict[int, str]:
    """Return for each row the comment lines above it: those of its own run of lines, up to the last blank one."""
    comments: dict[int, str] = {}
    current: list[str] = []
    rows = text.split("\n")
    for row, line in enumerate(rows):
        stripped = line.strip()
        if not stripped:
            current = []
        elif stripped.startswith("#"):
            if row and not rows[row - 1].strip().startswith("#"):
                current = []
            current.append(stripped.lstrip("# "))
        else:
            comments[row] = " ".join(current)
            current = []
    return comments
