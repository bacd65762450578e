"""Cells that use the SageMaker SDK: what is called on an estimator and on a predictor, and what these do not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.material.pythonform import called
from harness.material.tables import table


@dataclass
class Notebook:
    """The variables of a notebook that hold objects of the SDK, cell after cell."""

    kinds: dict[str, str] = field(default_factory=dict)

    def faults(self, statement: ast.stmt) -> Iterator[tuple[ast.Attribute, str, list[str]]]:
        """Yield the methods that a statement calls and that there are not, with what Python says and those that there are."""
        for node in ast.walk(statement):
            function = node.func if isinstance(node, ast.Call) else None
            if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
                continue
            kind = self.kinds.get(function.value.id)
            known: list[str] = table("sdk")["methods"].get(kind, [])
            if known and function.attr not in known:
                yield function, f"AttributeError: {kind!r} object has no attribute {function.attr!r}", known
        self._assign(statement)

    def _assign(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            kind = {"KMeans": "KMeans", "deploy": "Predictor"}.get(called(statement.value), "")
            self.kinds |= {target.id: kind for target in statement.targets if isinstance(target, ast.Name)}


def imported(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement imports of the SDK."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "sagemaker":
        yield from (alias.name for alias in statement.names)
