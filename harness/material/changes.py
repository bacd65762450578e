"""What of a clause somebody could now follow differently than it was accepted.

Rewording is no change: of prose only that counts which somebody could follow wrongly — code, addresses, numbers,
labels of a console, "do not", and which thing is done to which.
"""

from __future__ import annotations

import collections
import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material import canonical
from harness.material.canonical import settled
from harness.material.clauses import Reading, Said, told
from harness.material.document import Place, Prose
from harness.material.equivalents import meant
from harness.material.following.prose import ACTIONS
from harness.material.forms import is_look, is_same_look
from harness.material.records import Clause
from harness.material.reversals import reversals
from harness.material.tables import table


@dataclass(frozen=True)
class Change:
    """A difference between what was accepted and what stands there now."""

    place: Place
    old: str
    new: str


def code_changes(clause: Clause, one: Said, read: Reading) -> Iterator[Change]:
    """Yield what of a section's code is new, gone or different."""
    was, now = [settled(text) for text in clause.code], [settled(read.old(item.text)) for item in one.code]
    if was != now and meant(was) == meant(now):
        return
    stretches = [s for s in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes() if s[0] != "equal"]
    elsewhere = _in_their_lot([was[i] for _, i1, i2, _, _ in stretches for i in range(i1, i2)],
                              [now[j] for _, _, _, j1, j2 in stretches for j in range(j1, j2)])  # fmt: skip
    for _, i1, i2, j1, j2 in stretches:
        gone = [
            text for text, form in zip(clause.code[i1:i2], was[i1:i2], strict=True) if text and form not in elsewhere
        ]
        fresh = [
            item for item, form in zip(one.code[j1:j2], now[j1:j2], strict=True) if item.text and form not in elsewhere
        ]
        if len(gone) == len(fresh) == 1 and is_same_look(gone[0], fresh[0].text):
            continue
        looks = [item for item in fresh if is_look(item.text)]
        if len(fresh) - len(looks) >= len(gone):  # nothing that was there became a look
            fresh = [item for item in fresh if item not in looks]
        for old, item in itertools.zip_longest(gone, fresh):
            place = item.place if item else _hole(one, j1, j2)
            yield Change(place, old or "", item.text if item else "")


def _in_their_lot(gone: list[str], fresh: list[str]) -> set[str]:
    """Return what only stands at another place among its like, where the order says nothing."""
    return {text for text in gone if canonical.lot(text) and text in fresh}


def _hole(one: Said, before: int, after: int) -> Place:
    """Return where something is gone between two items of code.

    That is below a paragraph that announces it, or at the end of a block where another block follows, or at the next item.
    """
    previous = one.code[before - 1] if 0 < before <= len(one.code) else None
    following = one.code[after] if after < len(one.code) else None
    first = previous.place.line if previous else one.section.place.line
    last = following.place if following else Place(one.last.line + 1)
    starts = {item.place.line for item in one.code}
    for prose in one.prose:
        end = prose.runs[-1].place.line if prose.runs else prose.place.line
        if first < end < last.line and prose.text.rstrip().endswith(":") and not starts & {end + 2, end + 3}:
            return Place(end)
    if previous and previous.text and (following is None or not following.text):
        return Place(previous.place.line + 1)
    return last if following else one.last


