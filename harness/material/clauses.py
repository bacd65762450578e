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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.catalogue import Homework
from harness.material.document import Block, Document, Place, Prose, Section
from harness.material.lines import read_aws, read_docker
from harness.material.placeholders import PATTERN, Mention, find
from harness.material.records import Clause, Record, fingerprint


@dataclass(frozen=True)
class Item:
    """One thing that a section says, and where."""

    text: str
    place: Place


@dataclass(frozen=True)
class Said:
    """What a section says: its code in order, its prose."""

    section: Section
    code: tuple[Item, ...]
    prose: tuple[Prose, ...]

    @property
    def text(self) -> str:
        """Return the prose as one text, its line breaks gone."""
        return " ".join(_told(part) for part in self.prose if part.kind != "heading")

    @property
    def last(self) -> Place:
        """Return where the section's last item or paragraph stands."""
        places = [self.section.place, *(item.place for item in self.code), *(part.place for part in self.prose)]
        return max(places, key=lambda place: place.line)


def _told(prose: Prose) -> str:
    """Return a paragraph's text with the addresses of its links in place of what the reader sees of them."""
    lines: dict[int, str] = collections.defaultdict(str)
    for run in prose.runs:
        lines[run.place.line] += run.href or run.text
    return " ".join(" ".join(lines.values()).split())


def said(document: Document) -> list[Said]:
    """Return what each section of a document says; headings that stand twice count once, at the first."""
    by_title: dict[str, Said] = {}
    for section in document.sections:
        parts = list(document.within(section))
        code = [item for part in parts if isinstance(part, Block) for item in _items(part)]
        prose = [part for part in parts if isinstance(part, Prose)]
        old = by_title.get(section.title)
        one = Said(section, tuple(code), tuple(prose))
        by_title[section.title] = (
            dataclasses.replace(old, code=old.code + one.code, prose=old.prose + one.prose) if old else one
        )
    return list(by_title.values())


def _items(block: Block) -> Iterator[Item]:
    if block.kind == "shell":
        for command in block.commands:
            if command.is_nested:
                continue
            printed = sorted(
                {name for name, _ in find(command.comment)} - {n for w in command.words for n, _ in find(w.raw)}
            )
            note = f"  # {' '.join(printed)}" if printed else ""
            optional = " (optional)" if block.is_optional else ""
            pipe = "| " if command.reads else ""
            yield Item(f"{command.machine}{optional}: {pipe}{_canonical(command)}{note}", command.place)
    elif block.kind != "output":
        name = block.path or block.kind
        for row, text in enumerate(block.text.split("\n")):
            if text.strip() and not (text.lstrip().startswith("#") and block.kind in ("dockerfile", "python")):
                yield Item(f"{name}: {' '.join(text.split())}", block.at(row, len(text) - len(text.lstrip())))


def _canonical(command: object) -> str:
    """Return a command in a form that quotes, blanks and the order of its options do not change."""
    aws, docker = read_aws(command), read_docker(command)  # type: ignore[arg-type]
    sudo = "sudo " if command.words[0].text == "sudo" else ""  # type: ignore[attr-defined]
    redirects = "".join(f" {r.operator} {r.target.text if r.target else ''}" for r in command.redirects)  # type: ignore[attr-defined]
    if aws is not None:
        head = ["aws", aws.service, aws.operation, *(word.text for word in aws.operands)]
        return (
            sudo
            + " ".join([*head, *sorted(" ".join([n, *(w.text for w in ws)]) for n, ws in aws.options.items())])
            + redirects
        )
    if docker is not None and not docker.unknown and docker.name:
        options = sorted(" ".join([n, *(w.text for w in ws)]) for n, ws in docker.options.items())
        return sudo + " ".join(["docker", docker.name, *options, *(word.text for word in docker.operands)]) + redirects
    return sudo + " ".join(command.argv) + redirects  # type: ignore[attr-defined]


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

    def old(self, text: str) -> str:
        """Return a text with today's values and placeholders replaced by those of that day."""
        for new, old in self.values:
            text = re.sub(rf"(?<![\w.]){re.escape(new)}(?![\w]|\.\d)", lambda _, old=old: f"\1{old}\1", text)  # type: ignore[misc]
        for new, old in self.names:
            text = re.sub(rf"(?<![A-Za-z0-9_]){re.escape(new)}(?![A-Za-z0-9_])", lambda _, old=old: old, text)  # type: ignore[misc]
        return text.replace("\1", "")


def reading(old: Record, homework: Homework, mentions: Iterable[Mention]) -> Reading:
    """Work out what was changed throughout: parameters of the catalogue, and placeholders."""
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
    return Reading(tuple(sorted(values, reverse=True)), tuple(names))


