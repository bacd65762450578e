"""Cells of a notebook: what a magic hands to a shell, and texts that were meant to be filled."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from harness.material.document import Block
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.tables import table
from harness.material.words import meant


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


def _parsed(block: Block) -> ast.Module:
    code = "\n".join("" if row.lstrip().startswith(("%", "!")) else row for row in block.text.split("\n"))
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