def prose_changes(clause: Clause, one: Said, read: Reading) -> Iterator[Change]:
    """Yield what of a section's prose somebody could now follow differently."""
    now = read.old(one.text)
    if now == clause.text:
        return
    marks = {read.old(mark): mark for mark in _marks(one)}
    known = set(split_sentences(clause.text))
    fresh = [prose for prose in one.prose if not set(split_sentences(read.old(told(prose)))) <= known]
    for kind in _KINDS:
        old, new = set(kind(clause.text)), set(kind(now))
        lost, gained = sorted(old - new), sorted(new - old)
        if kind is _sides:
            lost, gained = _swapped(lost, gained)
            if set(gained) & _WHOM and not any(_is_edition(s, known, set(gained)) for s in split_sentences(now)):
                continue
        if (
            kind is _names and not lost
        ):  # a link or picture more, and a value that stands elsewhere, change nothing either
            shown = {run.href for prose in one.prose for run in prose.runs}
            gained = [name for name in gained if "://" not in name and name not in {*read.fixed, *shown}]
        if kind is _figures and not lost:  # "two remarks:" before something new changes nothing that was there
            gained = [figure for figure in gained if re.search(rf"(?<!\w){re.escape(figure)}(?!\w)", now)]
            gained = [figure for figure in gained if figure not in read.fixed]
        if kind is _actions:
            gained = []
        if (gained or lost) and not (kind in _BOTH_SIDED and not (lost and gained)):
            word = gained[0].partition(" ")[0] if gained else ""
            place = _place(one, marks.get(word, word), fresh) if word else _gap(one, clause.text, lost[0])
            yield Change(place, " ".join(lost) or "(nothing)", " ".join(gained) or "(nothing)")


def reversed_sentences(clause: Clause, one: Said, read: Reading) -> Iterator[Change]:
    """Yield sentences that deny what they said, or say what they denied."""
    for old, new in reversals(split_sentences(clause.text), split_sentences(read.old(one.text))):
        yield Change(_nearest(one, new)[1] or one.section.place, old, new)


def _marks(one: Said) -> set[str]:
    return {run.text.strip() for prose in one.prose for run in prose.runs if run.is_code}


def _place(one: Said, text: str, first: list[Prose] | None = None) -> Place:
    """Return where a word of a section stands; in what was changed, where it stands there as well."""
    word = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE)
    loose = re.compile(re.escape(text), re.IGNORECASE)
    for prose, pattern in itertools.product([*(first or ()), *one.prose], (word, loose)):
        for run in prose.runs if prose.kind != "heading" else ():
            match = pattern.search(run.text)
            if match:
                return Place(run.place.line, run.place.col + match.start())
    return one.prose[-1].place if one.prose else one.section.place


def _gap(one: Said, before: str, lost: str) -> Place:
    """Return where in today's section a lost word stood: in what is left of its sentence, or below the one before it."""
    sentences = split_sentences(before)
    spelt = {figure: word for word, figure in _NUMBERS.items()}.get(lost, lost)
    probe = re.compile(rf"(?<!\w)(?:{re.escape(lost)}|{re.escape(spelt)})(?!\w)", re.IGNORECASE)
    at = next((i for i, s in enumerate(sentences) if probe.search(s)), None)
    if at is None:
        return _nearest(one, before)[1] or one.section.place
    return _beside(one, sentences, at)


def _beside(one: Said, sentences: list[str], at: int) -> Place:
    """Return where a sentence of the accepted text stands today, or stood: after the one that stood before it."""
    for i in range(at, -1, -1):
        likeness, place = _nearest(one, sentences[i])
        if place is not None and likeness >= _SAME:
            return place
    return one.section.place


_SAME = 0.6
"""From this likeness on two sentences are taken for editions of one."""


def _nearest(one: Said, sentence: str) -> tuple[float, Place | None]:
    """Return how like a sentence the likest lines of a section's prose are, and where they end."""
    best: tuple[float, Place | None] = (0.0, None)
    wanted = set(_words(sentence))
    for prose in one.prose:
        rows: dict[int, list[str]] = collections.defaultdict(list)
        for run in prose.runs if prose.kind != "heading" else ():
            rows[run.place.line] += _words(run.href or run.text)
        shared = {line: len(wanted & set(row)) for line, row in rows.items()}
        likeness = len(wanted & {word for row in rows.values() for word in row}) / (len(wanted) or 1)
        if rows and likeness > best[0]:
            best = likeness, Place(max(shared, key=lambda line: (shared[line], line)))
    return best


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text.lower())


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return re.split(r"(?<=[.:;!?])\s+|\n", text)


