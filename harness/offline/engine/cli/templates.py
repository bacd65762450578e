"""Go templates as far as ``--format`` uses them: fields, pipelines, ``json``, ``range``, ``if``, ``index``, …."""

from __future__ import annotations

import json
import re

from .client import Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ACTION = re.compile(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", re.DOTALL)
_WORD = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|\(|\)|[^\s()|]+|\|')


class Node:
    """A part of a template: text, an output, or a block with its branches."""

    def __init__(self, kind: str, text: str = "") -> None:
        self.kind, self.text = kind, text
        self.inner: list[Node] = []
        self.otherwise: list[Node] = []


def render(template: str, data: Any) -> str:
    """Return the text that a template makes of a document."""
    nodes, _ = _parse(_tokens(template), 0)
    return _run(nodes, data, {"$": data})


def _tokens(template: str) -> list[Node]:
    found: list[Node] = []
    at, trims = 0, False
    for match in _ACTION.finditer(template):
        found += [_text(template[at : match.start()], trims, bool(match[1])), Node("action", match[2])]
        at, trims = match.end(), bool(match[3])
    if "{{" in template[at:]:
        raise Failed("template parsing error: template: :1: unclosed action", 64)
    return [*found, _text(template[at:], trims, False)]


def _text(text: str, trims_left: bool, trims_right: bool) -> Node:
    text = text.lstrip() if trims_left else text
    return Node("text", text.rstrip() if trims_right else text)


def _parse(tokens: list[Node], at: int) -> tuple[list[Node], int]:
    nodes: list[Node] = []
    while at < len(tokens):
        token = tokens[at]
        verb = token.text.split(" ")[0] if token.kind == "action" else ""
        if verb in {"end", "else"}:
            return nodes, at
        if verb in {"range", "if", "with"}:
            token.kind, token.text = verb, token.text[len(verb) :].strip()
            token.inner, at = _parse(tokens, at + 1)
            if at < len(tokens) and tokens[at].text.split(" ")[0] == "else":
                token.otherwise, at = _parse(tokens, at + 1)
        nodes.append(token)
        at += 1
    return nodes, at


def _run(nodes: list[Node], dot: Any, scope: dict[str, Any]) -> str:
    return "".join(_RUNNERS[node.kind](node, dot, scope) for node in nodes)


def _run_action(node: Node, dot: Any, scope: dict[str, Any]) -> str:
    assigned = re.match(r"(\$\w+)\s*:?=\s*(.*)", node.text)
    if assigned:
        scope[assigned[1]] = _pipeline(assigned[2], dot, scope)
        return ""
    return shown(_pipeline(node.text, dot, scope)) if node.text and not node.text.startswith("/*") else ""


def _run_range(node: Node, dot: Any, scope: dict[str, Any]) -> str:
    names, _, expression = node.text.rpartition(":=")
    value = _pipeline(expression or node.text, dot, scope)
    pairs = sorted(value.items()) if isinstance(value, dict) else list(enumerate(value or []))
    variables = [name.strip() for name in names.split(",") if name.strip()]
    parts = []
    for key, item in pairs:
        inner = scope | dict(zip(variables, (key, item) if len(variables) == 2 else (item,), strict=False))
        parts.append(_run(node.inner, item, inner))
    return "".join(parts) if pairs else _run(node.otherwise, dot, scope)


def _run_if(node: Node, dot: Any, scope: dict[str, Any]) -> str:
    value = _pipeline(node.text, dot, scope)
    return _run(node.inner if value else node.otherwise, value if node.kind == "with" and value else dot, scope)


_RUNNERS: dict[str, Callable[[Node, Any, dict[str, Any]], str]] = {
    "text": lambda node, _dot, _scope: node.text, "action": _run_action, "range": _run_range, "if": _run_if,
    "with": _run_if,
}  # fmt: skip


def _pipeline(text: str, dot: Any, scope: dict[str, Any]) -> Any:
    words: list[list[str]] = [[]]
    depth = 0
    for word in _WORD.findall(text):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "|" and depth == 0:
            words.append([])
        else:
            words[-1].append(word)
    value, is_first = None, True
    for command in words:
        value = _command(command, dot, scope, [] if is_first else [value])
        is_first = False
    return value


def _command(words: list[str], dot: Any, scope: dict[str, Any], piped: list[Any]) -> Any:
    if not words:
        raise Failed("template parsing error: template: :1: missing value for command", 64)
    name, rest = words[0], words[1:]
    if name in FUNCTIONS:
        return FUNCTIONS[name](*_arguments(rest, dot, scope), *piped)
    values = _arguments(words, dot, scope)
    return values[0]


def _arguments(words: list[str], dot: Any, scope: dict[str, Any]) -> list[Any]:
    values: list[Any] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "(":
            depth, inner = 1, []
            while depth and words:
                word = words.pop(0)
                depth += {"(": 1, ")": -1}.get(word, 0)
                inner.append(word)
            value = _pipeline(" ".join(inner[:-1]), dot, scope)
            if words and words[0].startswith(".") and len(words[0]) > 1:
                value = _field(value, words.pop(0)[1:])
            values.append(value)
        else:
            values.append(_value(word, dot, scope))
    return values


def _value(word: str, dot: Any, scope: dict[str, Any]) -> Any:
    if word[0] in '"`':
        return json.loads(word) if word[0] == '"' else word[1:-1]
    if re.fullmatch(r"-?\d+", word):
        return int(word)
    if word in {"true", "false"}:
        return word == "true"
    if word.startswith("$"):
        name, _, path = word.partition(".")
        return _field(scope.get(name), path)
    if word.startswith("."):
        return _field(dot, word[1:])
    raise Failed(f'template parsing error: template: :1: function "{word}" not defined', 64)


def _field(value: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif callable(value):
            value = value()
        else:
            raise Failed(f'template: :1:2: executing "" at <.{path}>: map has no entry for key "{name}"', 64)
    return value


def shown(value: Any) -> str:
    """Return a value as Go prints it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{shown(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(shown, value)) + "]"
    return str(value)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            raise Failed(f'template: :1:2: executing "" at <index>: error calling index: index out of range: {key}', 64)
    return value


def _printf(form: str, *values: Any) -> str:
    return re.sub(r"%[vsdq]", "{}", form).format(*map(shown, values))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "json": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False), "index": _index, "len": len,
    "upper": lambda text: text.upper(), "lower": lambda text: text.lower(), "title": lambda text: text.title(),
    "join": lambda items, mark: mark.join(items or []), "split": lambda text, mark: text.split(mark),
    "printf": _printf, "println": lambda *values: " ".join(map(shown, values)) + "\n",
    "print": lambda *values: "".join(map(shown, values)), "eq": lambda one,
    *others: any(one == other for other in others), "ne": lambda one, other: one != other,
    "not": lambda value: not value, "and": lambda *values: next((v for v in values if not v), values[-1]),
    "or": lambda *values: next((v for v in values if v), values[-1]), "slice": lambda text, low,
    high=None: text[low:high], "truncate": lambda text, length: text[:length], "lt": lambda a, b: a < b,
    "gt": lambda a, b: a > b,
}  # fmt: skip
