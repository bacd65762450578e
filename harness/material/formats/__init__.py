"""How findings are printed: for people, for GitHub's annotations, as JSON, and as SARIF for code scanning."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from harness.material.finding import Finding
from harness.material.formats import sarif

Format = Callable[[Sequence[Finding]], str]


def text(findings: Sequence[Finding]) -> str:
    """Return a line per finding; what changed stands below it, old and new side by side."""
    lines: list[str] = []
    for finding in findings:
        lines.append(_plain(str(finding)))
        if (finding.old or finding.new) and finding.rule.startswith("CL"):
            lines += [
                f"    was: {_plain(finding.old) or '(nothing)'}",
                f"    now: {_plain(finding.new) or '(nothing)'}",
            ]
    return "".join(f"{line}\n" for line in lines)


def github(findings: Sequence[Finding]) -> str:
    """Return workflow commands that GitHub shows as annotations beside the lines."""
    levels = {"error": "error", "warning": "warning", "note": "notice"}
    return "".join(
        f"::{levels[f.severity]} file={_property(f.path)},line={f.line},col={f.col},title={_property(f.rule)}::"
        f"{_data(f'{f.message} ({f.repair})')}\n"
        for f in findings
    )


def json_(findings: Sequence[Finding]) -> str:
    """Return a JSON object with all findings and how many there are of each severity."""
    counts = {severity: sum(f.severity == severity for f in findings) for severity in ("error", "warning", "note")}
    return (
        json.dumps(
            {"schema": 1, "counts": counts, "findings": [_entry(f) for f in findings]}, indent=1, ensure_ascii=False
        )
        + "\n"
    )


def _entry(finding: Finding) -> dict[str, str | int]:
    entry: dict[str, str | int] = {
        "path": finding.path, "line": finding.line, "col": finding.col, "severity": finding.severity, "rule": finding.rule,
        "message": finding.message, "repair": finding.repair, "context": finding.context,
        "fingerprint": finding.fingerprint,
    }  # fmt: skip
    return entry | ({"old": finding.old, "new": finding.new} if finding.old or finding.new else {})


def _plain(text: str) -> str:
    """Return a text that cannot steer a terminal or begin a line of its own: a stranger wrote it."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _data(text: str) -> str:
    """Escape as "Workflow commands for GitHub Actions", docs.github.com, says of a message."""
    return _plain(text.replace("\n", " ")).replace("%", "%25").replace("\r", "%0D")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: dict[str, Format] = {"text": text, "github": github, "json": json_, "sarif": sarif.render}
