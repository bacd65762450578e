"""The gate: every rule over a document, less what is waived and what was there before."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from harness.catalogue import Homework
from harness.material import DEFAULT, clauses, markdown, records, rules
from harness.material.document import Document
from harness.material.finding import RULES, Finding
from harness.material.material import Material
from harness.material.records import Record

assert rules  # importing the package declares them


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


def without(findings: Iterable[Finding], known: Iterable[str], kin: Iterable[str] = ()) -> list[Finding]:
    """Return the findings less those whose fingerprints were known before, as often as they were.

    What was said before (``kin``) as often as now is not new either: only its line is written otherwise.
    """
    findings, left, said = list(findings), Counter(known), Counter(kin)
    new: list[Finding] = []
    for finding in findings:
        if left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
            said[finding.kin] -= 1
        else:
            new.append(finding)
    fresh: list[Finding] = []
    for finding in new:
        if said[finding.kin] > 0:
            said[finding.kin] -= 1
        else:
            fresh.append(finding)
    return fresh


def accept(material: Material, recorded: Path | None = None) -> Path:
    """Record the document's clauses as they are; returns where."""
    path = recorded or records.beside(material.document.path)
    records.write(path, clauses.record(material.document, material.homework, material.mentions, material.today))
    return path
