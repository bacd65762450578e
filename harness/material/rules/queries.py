"""What is looked for in AWS's answers: JMESPath expressions and words given to grep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jmespath
import jmespath.exceptions
from botocore.model import ListShape, MapShape, Shape, StructureShape

from harness.material import services
from harness.material.document import Word
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine
from harness.material.material import Material
from harness.material.words import meant

Node = dict[str, Any]


@rule("QY001", "error")
def queries(material: Material) -> Iterator[Found]:
    """The option --query asks for what the answer has."""
    for line in material.aws:
        for word in line.options.get("--query", ()):
            yield from _query(line, word)


def _query(line: AwsLine, word: Word) -> Iterator[Found]:
    if len(word.text) > 1000:
        yield Found(word.place, "a query of more than a thousand characters", "split it")
        return
    try:
        tree = jmespath.compile(word.text).parsed
    except (jmespath.exceptions.JMESPathError, RecursionError) as error:
        reason = " ".join(str(error).split())[:80]
        yield Found(
            word.place, f"aws: Bad value for --query {word.text}: {reason}", "mend the expression, in single quotes"
        )
        return
    shape = services.output_shape(line.service, line.operation)
    if shape is not None:
        walker = _Walker()
        walker.walk(tree, shape)
        for name, known in walker.unknown:
            yield Found(
                word.place, f"the query finds nothing (None): the answer of {line.operation} has no {name!r} there",
                meant(name, known, f"use one of {', '.join(sorted(known)[:5])}"),
            )  # fmt: skip


class _Walker:
    """Walks an expression along the type of the answer; a type of ``None`` is one that nothing is known of."""

    def __init__(self) -> None:
        self.unknown: list[tuple[str, list[str]]] = []

    def walk(self, node: Node, shape: Shape | None) -> Shape | None:
        kind, children = node["type"], node.get("children", [])
        if kind == "field":
            return self._field(node["value"], shape)
        if kind in ("subexpression", "index_expression", "pipe", "projection", "value_projection"):
            left = self.walk(children[0], shape)
            if kind in ("projection", "value_projection"):
                left = _element(left)
            result = shape if not children else left
            for child in children[1:]:
                result = self.walk(child, result)
            return result if kind in ("subexpression", "pipe", "index_expression") else _Many(result)
        if kind == "filter_projection":
            element = _element(self.walk(children[0], shape))
            self.walk(children[2], element)
            return _Many(self.walk(children[1], element))
        return self._other(kind, node, children, shape)

    def _other(self, kind: str, node: Node, children: list[Node], shape: Shape | None) -> Shape | None:
        if kind == "index":
            return _element(shape)
        if kind in ("identity", "current", "slice"):
            return shape
        if kind == "flatten":
            lists = self.walk(children[0], shape)
            inner = _element(lists)
            return inner if isinstance(inner, ListShape | _Many) else lists
        if kind == "function_expression":
            return self._function(node["value"], children, shape)
        for child in children:
            self.walk(child, shape)
        return None

    def _function(self, name: str, children: list[Node], shape: Shape | None) -> Shape | None:
        first = self.walk(children[0], shape) if children else None
        for child in children[1:]:
            inner = child["children"][0] if child["type"] == "expref" else child
            self.walk(inner, _element(first) if child["type"] == "expref" else shape)
        if name in ("sort_by", "sort", "reverse", "not_null"):
            return first
        return _element(first) if name in ("max_by", "min_by") else None

    def _field(self, name: str, shape: Shape | None) -> Shape | None:
        if isinstance(shape, StructureShape):
            if name not in shape.members:
                self.unknown.append((name, list(shape.members)))
                return None
            return shape.members[name]
        if isinstance(shape, ListShape | _Many):
            self.unknown.append((name, ["[]", "[0]"]))
        return shape.value if isinstance(shape, MapShape) else None


class _Many(Shape):  # type: ignore[misc]
    """What a projection gives: several of something."""

    def __init__(self, member: Shape | None) -> None:
        self.member = member


def _element(shape: Shape | None) -> Shape | None:
    return shape.member if isinstance(shape, ListShape | _Many) else None


@rule("QY002", "error")
def greps(material: Material) -> Iterator[Found]:
    """A grep looks for what the answer has: names of its members, or a name that was given before."""
    for line in material.aws:
        readers = list(material.reading(line.command))
        for other in readers:
            if other.name == "grep":
                readers += material.reading(other)  # it reads what is left of the same answer
                yield from _grep(material, line, other.bare[1:], other.place.line)
    for prose in material.document.prose:
        for match in re.finditer(r"aws (\S+) (\S+) *\| *grep +(?:-\w+ +)?(\w+)", prose.text):
            known = services.field_names(services.output_shape(match[1], match[2]))
            if known and not any(match[3] in name for name in known):
                yield Found(
                    _place_in(prose, match[3]), f"grep finds nothing: no member of {match[2]}'s answer contains {match[3]!r}",
                    meant(match[3], known, "look at the answer"),
                )  # fmt: skip


def _place_in(prose: Any, text: str) -> Any:
    from harness.material.document import Place

    return next(
        (Place(run.place.line, run.place.col + run.text.index(text)) for run in prose.runs if text in run.text),
        prose.place,
    )


def _grep(material: Material, line: AwsLine, words: tuple[Word, ...], number: int) -> Iterator[Found]:
    known = services.field_names(services.output_shape(line.service, line.operation))
    patterns = [word for word in words if not word.text.startswith("-") and not word.text.isdigit()]
    given = " ".join(
        w.text for one in material.aws if one.command.place.line < number for ws in one.options.values() for w in ws
    )
    for word in patterns[:1]:
        ignores = any(re.fullmatch(r"-\w*i\w*", one.text) for one in words)
        fits = any(word.text in name or (ignores and word.text.lower() in name.lower()) for name in known)
        if known and word.is_literal and re.fullmatch(r"[\w-]+", word.text) and not fits and word.text not in given:
            yield Found(
                word.place, f"grep finds nothing: {word.text!r} is neither a member of {line.operation}'s answer nor a name given before",
                meant(word.text, known, "look at the answer"),
            )  # fmt: skip


@rule("QY003", "warning")
def fragile_greps(material: Material) -> Iterator[Found]:
    """Nobody counts lines of JSON: their number and order are not promised."""
    for line in material.aws:
        for other in material.reading(line.command):
            context = next((word for word in other.bare[1:] if re.fullmatch(r"-[ABC]\d*", word.text)), None)
            if other.name == "grep" and context is not None:
                yield Found(
                    context.place, f"{context.text} counts lines of JSON, and a rule or a tag more moves them: it finds nothing or another's",
                    "use --filters and --query",
                )  # fmt: skip
            elif other.name in ("head", "tail"):
                yield Found(
                    other.place,
                    "the answer is cut in the middle of an entry; what is wanted may come after it",
                    "use --query",
                )


@rule("QY004", "warning")
def one_of_many(material: Material) -> Iterator[Found]:
    """Who is told to take one value gets one, not those of everything in the account."""
    for line in material.aws:
        if not line.operation.startswith("describe-") or any(name in line.options for name in _NARROWING):
            continue
        if any(name.endswith(("-id", "-ids", "-name", "-names")) for name in line.options):
            continue
        for other in material.reading(line.command):
            word = next((word for word in other.bare[1:] if not word.text.startswith("-")), None)
            if (
                other.name == "grep"
                and word is not None
                and word.text in services.field_names(services.output_shape(*line.key))
            ):
                yield Found(
                    line.command.place, f"prints {word.text} of everything in the region, also of what is terminated or not yours, and does not say which is which",
                    "narrow it with --filters or an id, and ask with --query",
                )  # fmt: skip


_NARROWING = ("--filters", "--query", "--owners")