@dataclass(frozen=True)
class Change:
    """A difference between what was accepted and what stands there now."""

    place: Place
    old: str
    new: str


def code_changes(clause: Clause, one: Said, read: Reading) -> Iterator[Change]:
    """Yield what of a section's code is new, gone or different."""
    now = [read.old(item.text) for item in one.code]
    matcher = difflib.SequenceMatcher(None, clause.code, now, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = max(i2 - i1, j2 - j1)
        for offset in range(pairs):
            old = clause.code[i1 + offset] if i1 + offset < i2 else ""
            item = one.code[j1 + offset] if j1 + offset < j2 else None
            place = item.place if item else _hole(one, j1, j2)
            yield Change(place, old, item.text if item else "")


def _hole(one: Said, before: int, after: int) -> Place:
    """Return where something is gone between two items of code: below a paragraph that announces it, or at the next item."""
    first = one.code[before - 1].place.line if 0 < before <= len(one.code) else one.section.place.line
    last = one.code[after].place if after < len(one.code) else Place(one.last.line + 1)
    starts = {item.place.line for item in one.code}
    for prose in one.prose:
        end = prose.runs[-1].place.line if prose.runs else prose.place.line
        if first < end < last.line and prose.text.rstrip().endswith(":") and not starts & {end + 2, end + 3}:
            return Place(end)
    return last if after < len(one.code) else one.last


def prose_changes(clause: Clause, one: Said, read: Reading) -> Iterator[Change]:
    """Yield what of a section's prose somebody could now follow differently."""
    now = read.old(one.text)
    if now == clause.text:
        return
    marks = {read.old(mark): mark for mark in _marks(one)}
    for kind in _KINDS:
        old, new = set(kind(clause.text)), set(kind(now))
        lost, gained = sorted(old - new), sorted(new - old)
        if kind is _sides:
            lost, gained = _swapped(lost, gained)
        if (gained or lost) and not (kind in _BOTH_SIDED and not (lost and gained)):
            word = gained[0] if gained else ""
            place = _place(one, marks.get(word, word)) if word else _gap(one, clause.text, lost[0])
            yield Change(place, " ".join(lost) or "(nothing)", " ".join(gained) or "(nothing)")


def _marks(one: Said) -> set[str]:
    return {run.text.strip() for prose in one.prose for run in prose.runs if run.is_code}


def _place(one: Said, text: str) -> Place:
    """Return where a word of a section stands."""
    probe = text.lower()
    for prose in one.prose:
        for run in prose.runs:
            col = run.text.lower().find(probe)
            if col >= 0 and prose.kind != "heading":
                return Place(run.place.line, run.place.col + col)
    return one.prose[-1].place if one.prose else one.section.place


def _gap(one: Said, before: str, lost: str) -> Place:
    """Return where in today's section a lost word stood: beside the paragraph most like the sentence it was in."""
    sentence = next((s for s in re.split(r"(?<=[.:;!?])\s+", before) if lost.lower() in s.lower()), before)
    best = max((p for p in one.prose if p.kind != "heading"), key=lambda p: _likeness(sentence, p.text), default=None)
    if best is None:
        return one.section.place
    lines: dict[int, str] = collections.defaultdict(str)
    for run in best.runs:
        lines[run.place.line] += run.text
    return Place(max(lines, key=lambda line: _likeness(sentence, lines[line])))


def _likeness(first: str, second: str) -> float:
    left, right = set(first.lower().split()), set(second.lower().split())
    return len(left & right) / (len(right) or 1)


_NUMBERS = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}


def _names(text: str) -> Iterator[str]:
    """Yield what looks like a name of a program, a file, a type or a thing: letters with digits, dots or signs inside."""
    for match in re.finditer(r"[A-Za-z0-9_@:/.?=*-]*[A-Za-z0-9*/]", text):
        word = match[0].rstrip(".:")
        if re.search(r"\d[A-Za-z]|[A-Za-z]\d|[a-z][A-Z]|_|/|\w\.\w|^-|@|=", word) and not re.fullmatch(
            r"[A-Z][a-z]+(?:-[A-Za-z]+)*", word
        ):
            yield word


def _figures(text: str) -> Iterator[str]:
    for match in re.finditer(r"(?<![\w.-])\d+(?:[.,]\d+)*(?![\w-])", text):
        yield match[0]
    for match in re.finditer(r"\b[a-z]+\b", text.lower()):
        if match[0] in _NUMBERS and match[0] != "one":
            yield _NUMBERS[match[0]]