def _likeness(first: str, second: str) -> float:
    left, right = set(first.lower().split()), set(second.lower().split())
    return len(left & right) / (len(right) or 1)


def _told_by(sentence: str) -> str:
    """Return the words of a sentence that say something: small ones stand in every other."""
    return " ".join(word for word in _words(sentence) if word not in table("terms")["small"]["english"])


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
    for match in re.finditer(r"[A-Za-z0-9_@:/.?=*-]*[A-Za-z0-9*/=]", text):
        word = match[0].rstrip(".:")
        if re.search(r"\d[A-Za-z]|[A-Za-z]\d|[a-z][A-Z]|_|/|\w\.\w|^-|@|=", word) and not re.fullmatch(
            r"[A-Z][a-z]+(?:-[A-Za-z]+)*", word
        ):
            yield word


def _figures(text: str) -> Iterator[str]:
    text = re.sub(r"\[\^\w+\]:?", "", text)  # marks of footnotes
    text = _DATE.sub("", text)
    for match in re.finditer(r"(?<![\w.-])\d+(?:[.,]\d+)*(?![\w-])", text):
        yield match[0]
    for match in re.finditer(r"\b[a-z]+\b", text.lower()):
        if match[0] in _NUMBERS and match[0] != "one":
            yield _NUMBERS[match[0]]


_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?"
    r"|\b20\d\d-\d\d(?:-\d\d)?\b|\b\d{1,2}:\d\d(?: ?[ap]m)?\b|\b(?:spring|summer|fall|autumn|winter|semester|term) 20\d\d\b",
    re.IGNORECASE,
)
"""A day, a time or a semester: every edition has its own."""


def _ban(text: str) -> Iterator[str]:
    """Yield each "do not" with the word after it."""
    for match in re.finditer(r"\b(?:do not|don't|never|must not|may not) (?!forget\b)(\w+)", text.lower()):
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
    ("terminate",), ("delete", "remove"), ("stop",), ("keep", "retain"), ("attach",), ("detach",), ("deny", "refuse", "forbid"), ("allow", "let", "permit"),
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
    ("nothing", "something"), ("nobody", "everybody"), ("nobody", "anybody"), ("start", "stop"), ("stops", "starts"), ("full", "empty"), ("allow", "forbid"), ("missing", "listed"), ("download", "upload"), ("public", "private"), ("workstation", "bastion"), ("before", "after"), ("with", "without"), ("first", "last"), ("above", "below"),
    ("running", "stopped"), ("inside", "outside"), ("user", "root"), ("more", "less"), ("open", "closed"), ("always", "never"),
    ("least", "most"), ("minimum", "maximum"), ("newest", "oldest"), ("inbound", "outbound"), ("ingress", "egress"), ("higher", "lower"),
    ("enable", "disable"), ("attach", "detach"), ("allow", "deny"), ("terminated", "running"), ("launched", "terminated"), ("keep", "delete"), ("container", "bastion"),
)  # fmt: skip


def _units(text: str) -> Iterator[str]:
    """Yield the units that a text counts in, numbered: a cent is no dollar, and an hour no minute."""
    counts: collections.Counter[str] = collections.Counter()
    units = r"second|minute|hour|day|week|month|year|dollar|cent|euro|percent|[KMGT]i?B|vCPU|word|pixel"
    for match in re.finditer(rf"\b({units})s?\b", text):
        counts[match[1]] += 1
        yield f"{match[1]} {counts[match[1]]}"


_WHOM = {"nobody", "everybody", "anybody", "nothing", "something"}
"""Words that a sentence may change for their opposites together with its verb: nobody reaches it, it is out of everybody's reach."""


def _is_edition(sentence: str, known: set[str], words: set[str]) -> bool:
    """Say whether a sentence with one of some words is an accepted one with little else changed."""
    is_one = not words.isdisjoint(_words(sentence))
    return is_one and any(_likeness(old, sentence) >= _SAME for old in known)


