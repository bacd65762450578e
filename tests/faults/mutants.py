"""``python -m tests.faults.mutants``: which assertion of the homework's tests is needed by which fault.

A mutant is a test without one of its assertions. It is shown the facts that a fault's run has gathered: where the test
said *not met* and the mutant does not, the fault needs that assertion. An assertion that no fault needs is either
without a fault or without a use.
"""

from __future__ import annotations

import argparse
import ast
import functools
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.faults.model import Account, Case, Judged
from tests.judging import HOMEWORK, Judge, Test, tests_in


@functools.cache
def mutants() -> dict[str, list[tuple[str, Test]]]:
    """Return the mutants of each requirement's test, each with the place of the assertion that it lacks."""
    found: dict[str, list[tuple[str, Test]]] = {}
    for path in sorted(HOMEWORK.glob("test_*.py")):
        for requirement, name, line, tree in _without_one(path):
            test = tests_in(_run(tree, path).values())[requirement]
            assert test.__name__ == name
            found.setdefault(requirement, []).append((f"{path.name}:{line} {requirement}", test))
    return found


def _without_one(path: Path) -> Iterable[tuple[str, str, int, ast.Module]]:
    """Yield the module once for each assertion, without it: requirement, test, line, tree."""
    source = path.read_text(encoding="utf-8")
    for function in [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]:
        requirement = _requirement(function)
        for position, node in enumerate(function.body):
            if requirement and isinstance(node, ast.Assert):
                tree = ast.parse(source)
                own = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function.name)
                own.body[position] = ast.copy_location(ast.Pass(), own.body[position])
                yield requirement, function.name, node.lineno, tree


def _requirement(function: ast.FunctionDef) -> str:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith(".requirement"):
            return str(ast.literal_eval(mark.args[0]))
    return ""


def _run(tree: ast.Module, path: Path) -> dict[str, object]:
    space: dict[str, object] = {"__name__": f"mutant_{path.stem}"}
    exec(compile(tree, str(path), "exec"), space)
    return space


def verdicts(case: Case, judge: Judge) -> Judged:
    """Judge what a case reaches; return the judgements, and the assertions that its fault needs."""
    judgements = [judge.judge(id) for id in case.judged()]
    failed = {one.requirement for one in judgements if one.verdict == "not met"}
    tried = [(id, place, test) for id in case.breaks if id in failed for place, test in mutants().get(id, [])]
    return judgements, tuple(place for id, place, test in tried if judge.run(test, id).verdict != "not met")


def unneeded(accounts: Iterable[Account]) -> list[str]:
    """Return the assertions that no fault of these needs."""
    needed = {place for one in accounts for place in one.outcome.needed}
    return [place for each in mutants().values() for place, _ in each if place not in needed]


def share(accounts: Iterable[Account]) -> str:
    """Return the share of assertions that are needed, as a line."""
    known = sum(len(each) for each in mutants().values())
    needed = known - len(unneeded(accounts))
    return f"assertions {known}, needed by at least one fault {needed} ({100 * needed / known:.0f} %)"


def main(arguments: list[str] | None = None) -> int:
    """Run the faults and report the assertions that none of them needs; returns 1 where there are any."""
    from tests.faults.command import run_all
    from tests.faults.registry import cases

    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutants", description=__doc__)
    parser.add_argument("requirement", nargs="*", help="requirements or their beginnings (default: all)")
    parser.add_argument("-n", "--jobs", type=int, default=2, help="processes (default: 2)")
    asked = parser.parse_args(arguments)
    wanted = tuple(asked.requirement) or ("",)
    accounts = run_all([case for case in cases() if any(id.startswith(wanted) for id in case.breaks)], asked.jobs)
    left = [place for place in unneeded(accounts) if place.partition(" ")[2].startswith(wanted)]
    for place in left:
        print(f"no fault needs the assertion at {place}")
    print(share(accounts))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
