"""Coverage: each requirement has its clause, and a clause that changed is looked at before it counts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from harness.material import changes, clauses
from harness.material.clauses import Said
from harness.material.document import Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.records import Clause

REVIEW = "if it is meant, record it with gate --accept; if not, undo it"


def _pairs(material: Material) -> Iterator[tuple[Clause, Said]]:
    """Yield each recorded clause that is still there with what it says now."""
    now = {one.section.title: one for one in material.said}
    for clause in material.record.section if material.record else ():
        if clause.title in now:
            yield clause, now[clause.title]


def _reading(material: Material) -> clauses.Reading:
    if material.record is None:
        return clauses.Reading()
    code = [item.text for one in material.said for item in one.code]
    return clauses.reading(material.record, material.homework, material.mentions, material.own, code)


def _for(clause: Clause) -> str:
    return f", which {', '.join(clause.requirements[:3])} rests on" if clause.requirements else ""


@rule("CL001", "warning")
def code_changed(material: Material) -> Iterator[Found]:
    """A clause's commands and files are those that were accepted."""
    read = _reading(material)
    lost = _moved(material, read)
    for clause, one in _pairs(material):
        for change in changes.code_changes(clause, one, read):
            moved = lost.get(read.old(change.new)) if change.new else None
            what = (
                f"moved here from {moved!r}"
                if moved
                else "changed"
                if change.old and change.new
                else "new"
                if change.new
                else "gone"
            )
            message = f"{what} in the clause {clause.title!r}{_for(clause)}: {change.old[:90] or '(nothing)'} → {change.new[:90] or '(nothing)'}"
            yield Found(change.place, message, REVIEW, change.old, change.new)


def _moved(material: Material, read: clauses.Reading) -> dict[str, str]:
    """Return the lines of code that are gone from where they were, each with its old clause."""
    return {
        change.old: clause.title
        for clause, one in _pairs(material)
        for change in changes.code_changes(clause, one, read)
        if change.old
    }


@rule("CL002", "warning")
def prose_changed(material: Material) -> Iterator[Found]:
    """A clause's names, figures and deeds are those that were accepted; rewording is no change."""
    read = _reading(material)
    for clause, one in _pairs(material):
        for change in changes.prose_changes(clause, one, read):
            message = f"the clause {clause.title!r}{_for(clause)} says something else than was accepted: {change.old[:90]} → {change.new[:90]}"
            yield Found(change.place, message, REVIEW, clause.text, one.text)
        for change in changes.reversed_sentences(clause, one, read):
            message = f"the clause {clause.title!r}{_for(clause)} says the opposite of what was accepted: {change.old[:90]!r} → {change.new[:90]!r}"
            yield Found(change.place, message, REVIEW, change.old, change.new)
        for change in changes.lost_instructions(clause, one, read):
            message = f"no longer asked for in the clause {clause.title!r}{_for(clause)}: {change.old[:90]!r}"
            yield Found(change.place, message, REVIEW, change.old, "")


@rule("CL003", "error")
def clauses_there(material: Material) -> Iterator[Found]:
    """No clause vanished, and none has another heading than the catalogue says."""
    if material.record is None:
        return
    now = {one.section.title: one for one in material.said}
    known = {clause.title for clause in material.record.section}
    place = Place(1)
    for clause in material.record.section:
        if clause.title in now:
            place = now[clause.title].last
        elif clause.requirements or clause.code:
            other = next((one for title, one in now.items() if title not in known and _is_same(clause, one)), None)
            if other is not None:
                yield Found(
                    other.section.place,
                    f"the heading {clause.title!r}{_for(clause)} is now {other.section.title!r}: reports send students to a step that is not there",
                    REVIEW + "; the catalogue names it too",
                    clause.title,
                    other.section.title,
                )
            else:
                yield Found(
                    place,
                    f"the clause {clause.title!r}{_for(clause)} vanished",
                    REVIEW,
                    clause.text or clause.title,
                    "",
                )


def _is_same(clause: Clause, one: Said) -> bool:
    code = tuple(item.text for item in one.code)
    first, second = ("\n".join((*code, one.text)), "\n".join((*clause.code, clause.text)))
    return difflib.SequenceMatcher(None, first, second, autojunk=False).quick_ratio() > 0.85


@rule("CL004", "warning")
def new_instructions(material: Material) -> Iterator[Found]:
    """Every instruction belongs to a clause that a requirement claims, or was accepted without one."""
    if material.record is None:
        return
    read = _reading(material)
    known = {clause.title: clause for clause in material.record.section}
    vanished = [
        clause
        for clause in material.record.section
        if clause.title not in {s.title for s in material.document.sections}
    ]
    for one in material.said:
        clause = known.get(one.section.title)
        if clause is not None:
            for change in changes.new_instructions(clause, one, read):
                yield Found(
                    change.place,
                    f"a new instruction that no requirement claims: {change.new[:90]!r}",
                    REVIEW,
                    "",
                    change.new,
                )
        elif not any(_is_same(old, one) for old in vanished) and (one.code or changes.instructions(one.text)):
            yield Found(
                one.section.place,
                f"the step {one.section.title!r} is new, and no requirement claims it",
                REVIEW,
                "",
                one.text,
            )


@rule("CL005", "error")
def requirements_have_clauses(material: Material) -> Iterator[Found]:
    """Every requirement of the catalogue has its clause in the document."""
    if material.record is None:
        return
    titles = {section.title for section in material.document.sections}
    recorded = {clause.title for clause in material.record.section}
    for requirement in material.homework.requirement:
        if requirement.clause not in titles and requirement.clause not in recorded:
            yield Found(
                Place(1),
                f"{requirement.id} rests on the clause {requirement.clause!r}, which the document does not have",
                "write it, or name another clause in the catalogue",
            )


@rule("CL006", "note")
def clauses_recorded(material: Material) -> Iterator[Found]:
    """Somebody has looked at the document and recorded its clauses."""
    if material.record is None:
        yield Found(
            Place(1),
            "no clauses of this document are recorded, so a change of what a requirement rests on goes unseen",
            "review it, then run gate --accept",
        )
