"""Cells of a notebook: what a magic hands to a shell, and texts that were meant to be filled."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from harness.material import sdk
from harness.material.document import Block
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.pythonform import called
from harness.material.tables import table
from harness.material.words import meant, nearest


@rule("SA013", "error")
def magics_are_quoted(material: Material) -> Iterator[Found]:
    """An install in a cell has a verb that pip knows, and its conditions in quotes: a shell takes < and > for redirections."""
    for block in material.blocks("python"):
        for row, text in enumerate(block.text.split("\n")):
            match = re.match(r"[%!]\s*pip3? +(\w+)", text)
            verbs = table("programs")["verbs"]["pip"]
            if match and match[1] not in verbs:
                yield Found(
                    block.at(row, match.start(1)),
                    f"ERROR: unknown command {match[1]!r}",
                    meant(match[1], verbs, "write install"),
                )
            odd = re.search(r"[<>]", re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: " " * len(m[0]), text)) if match else None
            if odd:
                yield Found(
                    block.at(row, odd.start()),
                    "the shell takes this for a redirection, and pip installs another version",
                    'write "sagemaker<3"',
                )


@rule("SA014", "error")
def texts_are_filled(material: Material) -> Iterator[Found]:
    """A text in which a variable of the notebook stands in braces is an f-string."""
    known: set[str] = set()
    for block in material.blocks("python"):
        tree = _parsed(block)
        known |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        inside |= {
            id(node.func.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                names = [name for name in re.findall(r"\{(\w+)\}", node.value) if name in known]
                if names:
                    yield Found(
                        block.at(node.lineno - 1, node.col_offset),
                        f"{{{names[0]}}} stays as it is: the text has no f before it",
                        "put an f before the quotes",
                    )


@rule("SA017", "error")
def methods_exist(material: Material) -> Iterator[Found]:
    """What is imported of the SageMaker SDK, and called on its objects, is there."""
    notebook = sdk.Notebook()
    known: list[str] = table("sdk")["names"]["sagemaker"]
    for block in material.blocks("python"):
        for statement in _parsed(block).body:
            for node, message, methods in notebook.faults(statement):
                yield Found(
                    block.at(node.lineno - 1, node.col_offset), message, meant(node.attr, methods, "see the SDK")
                )
            for name in sdk.imported(statement):
                if name not in known and nearest(name, known):
                    message = f"ImportError: cannot import name {name!r} from 'sagemaker'"
                    yield Found(block.at(statement.lineno - 1), message, f"write {nearest(name, known)}")


@rule("SA018", "error")
def numbers_of_the_example(material: Material) -> Iterator[Found]:
    """Rows are as wide as the model is judged to be, and as many of them are predicted."""
    asked = material.homework.kmeans
    for block in material.blocks("python"):
        for node in ast.walk(_parsed(block)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            last = node.args[-1]
            if (
                called(node) == "reshape"
                and _number(last) not in (None, asked.feature_dim)
                and _number(node.args[0]) == -1
            ):
                message = f"kmeans.trained wants rows of {asked.feature_dim} numbers, not of {_number(last)}"
                yield Found(block.at(last.lineno - 1, last.col_offset), message, f"write {asked.feature_dim}")
            upper = last.slice.upper if isinstance(last, ast.Subscript) and isinstance(last.slice, ast.Slice) else None
            rows = _number(upper) if upper is not None and called(node) == "predict" else None
            if rows is not None and 1 < rows < asked.rows:
                message = f"kmeans.predicts asks about {asked.rows} digits, this about {rows}"
                yield Found(block.at(last.lineno - 1, last.col_offset), message, f"write [:{asked.rows}]")


def _number(node: ast.AST | None) -> int | None:
    """Return the number that a piece of code is, ``None`` for any other code."""
    sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return sign * inner.value if isinstance(inner, ast.Constant) and isinstance(inner.value, int) else None


def _parsed(block: Block) -> ast.Module:
    code = "\n".join("" if row.lstrip().startswith(("%", "!")) else row for row in block.text.split("\n"))
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
