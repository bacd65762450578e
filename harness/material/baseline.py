"""What was found before: from a recorded JSON report, or by looking at an older edition of the document."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from harness.errors import UsageError
from harness.material import gate, markdown, reading
from harness.material.finding import Finding, kin
from harness.material.material import Material

LARGEST = 16 * 1024 * 1024


def earlier(path: Path, material: Material) -> list[tuple[str, str]]:
    """Return the earlier findings, each by its fingerprint and by what it says.

    ``path`` is a report of ``--format json``, or an older edition of the document, which is then looked at with the
    same record and catalogue. Raises :class:`~harness.errors.UsageError` for what is neither.
    """
    if path.suffix == ".json":
        return _recorded(path)
    before = dataclasses.replace(material, document=markdown.parse(reading.read(path), material.document.path))
    return [(finding.fingerprint, finding.kin) for finding in gate.check(before)]


def _recorded(path: Path) -> list[tuple[str, str]]:
    try:
        data = json.loads(reading.read(path, LARGEST, longest=LARGEST))
        return [(str(one["fingerprint"]), kin(str(one["rule"]), str(one["message"]))) for one in data["findings"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{path}: this is no report of gate --format json; make one from the edition before."
        ) from error


def changes(findings: list[Finding], path: Path | None, material: Material) -> list[Finding]:
    """Return the findings that were not there before, all of them without a baseline."""
    if path is None:
        return findings
    known = earlier(path, material)
    return gate.without(findings, [one for one, _ in known], [said for _, said in known])
