"""The house style, where a program can check it."""

from __future__ import annotations

import ast
import functools
import io
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def homework_tests() -> list[tuple[Path, Function]]:
    return [
        (path, function)
        for path in files("tests/homework")
        for function in functions(path)
        if function.name.startswith("test")
    ]


def length(function: Function) -> int:
    """Return the lines of a function's body that hold statements, the docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return len({line for node in body for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)})


def test_the_only_sleep_is_in_waiting() -> None:
    sleepers = [
        place(path, node)
        for path in files("harness", "fixtures", "tests")
        if path != ROOT / "harness" / "waiting.py"
        for node in ast.walk(parsed(path))
        if _is_sleep(node)
    ]
    assert not sleepers


def _is_sleep(node: ast.AST) -> bool:
    """Say whether this names ``time.sleep``, however it is imported."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(alias.name == "sleep" for alias in node.names)
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"


@pytest.mark.parametrize("source", ["import time\ntime.sleep(1)", "from time import sleep", "x = time.sleep"])
def test_a_sleep_is_seen_however_it_is_written(source: str) -> None:
    assert any(_is_sleep(node) for node in ast.walk(ast.parse(source)))


def test_a_homework_test_is_one_sentence() -> None:
    wrong = [
        f"{place(path, test)} {test.name}: {reason}" for path, test in homework_tests() for reason in _faults(test)
    ]
    assert not wrong


def _faults(test: Function) -> Iterator[str]:
    arguments = [*test.args.posonlyargs, *test.args.args, *test.args.kwonlyargs]
    if not ast.get_docstring(test):
        yield "has no docstring"
    if length(test) > 15:
        yield f"has {length(test)} lines, expected at most 15"
    if len(arguments) > 3:
        yield f"asks for {len(arguments)} fixtures, expected at most 3"
    if any(isinstance(node, ast.For | ast.AsyncFor | ast.While) for node in ast.walk(test)):
        yield "has a loop"
    if any(isinstance(node, ast.Try) for node in ast.walk(test)):
        yield "has a try"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def test_x(a):\n    assert a", "has no docstring"),
        ("def test_x(a, b, c, d):\n    'D.'\n    assert a", "asks for 4 fixtures"),
        ("def test_x(a):\n    'D.'\n    for b in a:\n        assert b", "has a loop"),
        ("def test_x(a):\n    'D.'\n    try:\n        a()\n    finally:\n        a()", "has a try"),
        ("def test_x(a):\n    'D.'\n" + "    assert a\n" * 16, "has 16 lines"),
    ],
)
def test_a_fault_of_a_homework_test_is_seen(source: str, fault: str) -> None:
    (test,) = ast.parse(source).body
    assert isinstance(test, ast.FunctionDef)
    assert any(found.startswith(fault) for found in _faults(test))


def test_homework_tests_ask_neither_mode_nor_environment() -> None:
    words = {"environ", "getenv", "getoption", "settings", "aws"}
    wrong = [
        f"{place(path, test)} {test.name}: {node.attr}"
        for path, test in homework_tests()
        for node in ast.walk(test)
        if isinstance(node, ast.Attribute) and node.attr in words
    ]
    assert not wrong


def test_whoever_catches_everything_says_why() -> None:
    wrong = [
        place(path, node)
        for path in files("harness", "fixtures")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and not _is_excused(path, node)
    ]
    assert not wrong


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(name is None or ast.unparse(name) in ("Exception", "BaseException") for name in names)


def _is_excused(path: Path, handler: ast.ExceptHandler) -> bool:
    """Say whether the handler raises, hands the error on by its name, or gives its reason in a comment."""
    if any(isinstance(node, ast.Raise) for node in ast.walk(handler)) or "set_exception" in ast.unparse(handler):
        return True
    reason = _comment(path, handler.lineno).lstrip("# ").removeprefix("noqa: BLE001")
    return len(reason.split()) >= 3


def _comment(path: Path, line: int) -> str:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return next((token.string for token in tokens if token.type == tokenize.COMMENT and token.start[0] == line), "")


def test_functions_are_short() -> None:
    lengths = sorted(length(function) for path in files("harness", "fixtures") for function in functions(path))
    assert statistics.median(lengths) <= 9
    assert lengths[int(len(lengths) * 0.9)] < 35


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files("harness", "fixtures")}
    long = {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > 400}
    assert not long


def test_conftest_is_wiring_only() -> None:
    statements = [node for node in parsed(ROOT / "conftest.py").body if not isinstance(node, ast.Expr)]
    assert [ast.unparse(node).partition(" ")[0] for node in statements] == ["pytest_plugins"]


def test_public_docstrings_begin_with_a_sentence() -> None:
    wrong = [
        f"{place(path, function)} {function.name}"
        for path in files("harness", "fixtures")
        for function in functions(path)
        if (text := ast.get_docstring(function)) and not function.name.startswith("_") and not _begins_well(text)
    ]
    assert not wrong


def _begins_well(docstring: str) -> bool:
    paragraph = docstring.partition("\n\n")[0].strip()
    return paragraph.endswith((".", "?", "::", ":")) and paragraph[0].isupper()
