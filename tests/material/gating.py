"""Editions of the project's own document, looked at by the gate."""

from __future__ import annotations

import datetime
import difflib
import functools
from collections.abc import Iterable

from harness import catalogue
from harness.material import DEFAULT, gate, markdown, records
from harness.material.finding import Finding
from harness.material.material import Material
from harness.material.records import Record

TODAY = datetime.date(2026, 11, 23)
NEAR = 2
"""Lines by which a finding may miss a gap: what is gone has no line of its own."""


@functools.cache
def text() -> str:
    """Return the default document."""
    return DEFAULT.read_text(encoding="utf-8")


@functools.cache
def record() -> Record:
    """Return its clauses as they were accepted."""
    found = records.read(records.beside(DEFAULT))
    assert found is not None
    return found


def edited(old: str, new: str) -> str:
    """Return the default document with one stretch replaced by another."""
    assert old in text(), f"the document has no {old!r}"
    return text().replace(old, new, 1)


def found(document: str, *, is_recorded: bool = True) -> list[Finding]:
    """Return what the gate finds; without the record only the rules speak that need none."""
    material = Material(markdown.parse(document, DEFAULT), catalogue.load(), TODAY, record() if is_recorded else None)
    return [finding for finding in gate.check(material) if finding.rule != "CL006"]


def near(findings: Iterable[Finding], document: str) -> list[Finding]:
    """Return the findings that stand where the document differs from the default one."""
    matcher = difflib.SequenceMatcher(None, text().split("\n"), document.split("\n"), autojunk=False)
    changed = [(j1 + 1, max(j2, j1 + 1)) for tag, _, _, j1, j2 in matcher.get_opcodes() if tag != "equal"]
    return [f for f in findings if any(first - NEAR <= f.line <= last + NEAR for first, last in changed)]
