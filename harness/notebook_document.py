"""Saved notebooks: whether a file is one, and which steps of the k-means example were really run in it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.documents import Unreadable, contents, decoded
from harness.evidence import Evidence
from harness.facts.sagemaker import SavedNotebook

STEPS = {
    "upload": frozenset(
        {"record_set", "write_numpy_to_dense_tensor", "upload_data", "upload_fileobj", "upload_file", "put_object"}
    ),
    "train": frozenset({"fit", "create_training_job"}),
    "deploy": frozenset({"deploy", "create_endpoint"}),
    "predict": frozenset({"predict", "invoke_endpoint"}),
}
"""The example's steps, and the functions by which they are done, with the SDK or with boto3."""

TOPIC = re.compile(r"k[-_ ]?means", re.IGNORECASE)
# "%time model.fit(rows)" runs what follows.
TIMED = re.compile(r"^\s*%(?:time|timeit|prun)\b(?:[ \t]+-\w+)*[ \t]+(?=\S)", re.MULTILINE)
MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)
TIMES = ("execution", "executionInfo", "ExecuteTime")
"""What JupyterLab, Colab and an extension of Jupyter's write of a run into a cell's metadata."""
LARGEST = 50 * 1024 * 1024


@dataclass(frozen=True)
class Cell:
    """A code cell: its number among them (from 1), its source, when it was run (0: never), and how it went.

    ``turn`` is Jupyter's count, or else the turn that it would have had from top to bottom.
    """

    number: int
    source: str
    turn: int
    error: str

    @property
    def was_run(self) -> bool:
        """Say whether it was run."""
        return self.turn > 0


def find(directory: Path) -> SavedNotebook | None:
    """Return the facts of the notebook in a directory that shows most of the example, or ``None`` without any.

    What lies in hidden directories is Jupyter's own: checkpoints.
    """
    seen = [
        observe(path)
        for path in sorted(directory.rglob("*"))
        if path.suffix.casefold() == ".ipynb"
        and not any(part.startswith(".") for part in path.relative_to(directory).parts)
    ]
    return max(
        seen, key=lambda notebook: (not notebook.problem, notebook.about_kmeans, len(notebook.steps)), default=None
    )


def observe(path: Path) -> SavedNotebook:
    """Return the facts of one file; what is wrong with it is among them."""
    cells, problem = _read(path)
    done = [cell for cell in cells if cell.was_run and not cell.error]
    called = {name for cell in done for name in _called(cell.source)}
    steps = tuple(step for step, names in STEPS.items() if names & called)
    ran = f"{sum(cell.was_run for cell in cells)} of {len(cells)} code cells were run"
    return SavedNotebook(
        name=path.name,
        problem=problem,
        about_kmeans=any(TOPIC.search(code) for cell in done for code in _code(cell.source)),
        code_cells=len(cells),
        steps=steps,
        missing=tuple(step for step in STEPS if step not in steps),
        unexecuted=tuple(cell.number for cell in cells if not cell.was_run),
        errors=tuple(f"cell {cell.number}: {cell.error}" for cell in cells if cell.error and not _redone(cell, done)),
        evidence=(Evidence("file", path.name, problem or f"{ran}; steps: {', '.join(steps)}"),),
    )


def _redone(failed: Cell, done: list[Cell]) -> bool:
    """Say whether what a failed cell calls was done by a later one: a training failed, the next did not."""
    tried = set(_called(failed.source))
    return bool(tried) and any(cell.turn > failed.turn and tried <= set(_called(cell.source)) for cell in done)


def _read(path: Path) -> tuple[list[Cell], str]:
    """Return the code cells that are not empty, and why the file is no notebook (empty where it is one)."""
    import nbformat  # takes a while, and only one requirement needs it

    try:
        text = decoded(contents(path, path.parent, LARGEST))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ids that some programs do not write, or write twice
            document: Any = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
            nbformat.validate(document)
    except Unreadable as problem:
        return [], str(problem)
    except Exception as error:  # noqa: BLE001 - nbformat raises anything at anything
        first = str(error).strip().splitlines()[:1]
        return [], f"is not a valid notebook: {first[0] if first else type(error).__name__}"
    code = [cell for cell in document.cells if cell.cell_type == "code" and cell.source.strip()]
    return [
        _cell(number, cell, turn) for number, (cell, turn) in enumerate(zip(code, _turns(code), strict=True), 1)
    ], ""


def _cell(number: int, cell: Any, turn: int) -> Cell:
    errors = [output for output in cell.outputs if output.output_type == "error"]
    said = f"{errors[0].ename}: {errors[0].evalue}" if errors else ""
    return Cell(number, cell.source, turn, said)


def _turns(code: list[Any]) -> list[int]:
    """Return when each cell was run, 0 where it was not.

    Some editors save no counts, and tools clear them: what a cell put out, or when it was begun, says that it was run.
    Where no cell at all has a count, the lack of one says nothing, and neither does that of an output, since most cells
    put out none: those above one that was run were run before it.
    """
    counts = [cell.execution_count or 0 for cell in code]
    traced = [number for number, cell in enumerate(code, 1) if _has_trace(cell)]
    if not any(counts):
        return [number if number <= max(traced, default=0) else 0 for number in range(1, len(code) + 1)]
    above = [max(counts[:number], default=0) for number in range(1, len(code) + 1)]
    return [count or (above[i] or 1 if i + 1 in traced else 0) for i, count in enumerate(counts)]


def _has_trace(cell: Any) -> bool:
    return bool(cell.outputs) or any(cell.metadata.get(name) for name in TIMES)


def _called(source: str) -> Iterator[str]:
    """Yield the names of what a cell calls; a comment or a text that names a function does not call it."""
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id


def _code(source: str) -> Iterator[str]:
    """Yield the names and texts of a cell's code, without its comments."""
    for node in ast.walk(_parsed(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                yield name
            case ast.Constant(value=str(text)):
                yield text


def _parsed(source: str) -> ast.AST:
    """Parse a cell as Python; IPython's own lines (``%matplotlib``, ``!pip``) are passed over."""
    try:
        return ast.parse(MAGIC.sub("", TIMED.sub("", source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])
