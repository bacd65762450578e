"""The arrows of the design: tests → fixtures → harness, and rooms of the harness that do not know one another."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("aws", "hosts", "material", "grading", "offline")
BUILT = tuple(room for room in ROOMS if (ROOT / "harness" / room).exists())

# Leaf modules are shared by the rooms and so may not know them. These stand above the rooms instead.
ABOVE = {"harness/__main__.py", "harness/sweep.py"}


def modules(*folders: str) -> list[str]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


@functools.cache
def imported(module: str) -> frozenset[str]:
    """Return every module that a file imports at run time, wherever in the file; relative imports made absolute.

    What is imported only for type checking passes: it is an arrow of words, not of the program.
    """
    path = ROOT / module
    tree = ast.parse(path.read_text(encoding="utf-8"), module)
    skipped = {id(inner) for block in ast.walk(tree) if _is_for_types(block) for inner in ast.walk(block)}
    return frozenset(name for node in ast.walk(tree) if id(node) not in skipped for name in _names(node, path))


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _names(node: ast.AST, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = path.parent.relative_to(ROOT).parts
        above = package[: len(package) - node.level + 1] if node.level else ()
        yield from (".".join((*above, *filter(None, [node.module]), alias.name)) for alias in node.names)


def offenders(files: list[str], *forbidden: str) -> list[str]:
    assert files, "there is nothing to look at"
    return [
        f"{module} imports {name}"
        for module in files
        for name in sorted(imported(module))
        if any(name == one or name.startswith(f"{one}.") for one in forbidden)
    ]


def test_the_harness_knows_neither_pytest_nor_fixtures_nor_tests() -> None:
    assert not offenders(modules("harness"), "pytest", "_pytest", "fixtures", "tests", "conftest")


def test_fixtures_know_no_tests() -> None:
    assert not offenders(modules("fixtures"), "tests", "conftest")


@pytest.mark.parametrize("room", BUILT)
def test_rooms_of_the_harness_do_not_import_one_another(room: str) -> None:
    exempt = ("aws", "hosts") if room == "material" else ()
    others = [f"harness.{other}" for other in ROOMS if other not in (room, *exempt)]
    assert not offenders(modules(f"harness/{room}"), *others)


@pytest.mark.parametrize("room", BUILT)
def test_rooms_know_nothing_above_them(room: str) -> None:
    above = [module.removesuffix(".py").replace("/", ".") for module in ABOVE]
    assert not offenders(modules(f"harness/{room}"), "harness.subjects", "harness.commands", *above)


def test_subjects_use_only_aws_and_hosts_and_one_of_them_the_material() -> None:
    rooms = [f"harness.{room}" for room in ROOMS if room not in ("aws", "hosts")]
    everybody = modules("harness/subjects")
    followers = [module for module in everybody if module.startswith("harness/subjects/material/")]
    assert not offenders([m for m in everybody if m not in followers], *rooms, "harness.commands")
    assert not offenders(followers, *(room for room in rooms if room != "harness.material"), "harness.commands")


def test_leaf_modules_are_leaves() -> None:
    leaves = [module for module in modules("harness") if module.count("/") == 1 and module not in ABOVE]
    rooms = [f"harness.{room}" for room in ROOMS]
    assert not offenders([*leaves, *modules("harness/facts")], "harness.subjects", "harness.commands", *rooms)


def test_only_aws_and_the_offline_cloud_speak_boto3() -> None:
    others = [m for m in modules("harness", "fixtures") if not m.startswith(("harness/aws/", "harness/offline/"))]
    # The material's rules read botocore's description of AWS and speak to nobody.
    speaking = [module for module in others if not module.startswith("harness/material/")]
    assert not offenders(speaking, "boto3", "botocore", "sagemaker")
    assert not offenders(others, "boto3", "botocore.client", "botocore.endpoint", "sagemaker")


def test_only_the_offline_cloud_knows_moto() -> None:
    others = [m for m in modules("harness", "fixtures") if not m.startswith("harness/offline/")]
    assert not offenders(others, "moto")


def test_only_the_one_fixture_and_the_command_open_the_offline_cloud() -> None:
    openers = {"fixtures/cloud.py", "harness/commands/cloud.py", "harness/commands/following.py"}
    openers |= {"harness/commands/images.py", "harness/commands/sweep.py"}  # what containers are made of, and leave
    others = [m for m in modules("harness", "fixtures") if not m.startswith("harness/offline/") and m not in openers]
    assert not offenders(others, "harness.offline")


def test_homework_tests_know_facts_and_nothing_else() -> None:
    rooms = [f"harness.{room}" for room in ROOMS]
    assert not offenders(
        modules("tests/homework"),
        *("boto3", "botocore", "docker", "asyncssh", "subprocess", "socket", "fixtures"),
        *("harness.subjects", "harness.commands", "harness.ledger", "harness.cloud", *rooms),
    )


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b, c", ["a.b", "c"]),
        ("from a.b import c", ["a.b.c"]),
        ("def f():\n    import a", ["a"]),
        ("from . import x\nfrom .y import z\nfrom .. import w", ["here.x", "here.y.z", "w"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", ["typing.TYPE_CHECKING"]),
    ],
)
def test_imports_are_found_wherever_they_stand(tmp_path, monkeypatch, source, names) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "m.py").write_text(source)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert imported.__wrapped__("here/m.py") == set(names)
