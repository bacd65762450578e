"""Check the homework document, and print what is wrong with it.

Findings begin PATH:LINE:COL. Nothing of the document is executed unless --follow says so, and then only commands of a
list, in an offline cloud; no network is asked without --online. Exit code 0 says that nothing was found, 1 that
something was, 2 that the document could not be read.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.material.finding import Finding
    from harness.material.material import Material

SECONDS = 20.0
"""Seconds of computing that a document may take; the real one takes one and a half."""
FORMATS = ("text", "github", "json", "sarif")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the document and how findings are wanted."""
    parser.add_argument("path", metavar="PATH", nargs="?", type=Path, help="the homework document (Markdown)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print findings (default: text)")
    parser.add_argument(
        "--baseline", metavar="FILE", type=Path,
        help="print only what is new since FILE: an older edition, or its report of --format json (FILE.json)",
    )  # fmt: skip
    parser.add_argument("--accept", action="store_true", help="record the clauses as they are now, after a review")
    parser.add_argument("--online", action="store_true", help="also ask the links whether they still answer")
    parser.add_argument(
        "--follow", action="store_true", help="also run its aws commands in order, in an offline cloud of this process"
    )
    parser.add_argument(
        "--homework", metavar="FILE", type=Path, help="the catalogue (default: the suite's homework.toml)"
    )
    parser.add_argument(
        "--clauses", metavar="FILE", type=Path, help="the recorded clauses (default: beside the document)"
    )
    parser.add_argument("--waivers", metavar="FILE", type=Path, help="the waivers (default: beside the document)")
    parser.add_argument("--rules", action="store_true", help="list the rules, and do nothing else")


def run(options: argparse.Namespace) -> int:
    """Check, print, and say by the exit code whether anything was found."""
    if options.rules:
        return _list_rules()
    if options.path is None:
        raise UsageError("name the homework document: python -m harness gate PATH.")
    return _run(options)


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """End with a sentence what takes longer than any homework does: a document may be made to be slow."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise UsageError(
            f"looking at the document took more than {SECONDS:.0f} s of computing; no homework does, split it."
        )

    previous = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, previous)


def _run(options: argparse.Namespace) -> int:
    from harness.catalogue import HOMEWORK, load
    from harness.material import baseline, gate, online, waivers  # parsers and models take a moment
    from harness.material.formats import FORMATS as RENDERERS

    today = datetime.datetime.now(datetime.UTC).date()
    with _bounded():
        material = gate.load(options.path, load(options.homework or HOMEWORK), today, options.clauses)
        if options.accept:
            return _accept(material, options.clauses)
        findings = gate.check(material)
    findings += online.ask(material.document) if options.online else []
    findings += _followed(material) if options.follow else []
    findings.sort(key=lambda finding: (finding.line, finding.col, finding.rule))
    findings = waivers.of(options.path, options.waivers).apply(findings, today)
    with _bounded():
        findings = baseline.changes(findings, options.baseline, material)
    sys.stdout.write(RENDERERS[options.format](findings))
    if options.format == "text":
        sys.stderr.write(_summary(findings))
    return 1 if findings else 0


def _accept(material: Material, path: Path | None) -> int:
    from harness.material import gate

    sys.stdout.write(f"recorded: {gate.accept(material, path)}\n")
    return 0


def _followed(material: Material) -> list[Finding]:
    from harness.commands.following import follow  # starts an offline cloud, which only --follow waits for

    return follow(material.document, material.homework)


def _list_rules() -> int:
    from harness.material import gate
    from harness.material.finding import RULES

    assert gate
    for one in sorted(RULES.values(), key=lambda one: one.id):
        sys.stdout.write(f"{one.id}  {one.severity:<7}  {one.about}\n")
    return 0


def _summary(findings: list[Finding]) -> str:
    counts = {level: sum(f.severity == level for f in findings) for level in ("error", "warning", "note")}
    return ", ".join(f"{count} {level}{'s' * (count != 1)}" for level, count in counts.items()) + "\n"
