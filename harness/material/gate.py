"""The gate: every rule over a document, less what is waived and what was there before."""

from __future__ import annotations

import datetime
import difflib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from harness.catalogue import Homework
from harness.material import DEFAULT, clauses, markdown, records, rules
from harness.material.document import Document
from harness.material.finding import RULES, Finding, Known
from harness.material.material import Material
from harness.material.records import Record

assert rules  # importing the package declares them

ALIKE = 0.6
"""The share of a line that an edited one has kept."""


def load(path: Path, homework: Homework, today: datetime.date, recorded: Path | None = None) -> Material:
    """Read a document and the record beside it; raises :class:`~harness.errors.UsageError` in one sentence.

    An edition of the suite's own document that lies elsewhere, without a record, is compared with the suite's.
    """
    document = markdown.load(path)
    record = records.read(recorded or records.beside(path))
    if record is None and recorded is None:
        record = _of_the_default(document)
    return Material(document, homework, today, record)


def _of_the_default(document: Document) -> Record | None:
    """Return the record of the suite's own document where this is an edition of it: most clauses are there."""
    record = records.read(records.beside(DEFAULT))
    titles = {section.title for section in document.sections}
    wanted = [clause.title for clause in record.section] if record else []
    return record if sum(title in titles for title in wanted) * 2 > len(wanted) else None


def check(material: Material) -> list[Finding]:
    """Return what the rules find, by line; the same message at the same place counts once."""
    found = {(f.line, f.col, f.rule, f.message): f for one in RULES.values() for f in one.findings(material)}
    return sorted(found.values(), key=lambda finding: (finding.line, finding.col, finding.rule))


def without(findings: Iterable[Finding], known: Iterable[Known]) -> list[Finding]:
    """Return the findings less those known before, as often as they were: in the same line, or in that line edited."""
    left = Counter(known)
    new = []
    for finding in findings:
        if left[finding.known] > 0:
            left[finding.known] -= 1
        else:
            new.append(finding)
    gone = list(left.elements())
    return [finding for finding in new if not _stayed(finding.known, gone)]


def _stayed(now: Known, gone: list[Known]) -> bool:
    """Say whether one of those that are gone is this one, its line edited, and take it from them."""
    for before in gone:
        if (before.rule, before.message) == (now.rule, now.message) and _share(before.context, now.context) >= ALIKE:
            gone.remove(before)
            return True
    return False


def _share(one: str, other: str) -> float:
    """Return how much of the shorter of two lines stands in the other one, in its order: a command may be broken up."""
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(min(len(one), len(other)), 1)


def accept(material: Material, recorded: Path | None = None) -> Path:
    """Record the document's clauses as they are; returns where."""
    path = recorded or records.beside(material.document.path)
    records.write(path, clauses.record(material.document, material.homework, material.mentions, material.today))
    return path