def _labels(text: str) -> Iterator[str]:
    """Yield capitalised words inside of sentences: labels of a console, names of products and providers."""
    for match in re.finditer(r"(?<=[a-z,*] )(?:\*\*)?([A-Z][A-Za-z]+)", text):
        if match[1] not in ("YOUR", "MY", "THE"):  # what placeholders begin with
            yield match[1]


def _actions(text: str) -> Iterator[str]:
    """Yield what a text has its reader do in a console: no command says it, so that words are all there is."""
    for name, pattern in ACTIONS:
        if name in _CONSOLE and re.search(pattern, text, re.IGNORECASE):
            yield name


_CONSOLE = ("budget", "group", "policy", "user", "member", "access key", "key pair", "edit page")
_KINDS = (_actions, _names, _figures, _units, _ban, _deeds, _sides, _labels)
_BOTH_SIDED = (_units, _deeds, _sides, _labels)

_REMARK = re.compile(r"Note(?:[:,]| that\b| [A-Z])")
"""A remark that only begins like an instruction."""


_OPENING = re.compile(
    r"^(?:(?:then|now|next|first|finally|please|also)\b,?\s+|(?:once|when|after|before|if|to|on|in)\b[^,.]{0,60},\s+|(?:do not forget|don't forget|remember) to\s+)+",
    re.IGNORECASE,
)
"""What may stand before an instruction's verb."""


def instructions(text: str) -> list[str]:
    """Return the sentences of a text that tell the reader to do something."""
    sentences = [
        s for s in re.split(r"(?<=[.!?])\s+|(?<=:)\s+(?=[A-Z])|\n", text) if len(s.split()) > 3 and not _REMARK.match(s)
    ]
    return [
        s
        for s in sentences
        if re.split(r"\W+", _OPENING.sub("", s.strip()).lower())[0] in table("terms")["imperatives"]
    ]


def new_instructions(clause: Clause, one: Said, read: Reading) -> Iterator[Change]:
    """Yield instructions that were not there, where there are more of them than there were.

    What announces commands that were accepted is no new instruction, however it is put.
    """
    before, now = instructions(clause.text), instructions(one.text)
    if len(now) <= len(before):
        return
    announced = "" if any(code_changes(clause, one, read)) else " ".join(_announcements(one))
    for sentence in now:
        if sentence in announced:
            continue
        near = max((_likeness(old, sentence) for old in split_sentences(clause.text)), default=0.0)
        if near < 0.4:
            yield Change(_place(one, sentence[:20]), "", sentence)


def _announcements(one: Said) -> Iterator[str]:
    """Yield the paragraphs of a section right below which a block stands."""
    starts = {item.place.line for item in one.code}
    for prose in one.prose:
        end = prose.runs[-1].place.line if prose.runs else prose.place.line
        if starts & {end + 2, end + 3, end + 4}:
            yield told(prose)


def lost_instructions(clause: Clause, one: Said, read: Reading) -> Iterator[Change]:
    """Yield instructions and questions that are gone, where there are fewer of them than there were."""
    text = read.old(one.text)
    before, now = _asked(clause.text), _asked(text)
    sentences = split_sentences(clause.text)
    for sentence in before if len(now) < len(before) else ():
        near = max((_likeness(_told_by(new), _told_by(sentence)) for new in split_sentences(text)), default=0.0)
        if near < 0.4:
            at = next((i for i, one_ in enumerate(sentences) if one_ == sentence), 0)
            yield Change(_beside(one, sentences, at), sentence, "")


def _asked(text: str) -> list[str]:
    """Return the sentences of a text that want something of the reader: instructions, and questions to be answered."""
    wanted = instructions(text)
    return [s for s in split_sentences(text) if s in wanted or (s.endswith("?") and len(s.split()) > 3)]
