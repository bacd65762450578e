"""The gate: every rule over a document, in the order of its lines."""

from __future__ import annotations

import datetime
from pathlib import Path

from harness.catalogue import Homework
from harness.material import markdown, rules
from harness.material.finding import RULES, Finding
from harness.material.material import Material

assert rules


def check(path: Path, homework: Homework, today: datetime.date) -> list[Finding]:
    """Return what the rules find in a document; raises :class:`~harness.errors.UsageError` where it is none."""
    material = Material(markdown.load(path), homework, today)
    return found_in(material)


def found_in(material: Material) -> list[Finding]:
    """Return what the rules find, by line; the same message at the same place counts once."""
    found = {(f.line, f.col, f.rule, f.message): f for one in RULES.values() for f in one.findings(material)}
    return sorted(found.values(), key=lambda finding: (finding.line, finding.col, finding.rule))
