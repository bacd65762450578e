"""Waivers: findings that somebody looked at and lets stand, with a reason and a last day.

A TOML file beside the document::

    [[waiver]]
    rule = "PR003"
    text = "JumpBox"                 # part of the line it is about; without it the whole document
    reason = "the course's slides call it that"
    expires = 2027-06-30
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cattrs

from harness.errors import UsageError
from harness.material import reading
from harness.material.finding import RULES, Finding

SUFFIX = ".waivers.toml"


@dataclass(frozen=True)
class Waiver:
    """One waiver; ``text`` is part of the line that it is about, or of the message where something is missing."""

    rule: str
    reason: str
    expires: datetime.date
    text: str = ""

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding is the one that is waived."""
        return finding.rule == self.rule and self.text in (finding.context or finding.message)


@dataclass(frozen=True)
class Waivers:
    """The waivers of a document; ``path`` is where they stand."""

    path: Path
    waiver: tuple[Waiver, ...] = ()
    lines: tuple[int, ...] = field(default=())

    def apply(self, findings: Iterable[Finding], today: datetime.date) -> list[Finding]:
        """Return the findings that are not waived, and what is wrong with the waivers themselves."""
        findings = list(findings)
        alive = [waiver for waiver in self.waiver if waiver.expires >= today]
        left = [one for one in findings if not any(waiver.covers(one) for waiver in alive)]
        return left + [
            one for number, waiver in enumerate(self.waiver) for one in self._about(number, waiver, findings, today)
        ]

    def _about(self, number: int, waiver: Waiver, findings: list[Finding], today: datetime.date) -> list[Finding]:
        is_used = any(waiver.covers(finding) for finding in findings)
        if is_used and waiver.expires < today:
            message = f"the waiver of {waiver.rule} expired on {waiver.expires}: {waiver.reason}"
            return [self._finding(number, "error", "WV001", message, "mend the document, or give it another date")]
        if not is_used:
            message = f"nothing is found any more that this waiver of {waiver.rule} is about"
            return [self._finding(number, "note", "WV002", message, "remove the waiver")]
        return []

    def _finding(self, number: int, severity: str, rule: str, message: str, repair: str) -> Finding:
        line = self.lines[number] if number < len(self.lines) else 1
        return Finding(str(self.path), line, 1, severity, rule, message, repair, context=self.waiver[number].rule)  # type: ignore[arg-type]


def beside(document: Path) -> Path:
    """Return where a document's waivers stand."""
    return document.with_name(document.stem + SUFFIX)


def of(document: Path, named: Path | None) -> Waivers:
    """Return the waivers in the file that somebody named, which then has to be there, or of those beside the document."""
    if named is not None and not named.exists():
        raise UsageError(f"{named}: there is no such file of waivers; leave --waivers out, or write it.")
    return read(named or beside(document))


def read(path: Path) -> Waivers:
    """Return the waivers, none where there is no file; raises :class:`~harness.errors.UsageError` for a broken one."""
    if not path.exists():
        return Waivers(path)
    text = reading.read(path)
    try:
        converter = cattrs.Converter(forbid_extra_keys=True)
        converter.register_structure_hook(datetime.date, lambda value, _: _date(value))
        data = tomllib.loads(text)
        if set(data) - {"waiver"}:
            raise ValueError(f"{path}: unknown key {sorted(set(data) - {'waiver'})[0]!r}")
        found = converter.structure(data.get("waiver", []), tuple[Waiver, ...])
        if any(not waiver.reason.strip() for waiver in found):
            raise ValueError("a waiver without a reason")
    except (ValueError, TypeError, cattrs.BaseValidationError) as error:
        reasons = cattrs.transform_error(error) if isinstance(error, cattrs.BaseValidationError) else [str(error)]
        raise UsageError(
            f"{path}: not valid: {'; '.join(reasons)}; each waiver has rule, reason and expires."
        ) from error
    unknown = sorted(
        id for id in {waiver.rule for waiver in found} - set(RULES) if not id.startswith(("follow.", "LK"))
    )
    if unknown:
        raise UsageError(f"{path}: there is no rule {unknown[0]!r}; python -m harness gate --rules lists them.")
    rows = [number for number, line in enumerate(text.split("\n"), start=1) if line.strip() == "[[waiver]]"]
    return Waivers(path, found, tuple(rows))


def _date(value: object) -> datetime.date:
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):  # TOML has both
        raise TypeError(f"expected a date, got {value!r}")
    return value
