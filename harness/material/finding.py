"""What a rule finds, and how a rule is declared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.material.document import Place

if TYPE_CHECKING:
    from harness.material.material import Material

Severity = Literal["error", "warning", "note"]
"""``error``: the step fails or does the wrong thing; ``warning``: stale, unsafe or misleading; ``note``: untidy."""


@dataclass(frozen=True)
class Found:
    """One thing that a rule found: where, what a student will see, and what to write instead.

    ``old`` and ``new`` are what was recorded and what stands there now, where something changed. ``is_missing`` says that
    something is not there at all: it is known again by what it is, not by the line that it was missed at.
    """

    place: Place
    message: str
    repair: str
    old: str = ""
    new: str = ""
    is_missing: bool = False


@dataclass(frozen=True)
class Finding:
    """A found thing with its rule and its file; ``context`` is the line's text, by which it is known again."""

    path: str
    line: int
    col: int
    severity: Severity
    rule: str
    message: str
    repair: str
    old: str = ""
    new: str = ""
    context: str = ""

    @property
    def kin(self) -> str:
        """Return what stays the same when the line is written otherwise as well."""
        return kin(self.rule, self.message)

    @property
    def fingerprint(self) -> str:
        """Return what stays the same when the finding only moves to another line."""
        message = re.sub(r"\blines? \d+", "line", self.message)  # where the other half stands moves as well
        text = "\0".join((self.rule, " ".join(self.context.split()), message))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.col}: {self.severity} {self.rule} {self.message} ({self.repair})"


def kin(rule: str, message: str) -> str:
    """Return what a rule says, wherever it says it."""
    return "\0".join((rule, re.sub(r"\blines? \d+", "line", message)))


Check = Callable[["Material"], Iterable[Found]]


@dataclass(frozen=True)
class Rule:
    """A rule: ``about`` is its sentence for the list of rules."""

    id: str
    severity: Severity
    about: str
    check: Check

    def findings(self, material: Material) -> Iterator[Finding]:
        """Yield what this rule finds in a document."""
        document = material.document
        for found in self.check(material):
            place = found.place
            yield Finding(
                str(document.path), place.line, place.col, self.severity, self.id, found.message, found.repair,
                found.old, found.new, "" if found.is_missing else document.line(place.line),
            )  # fmt: skip


RULES: dict[str, Rule] = {}
"""All rules by id, filled as the modules of :mod:`harness.material.rules` are imported."""


def rule(id: str, severity: Severity) -> Callable[[Check], Check]:
    """Declare a rule; the first line of the function's docstring says what it is about."""

    def declare(check: Check) -> Check:
        if id in RULES:
            raise ValueError(f"two rules are called {id}")
        RULES[id] = Rule(id, severity, (check.__doc__ or "").partition("\n")[0], check)
        return check

    return declare
