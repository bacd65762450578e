"""SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), as GitHub's code scanning takes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from harness.material.finding import RULES, Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

OTHERS = (
    ("WV", "A waiver is about something that is found, and has not expired."),
    ("LK", "Links answer when they are asked."),
    ("follow.", "What a step says can be done, and gives what the text looks for."),
)
"""What is found by others than rules, by the beginning of its id."""


def render(findings: Sequence[Finding]) -> str:
    """Return the findings as a SARIF log of one run."""
    used = sorted({finding.rule for finding in findings})
    run = {
        "tool": {"driver": {"name": "harness gate", "rules": [_rule(id) for id in used]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, used.index(finding.rule)) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _rule(id: str) -> dict[str, Any]:
    known = RULES.get(id)
    about = known.about if known else next((text for start, text in OTHERS if id.startswith(start)), id)
    return {
        "id": id,
        "shortDescription": {"text": about},
        "defaultConfiguration": {"level": known.severity if known else "warning"},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    location = {
        "artifactLocation": {"uri": quote(PurePath(finding.path).as_posix())},
        "region": {"startLine": finding.line, "startColumn": finding.col},
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": f"{finding.message} ({finding.repair})"},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"gateFingerprint/v1": finding.fingerprint},
    }
