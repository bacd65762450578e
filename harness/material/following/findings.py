"""What following a document finds, and the rules by which it is named."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.material.document import Document, Place
from harness.material.finding import Finding, Severity

RULES: dict[str, tuple[Severity, str]] = {
    "follow.fails": ("error", "A step fails when it is done in its turn."),
    "follow.prints-nothing": ("error", "The reader is told to find something that a command does not print."),
    "follow.wrong-value": ("error", "A command shows another value than the one that the reader is told to take."),
    "follow.several-values": ("warning", "A command shows several values, and nothing says which is meant."),
    "follow.other-output": ("warning", "The sample of an output has what the output has not."),
    "follow.no-value": ("error", "A placeholder stands for a value that no earlier step has given."),
    "follow.not-own": ("error", "A command names the id of something that is not the reader's."),
    "follow.not-run": ("warning", "A command is not on the list of those that are run."),
    "follow.unknown": ("note", "A sentence tells the reader to do something that nothing here knows how to do."),
}
"""Severity and sentence by id."""


@dataclass
class Findings:
    """Gathers what is found in one document, each thing once."""

    document: Document
    all: list[Finding] = field(default_factory=list)

    def add(self, rule: str, place: Place, message: str, repair: str) -> None:
        """Write down what a rule found at a place, and what to write instead."""
        severity, _ = RULES[rule]
        context = self.document.line(place.line)
        path = str(self.document.path)
        found = Finding(path, place.line, place.col, severity, rule, message, repair, context=context)
        if found not in self.all:
            self.all.append(found)
