"""Prove the gate on edits of the project's own document: ``python -m bench.material [SEED …]``.

Of each seed, thirty harmless edits must raise no finding, and a hundred harmful ones must each be found at their line.
Says also how many of the harmful ones a rule explains by itself, with no clause recorded. Ends with 1 when one is missed.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import sys
import tempfile
from pathlib import Path

from bench.edits import Edit
from bench.harmful import Harm
from bench.harmless import Harmless
from harness.catalogue import HOMEWORK, Homework, load
from harness.material import DEFAULT, gate, markdown, records
from harness.material.finding import Finding
from harness.material.material import Material

HARMLESS, HARMFUL = 30, 100
NEAR = 2
"""Lines by which a finding may miss a gap: what is gone has no line of its own."""


class Proof:
    """The default material with its record, and what the gate says to editions of it."""

    def __init__(self) -> None:
        self.text = DEFAULT.read_text(encoding="utf-8")
        self.record = records.read(records.beside(DEFAULT))
        self.today = datetime.datetime.now(datetime.UTC).date()

    def findings(self, edit: Edit) -> list[Finding]:
        """Return what is found in an edition, the catalogue changed with it where the edit says so."""
        text = edit.text.removeprefix("\ufeff").replace("\r\n", "\n")
        document = markdown.parse(text, DEFAULT)
        return gate.check(Material(document, _homework(edit), self.today, self.record))

    def is_caught(self, edit: Edit, findings: list[Finding]) -> bool:
        """Say whether a finding stands where the edit is."""
        return any(first - NEAR <= f.line <= last + NEAR for first, last in edit.lines(self.text) for f in findings)


def _homework(edit: Edit) -> Homework:
    if not edit.parameters:
        return load()
    text = HOMEWORK.read_text(encoding="utf-8")
    for old, new in edit.parameters:
        text = text.replace(f"= {old}", f"= {new}")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "homework.toml"
        path.write_text(text, encoding="utf-8")
        return load.__wrapped__(path)


@dataclasses.dataclass
class Count:
    """How many edits of a seed went which way, with those that went wrong."""

    alarms: list[tuple[Edit, list[Finding]]] = dataclasses.field(default_factory=list)
    missed: list[Edit] = dataclasses.field(default_factory=list)
    unexplained: list[Edit] = dataclasses.field(default_factory=list)
    kinds: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)


def prove(seed: int) -> Count:
    """Try the edits of one seed."""
    proof, count = Proof(), Count()
    for edit in Harmless(proof.text, seed).edits(HARMLESS):
        found = proof.findings(edit)
        if found:
            count.alarms.append((edit, found))
    for edit in Harm(proof.text, seed).edits(HARMFUL):
        found = proof.findings(edit)
        count.kinds[edit.kind] += 1
        if not proof.is_caught(edit, found):
            count.missed.append(edit)
        if not proof.is_caught(edit, [f for f in found if not f.rule.startswith("CL")]):
            count.unexplained.append(edit)
    return count


def main(seeds: list[int]) -> int:
    """Print both counts of each seed, and every edit that went wrong."""
    wrong = 0
    for seed in seeds:
        count = prove(seed)
        wrong += len(count.alarms) + len(count.missed)
        print(f"seed {seed}: harmless {HARMLESS}, false alarms {len(count.alarms)}; harmful {HARMFUL}, "
              f"caught at their line {HARMFUL - len(count.missed)} ({HARMFUL - len(count.unexplained)} by a rule that explains it)")  # fmt: skip
        for edit, found in count.alarms:
            print(f"  false alarm on {edit.kind} ({edit.about}): {found[0]}")
        for edit in count.missed:
            print(f"  missed: {edit.kind} ({edit.about})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or [1, 2, 3]))
