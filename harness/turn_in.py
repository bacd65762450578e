"""Reads the turn-in message: what it claims, clause by clause, and what it denies."""

from __future__ import annotations

import re
from pathlib import Path

from harness.facts.answers import TurnIn
from harness.rubric import Rubric, TurnInWords, pattern
from harness.writing import SUFFIXES, plain, read_text

NAMES = re.compile(r"^turn\W?_?in|^message|^hand\W?_?in|^submission", re.IGNORECASE)
# What separates one claim from the next.
CLAUSES = re.compile(
    r"[.!]+(?:\s+|$)|[;\n]+\s*|[?:]+\s+(?!(?:no|none|not|nothing|pending|to\W?do)\b)|,\s+|\s+[–—-]+\s+"
    r"|\s+(?:and|but|while|whereas|although|though|however|yet(?! to)|because|since|so)\s+(?!on\b)",
    re.IGNORECASE,
)

# "Terminated: no", "terminated none of them".
DENIED_AFTER = re.compile(r"\W*(?:no|none|not|nothing|pending|to\W?do)\b", re.IGNORECASE)

# "Are they terminated?" claims nothing, unless it is answered: "Are they terminated? Yes."
ASKED = re.compile(
    r"(?<![^\s.!?;,])(?:are|is|were|was|have|has|did|do|does|should|can|could|will|would|may|must)\s[^.!?;\n]*\?+"
    r"(?!\s*\W?(?:yes|yep|done|sure|of course|no|none|not)\b)",
    re.IGNORECASE,
)


def read_turn_in(submission: Path, rubric: Rubric) -> TurnIn:
    """Read the message of a submission (``turn-in.md`` or a like name); an empty one where there is none."""
    files = [
        path
        for path in sorted(submission.iterdir())
        if path.is_file() and path.suffix.casefold() in SUFFIXES and NAMES.match(path.stem)
    ]
    if not files:
        return TurnIn("", "", (), (), (), ())
    return read_message(files[0].name, plain(read_text(files[0])), rubric.turn_in)


def read_message(source: str, text: str, words: TurnInWords) -> TurnIn:
    """Judge a message: each of its claims, and whether the clause denies it."""
    clauses = [" ".join(clause.split()) for clause in _split(text, words)]
    claims = [clause for clause in clauses if pattern(words.set_up).search(clause)]
    ends = [clause for clause in clauses if pattern(words.ended).search(clause)]
    set_up, not_set_up = _sort(claims, words.set_up, words)
    terminated, not_terminated = _sort(ends, words.ended, words)
    return TurnIn(source, " ".join(text.split()), set_up, not_set_up, terminated, not_terminated)


def _split(text: str, words: TurnInWords) -> list[str]:
    """Return the clauses; questions, and what sounds like a denial and is none, are taken out first."""
    told = ASKED.sub(" ", pattern(words.no_denials).sub(" ", text))
    return [clause for clause in CLAUSES.split(told) if clause and clause.strip()]


def _sort(clauses: list[str], claim: tuple[str, ...], words: TurnInWords) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the clauses that claim, and those that deny; "could not at first, but then did" denies nothing."""
    claimed = [clause for clause in clauses if not _is_denied(clause, claim, words)]
    denied = [
        clause
        for number, clause in enumerate(clauses)
        if clause not in claimed
        and not any(_undoes(later, words) for later in clauses[number + 1 :] if later in claimed)
    ]
    return tuple(claimed), tuple(denied)


def _undoes(clause: str, words: TurnInWords) -> bool:
    return pattern(words.undoing).search(clause) is not None


def _is_denied(clause: str, claim: tuple[str, ...], words: TurnInWords) -> bool:
    """Say whether a word of denial stands in the clause before what is claimed, or right after it."""
    stated = pattern(claim).search(clause)
    if stated is None:
        return False
    before = pattern(words.denials).search(clause, 0, stated.start())
    return bool(before or DENIED_AFTER.match(clause, stated.end()))
