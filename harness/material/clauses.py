"""What the sections of a document say, and what of it has changed since it was accepted.

Rewording is no change: of prose only that counts which somebody could follow wrongly — code, addresses, numbers,
labels of a console, "do not", and which thing is done to which. A port that changed in the catalogue as well, and a
placeholder that got another name throughout, are no changes either.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.catalogue import Homework
from harness.material.canonical import Item, items
from harness.material.document import Block, Document, Place, Prose, Section
from harness.material.forms import everywhere
from harness.material.placeholders import Mention
from harness.material.records import Clause, Record, fingerprint


@dataclass(frozen=True)
class Said:
    """What a section says: its code in order, its prose."""

    section: Section
    code: tuple[Item, ...]
    prose: tuple[Prose, ...]

    @property
    def text(self) -> str:
        """Return the prose as one text, a line for each paragraph, item or cell."""
        return "\n".join(told(part) for part in self.prose if part.kind != "heading")

    @property
    def last(self) -> Place:
        """Return where the section's last item or paragraph stands."""
        places = [self.section.place, *(item.place for item in self.code), *(part.place for part in self.prose)]
        return max(places, key=lambda place: place.line)


def told(prose: Prose) -> str:
    """Return a paragraph's text with the addresses of its links in place of what the reader sees of them."""
    lines: dict[int, str] = collections.defaultdict(str)
    for run in prose.runs:
        lines[run.place.line] += run.href or run.text
    return " ".join(" ".join(lines.values()).split())


def said(document: Document) -> list[Said]:
    """Return what each section of a document says; headings that stand twice count once, at the first."""
    by_title: dict[str, Said] = {}
    common = everywhere(document.commands)
    for section in document.sections:
        parts = list(document.within(section))
        code = _joined(list(items(part, common)) for part in parts if isinstance(part, Block))
        prose = [part for part in parts if isinstance(part, Prose)]
        old = by_title.get(section.title)
        one = Said(section, tuple(code), tuple(prose))
        by_title[section.title] = (
            dataclasses.replace(old, code=old.code + one.code, prose=old.prose + one.prose) if old else one
        )
    return list(by_title.values())


def _joined(blocks: Iterable[list[Item]]) -> list[Item]:
    """Return the items of several blocks, an empty one between blocks: it shows at which end something is gone."""
    code: list[Item] = []
    for block in blocks:
        code += [Item("", block[0].place)] if code and block else []
        code += block
    return code


def record(document: Document, homework: Homework, mentions: Iterable[Mention], today: datetime.date) -> Record:
    """Return a document's clauses as they are now."""
    claims: dict[str, list[str]] = collections.defaultdict(list)
    for requirement in homework.requirement:
        claims[requirement.clause].append(requirement.id)
    sections = [_clause(one, claims.get(one.section.title, [])) for one in said(document) if one.code or one.prose]
    counts = collections.Counter(mention.name for mention in mentions)
    return Record(today, parameters(homework), dict(counts), tuple(sections))


def _clause(one: Said, requirements: list[str]) -> Clause:
    code = tuple(item.text for item in one.code)
    return Clause(
        one.section.title, tuple(requirements), fingerprint(one.section.title, code, one.text), code, one.text
    )


def parameters(homework: Homework) -> dict[str, str]:
    """Return the catalogue's simple parameters by their dotted names."""
    found: dict[str, str] = {}
    for section in dataclasses.fields(homework):
        value = getattr(homework, section.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for entry in dataclasses.fields(value):
                one = getattr(value, entry.name)
                if isinstance(one, str | int | float) and not isinstance(one, bool):
                    found[f"{section.name}.{entry.name}"] = str(one)
    return found


@dataclass(frozen=True)
class Reading:
    """How today's words are to be read as those of the day of acceptance."""

    values: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    fixed: frozenset[str] = frozenset()
    """What the catalogue names: to mention it once more, as a table of ports does, changes nothing."""

    def old(self, text: str) -> str:
        """Return a text with today's values and placeholders replaced by those of that day."""
        for new, old in self.values:
            text = re.sub(rf"(?<![\w.]){re.escape(new)}(?![\w]|\.\d)", lambda _, old=old: f"\1{old}\1", text)  # type: ignore[misc]
        for new, old in self.names:
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(new)}(?![A-Za-z0-9_])", lambda _, old=old: old, text)  # type: ignore[misc]
        return text.replace("\1", "")


def reading(
    old: Record, homework: Homework, mentions: Iterable[Mention], own: frozenset[str], code: Iterable[str]
) -> Reading:
    """Work out what was changed throughout: parameters of the catalogue, placeholders, and the names that the document gives itself (``own``, standing in its ``code``)."""
    now = parameters(homework)
    values = {(now[name], value) for name, value in old.parameters.items() if name in now and now[name] != value}
    counts = collections.Counter(mention.name for mention in mentions)
    lost = {name: count for name, count in old.placeholders.items() if name not in counts}
    gained = {name: count for name, count in counts.items() if name not in old.placeholders}
    names: list[tuple[str, str]] = []
    for name, count in gained.items():
        same = [other for other, number in lost.items() if number == count and other not in {o for _, o in names}]
        near = difflib.get_close_matches(name, same, n=1, cutoff=0.0)
        names.extend((name, other) for other in near)
    code = list(code)
    names += renamed(old, own, code, frozenset(now.values())) + moved_folders(old, code)
    return Reading(tuple(sorted(values, reverse=True)), tuple(names), frozenset(old.parameters.values()))


def moved_folders(old: Record, code: list[str]) -> list[tuple[str, str]]:
    """Return the directories of other paths than they had, each named as often as the one that it takes the place of."""
    before, now = "\n".join(text for clause in old.section for text in clause.code), "\n".join(code)
    was, made = _made(before) - _made(now), sorted(_made(now) - _made(before))
    found: list[tuple[str, str]] = []
    for path in made:
        count = now.count(path)
        same = [one for one in sorted(was - {o for _, o in found}) if before.count(one) == count >= MENTIONS]
        found += [(path, same[0])] if len(same) == 1 else []
    return found


def _made(code: str) -> set[str]:
    """Return the directories that lines of code make, by their paths: for a virtual environment, or empty."""
    return set(re.findall(r"(?:-m venv|virtualenv|mkdir -p) (/[\w./-]+)$", code, re.MULTILINE))


def renamed(old: Record, own: frozenset[str], code: Iterable[str], fixed: frozenset[str]) -> list[tuple[str, str]]:
    """Return the document's own names that stand, as often as another one did, where that one stood.

    ``code`` is today's; what the catalogue fixes is nobody's own.
    """
    before = collections.Counter(word for clause in old.section for text in clause.code for word in tokens(text))
    counts = collections.Counter(word for text in code for word in tokens(text))
    lost = {word: count for word, count in before.items() if word not in counts and word not in fixed}
    found: list[tuple[str, str]] = []
    for name in sorted(own):
        if name in before or counts[name] < MENTIONS:
            continue
        same = [word for word, count in lost.items() if count == counts[name] and word not in {o for _, o in found}]
        found += [(name, word) for word in difflib.get_close_matches(name, same, n=1, cutoff=0.0)]
    return found


MENTIONS = 2
"""A name that stands once only is not used, and its change nothing that is consistent."""


def tokens(text: str) -> list[str]:
    """Return the names in a line of code: words with dots, dashes and underscores inside, paths in their parts."""
    words = re.findall(r"[A-Za-z0-9_](?:[\w.-]*\w)?", text)
    return [*words, *(part for word in words if "." in word for part in word.split("."))]
