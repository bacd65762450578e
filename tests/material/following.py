"""Editions of the project's own document, followed in an offline cloud of their own and judged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fixtures.options import SUBMISSION
from harness import catalogue
from harness.context import Context
from harness.leash import Leash
from harness.ledger import Ledger
from harness.material import DEFAULT, markdown
from harness.material.finding import Finding
from harness.offline.cloud import OfflineCloud
from harness.steps import Shared
from harness.subjects.material import Material
from harness.workstation import set_up
from tests.judging import Judge

MET = "met"


def edition(*, without: Iterable[str] = (), edits: Iterable[tuple[str, str]] = ()) -> str:
    """Return the default document without some chapters or sections, and with some words replaced by others."""
    text = DEFAULT.read_text(encoding="utf-8")
    for title in without:
        text = _cut(text, title)
    for old, new in edits:
        assert text.count(old) >= 1, f"the document has no {old!r}"
        text = text.replace(old, new, 1)
    return text


def _cut(text: str, title: str) -> str:
    """Return a text without the section of that heading and all below it."""
    sections = markdown.parse(text).sections
    (number,) = [number for number, section in enumerate(sections) if section.title == title]
    level, lines = sections[number].level, text.split("\n")
    after = [section.place.line for section in sections[number + 1 :] if section.level <= level]
    del lines[sections[number].place.line - 1 : (after[0] - 1 if after else len(lines))]
    return "\n".join(lines)


@dataclass
class Followed:
    """What came of following a document: findings, and verdicts by requirement."""

    findings: list[Finding]
    verdicts: dict[str, str]
    messages: dict[str, str]

    @property
    def broken(self) -> dict[str, str]:
        """Return the requirements that are not met, with their verdicts."""
        return {id: verdict for id, verdict in self.verdicts.items() if verdict != MET}

    def found(self, rule: str) -> list[int]:
        """Return the lines that a rule found something in."""
        return [finding.line for finding in self.findings if finding.rule == rule]


@contextlib.contextmanager
def run(leash: Leash) -> Iterator[Context]:
    """Give a run in a new offline cloud."""
    with OfflineCloud(leash.directory("cloud")) as offline:
        directory = leash.directory("run")
        yield Context(
            run_id="fllwng",
            run_dir=directory,
            homework=catalogue.load(),
            cloud=offline.cloud,
            workstation=set_up(leash, offline.cloud),
            ledger=Ledger(directory / "ledger.jsonl"),
            shared=Shared(directory / "shared"),
            submission=SUBMISSION,
            chosen=frozenset(catalogue.load().requirements),
        )


def follow(text: str, *wanted: str) -> Followed:
    """Follow a document and judge some requirements, or all of some stages."""
    with contextlib.closing(Leash()) as leash, run(leash) as context:
        subject = Material(context, markdown.parse(text, Path("homework.md")))
        try:
            findings = subject.findings
            judge = Judge(subject, context)
            ids = [id for id in context.homework.requirements if {id, id.partition(".")[0]} & set(wanted)]
            judged = {id: judge.judge(id) for id in ids}
        finally:
            subject.close()
    verdicts = {id: f"not judged ({one.cause})" if one.cause else one.verdict for id, one in judged.items()}
    return Followed(findings, verdicts, {id: one.message for id, one in judged.items()})
