"""Print the catalogue: every requirement with its points, phase and statement."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

from harness.catalogue import Homework, Requirement, load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the format."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print it (default: text)")


def run(options: argparse.Namespace) -> int:
    """Print the catalogue."""
    for line in FORMATS[options.format](load()):
        sys.stdout.write(line + "\n")
    return 0


def _text(homework: Homework) -> Iterator[str]:
    yield f"{homework.homework.title}: {_total(homework)}"
    width = max(map(len, homework.requirements))
    for title, requirements in _stages(homework):
        yield ""
        yield title
        for one in requirements:
            yield f"  {one.id:<{width}} {_points(one):>3}  {one.phase:<5}  {one.statement}"


def _markdown(homework: Homework) -> Iterator[str]:
    yield f"# {_cell(homework.homework.title)}"
    yield ""
    yield f"{_total(homework)}."
    for title, requirements in _stages(homework):
        yield from (
            "",
            f"## {_cell(title)}",
            "",
            "| id | points | phase | requirement | clause |",
            "|---|---|---|---|---|",
        )
        for one in requirements:
            cells = (f"`{one.id}`", _points(one), one.phase, _cell(one.statement), _cell(one.clause))
            yield f"| {' | '.join(cells)} |"


def _json(homework: Homework) -> Iterator[str]:
    items = [{"id": one.id, "stage": one.stage, **asdict(one)} for one in homework.requirement]
    about = {"title": homework.homework.title, "possible": homework.possible, "requirements": items}
    yield json.dumps(about, indent=1, ensure_ascii=False)


def _stages(homework: Homework) -> Iterator[tuple[str, list[Requirement]]]:
    for stage in homework.stage:
        yield stage.title, [requirement for requirement in homework.requirement if requirement.stage == stage.name]


def _total(homework: Homework) -> str:
    bonus = sum(requirement.points for requirement in homework.requirement if requirement.bonus)
    return f"{len(homework.requirement)} requirements, {homework.possible} points and {bonus} bonus"


def _points(requirement: Requirement) -> str:
    return f"+{requirement.points}" if requirement.bonus else str(requirement.points)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


FORMATS: dict[str, Callable[[Homework], Iterator[str]]] = {"text": _text, "json": _json, "markdown": _markdown}
