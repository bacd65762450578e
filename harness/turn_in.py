"""Reads the turn-in message: what it claims, clause by clause, and what it denies."""

from __future__ import annotations

import re
from pathlib import Path

from harness.documents import READERS, Unreadable, read
from harness.facts.answers import TurnIn
from harness.rubric import Rubric, TurnInWords, pattern
from harness.writing import LEAVINGS, plain

LONGEST = 20_000
"""Characters of a message."""

# What the message may be called, the likeliest first.
NAMES = tuple(
    re.compile(name, re.IGNORECASE)
    for name in (r"^turn\W?_?in", r"(?<![^\W_])(?:turn|hand)\W?_?in(?![^\W_])", "^message", "^submission(?!.*answer)")
)
# What separates one claim from the next.
CLAUSES = re.compile(
    r"[.!]+(?:\s+|$)|[;\n]+\s*|,\s+|\s+[–—-]+\s+"
    r"|(?<!to.do)(?<!todo)[?:]+\s+(?!(?:no|none|not|nothing|pending|to\W?do|tomorrow|tonight|will|i \w+ not)\b)"
    r"|(?<!all)(?<!everything)\s+but\s+(?!on\b)"
    r"|\s+(?:and|while|whereas|although|though|however|yet(?! to)|because|since|so)\s+(?!(?:on|running)\b)",
    re.IGNORECASE,
)

# "Terminate the instances" repeats the task; "could set up all of them and terminate them" does not.
TASK = re.compile(r"(?:^|(?<=[.!?:;\n]))\W*terminate\b", re.IGNORECASE)

# "Are they terminated?" claims nothing, unless it is answered: "Are they terminated? Yes."
ASKED = re.compile(
    r"(?<![^\s.!?;,])(?:are|is|were|was|have|has|did|do|does|should|can|could|will|would|may|must)\s[^.!?;\n]*\?+"
    r"(?!\s*\W?(?:yes|yep|done|sure|of course|no|none|not)\b)",
    re.IGNORECASE,
)


def read_turn_in(submission: Path, rubric: Rubric) -> TurnIn:
    """Read the message of a submission (``turn-in.md`` or a like name); an empty one where there is none."""
    files = [path for path in sorted(submission.iterdir()) if not path.is_dir() and not path.name.startswith(LEAVINGS)]
    named = [path for name in NAMES for path in files if name.search(path.stem)]
    problem = ""
    for path in sorted(named, key=lambda path: path.suffix.casefold() not in READERS):
        try:
            text = plain(read(path, submission))
            if len(text) > LONGEST:
                raise Unreadable(f"has {len(text)} characters, which is no message")
            return read_message(path.name, text, rubric.turn_in)
        except Unreadable as error:
            problem = problem or f"{path.name} {error}"
    return TurnIn("", "", (), (), (), (), problem)


def read_message(source: str, text: str, words: TurnInWords) -> TurnIn:
    """Judge a message: each of its claims, and whether the clause denies it."""
    clauses = [" ".join(clause.split()) for clause in _split(text, words)]
    claims = [clause for clause in clauses if pattern(words.set_up).search(clause)]
    ends = [clause for clause in clauses if pattern(words.ended).search(clause) and not _is_of_others(clause, words)]
    set_up, not_set_up = _sort(claims, words.set_up, words)
    ends += [clause for clause in clauses if pattern(words.running).search(clause) and clause not in ends]
    terminated, not_terminated = _sort(ends, words.ended, words)
    if terminated and _is_of_one(" ".join(clauses[clauses.index(terminated[0]) :]), words):
        not_terminated = (*not_terminated, terminated[0])
    return TurnIn(source, " ".join(text.split()), set_up, not_set_up, terminated, not_terminated)


def _split(text: str, words: TurnInWords) -> list[str]:
    """Return the clauses; questions, and what sounds like a denial and is none, are taken out first."""
    told = ASKED.sub(" ", pattern(words.no_denials).sub(" ", TASK.sub(" ", text)))
    return [clause for clause in CLAUSES.split(told) if clause and clause.strip()]


def _is_of_others(clause: str, words: TurnInWords) -> bool:
    """Say whether a clause tells of the end of things that are no instances: "deleted the endpoint"."""
    of_others = re.compile(
        rf"(?:{'|'.join(words.ended)}) (?:\w+ ){{0,3}}(?:{'|'.join(words.other_things)})(?!\w)", re.I
    )
    rest, count = of_others.subn(" ", clause)
    return bool(count) and "instance" not in rest and not pattern((*words.one_of_them, *words.all_of_them)).search(rest)


def _is_of_one(told: str, words: TurnInWords) -> bool:
    """Say whether what is told from the first end on is of one instance alone."""
    named = {name.lower() for name in pattern(words.one_of_them).findall(told)}
    return len(named) == 1 and not pattern(words.all_of_them).search(told)


def _sort(clauses: list[str], claim: tuple[str, ...], words: TurnInWords) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the clauses that claim, and those that deny; "could not at first, but then did" denies nothing."""
    claimed = [clause for clause in clauses if not _is_denied(clause, claim, words)]
    denied = [
        clause
        for number, clause in enumerate(clauses)
        if clause not in claimed
        and not any(_undoes(later, clause, words) for later in clauses[number + 1 :] if later in claimed)
    ]
    return tuple(claimed), tuple(denied)


def _undoes(clause: str, denial: str, words: TurnInWords) -> bool:
    """Say whether a claim undoes an earlier denial: by a word of its own, or because that was the first try."""
    return bool(pattern(words.undoing).search(clause) or pattern(words.at_first).search(denial))


def _is_denied(clause: str, claim: tuple[str, ...], words: TurnInWords) -> bool:
    """Say whether a word of denial stands in the clause before what is claimed, or right after it."""
    if claim is words.ended and pattern((*words.running, *words.ended_in_part)).search(clause):
        return True
    stated = pattern(claim).search(clause)
    if stated is None:
        return False
    before = pattern(words.denials).search(clause, 0, stated.start())
    after = re.compile(rf"\W*(?:{'|'.join(words.denied_after)})(?!\w)", re.IGNORECASE)
    return bool(before or after.match(clause, stated.end()))