def _ban(text: str) -> Iterator[str]:
    """Yield each "do not" with the word after it."""
    for match in re.finditer(r"\b(?:do not|don't|never|must not|may not) (\w+)", text.lower()):
        yield f"not {match[1]}"


def _deeds(text: str) -> Iterator[str]:
    """Yield the deeds that a text asks for, words of one meaning as one."""
    words = re.findall(r"[a-z]+", text.lower())
    for word in words:
        stem = re.sub(r"(?:ing|ed|es|s)$", "", word)
        for group in _DEEDS:
            if word in group or stem in group or f"{stem}e" in group:
                yield group[0]


_DEEDS = (
    ("terminate",), ("delete", "remove"), ("stop",), ("keep", "retain"), ("attach",), ("detach",), ("deny", "refuse"), ("allow", "let", "permit"),
    ("enable",), ("disable",), ("upload",), ("download",), ("lock",), ("encrypt",), ("publish",), ("skip",), ("ignore",),
)  # fmt: skip


def _sides(text: str) -> Iterator[str]:
    """Yield each word of which there is an opposite, numbered."""
    counts: collections.Counter[str] = collections.Counter()
    for word in re.findall(r"[a-z]+", text.lower()):
        if any(word in pair for pair in _OPPOSITES):
            counts[word] += 1
            yield f"{word} {counts[word]}"


def _swapped(lost: list[str], gained: list[str]) -> tuple[list[str], list[str]]:
    """Return the words that gave way to their opposites, and those opposites."""
    old, new = ({word.partition(" ")[0] for word in words} for words in (lost, gained))
    pairs = [pair for pair in _OPPOSITES for pair in (pair, pair[::-1]) if pair[0] in old and pair[1] in new]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


_OPPOSITES = (
    ("public", "private"), ("workstation", "bastion"), ("before", "after"), ("with", "without"), ("first", "last"), ("above", "below"),
    ("running", "stopped"), ("inside", "outside"), ("user", "root"), ("more", "less"), ("open", "closed"), ("always", "never"),
    ("launched", "terminated"), ("keep", "delete"), ("container", "bastion"),
)  # fmt: skip


def _labels(text: str) -> Iterator[str]:
    """Yield capitalised words inside of sentences: labels of a console, names of products and providers."""
    for match in re.finditer(r"(?<=[a-z,*] )(?:\*\*)?([A-Z][A-Za-z]+)", text):
        yield match[1]


_KINDS = (_names, _figures, _ban, _deeds, _sides, _labels)
_BOTH_SIDED = (_deeds, _sides, _labels)

IMPERATIVES = frozenset(
    [
        "add",
        "allow",
        "answer",
        "apply",
        "ask",
        "attach",
        "authorize",
        "build",
        "change",
        "check",
        "choose",
        "clone",
        "configure",
        "connect",
        "copy",
        "create",
        "delete",
        "detach",
        "disable",
        "download",
        "edit",
        "enable",
        "enter",
        "execute",
        "export",
        "give",
        "grant",
        "hand",
        "import",
        "install",
        "launch",
        "let",
        "log",
        "look",
        "make",
        "mount",
        "move",
        "name",
        "note",
        "open",
        "pick",
        "place",
        "press",
        "publish",
        "pull",
        "push",
        "put",
        "redeem",
        "remove",
        "rename",
        "replace",
        "request",
        "reset",
        "restart",
        "run",
        "save",
        "select",
        "send",
        "set",
        "sign",
        "start",
        "stop",
        "submit",
        "subscribe",
        "terminate",
        "train",
        "type",
        "update",
        "upload",
        "use",
        "write",
    ]
)


def instructions(text: str) -> list[str]:
    """Return the sentences of a text that tell the reader to do something."""
    sentences = [s for s in re.split(r"(?<=[.!?])\s+", text) if len(s.split()) > 3]
    return [
        s
        for s in sentences
        if re.split(r"\W+", s.removeprefix("Then ").removeprefix("Now ").strip().lower())[0] in IMPERATIVES
    ]


def new_instructions(clause: Clause, one: Said) -> Iterator[Change]:
    """Yield instructions that were not there, where there are more of them than there were."""
    before, now = instructions(clause.text), instructions(one.text)
    if len(now) <= len(before):
        return
    for sentence in now:
        near = max((_likeness(old, sentence) for old in re.split(r"(?<=[.:;!?])\s+", clause.text)), default=0.0)
        if near < 0.4:
            yield Change(_place(one, sentence[:20]), "", sentence)


def is_placeholder(text: str) -> bool:
    """Say whether a text is a placeholder and nothing else."""
    return PATTERN.fullmatch(text) is not None
