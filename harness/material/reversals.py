"""Sentences that say what they said, with "not" come or gone: without a restart, after a restart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.material.tables import table

_NO = re.compile(r"\b(?:not|no|never|without|nobody|nothing|none|neither|nor|cannot|until|unless|\w+n't)\b")
_NONE = re.compile(r"\b(?:nothing but|no more than|not only|not before|whether or not|not just)\b")
"""What has a "not" in it and denies nothing."""
_SIDE = frozenset(
    [
        "still",
        "longer",
        "only",
        "after",
        "with",
        "again",
        "already",
        "yet",
        "any",
        "some",
        "somebody",
        "something",
        "everybody",
        "anything",
        "ever",
    ]
)
"""Words that come and go with a "not"."""


def reversals(old: Iterable[str], new: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each sentence that denies what it said, or says what it denied, in otherwise the same words."""
    before, now = list(dict.fromkeys(old)), list(dict.fromkeys(new))
    gone = [sentence for sentence in before if sentence not in now]
    for sentence in now:
        words = set() if sentence in before else _said(sentence)
        same = next((one for one in gone if _said(one) == words), None) if len(words) > 1 else None
        if same is not None and _denials(same) % 2 != _denials(sentence) % 2:
            yield same, sentence


def _denials(sentence: str) -> int:
    return len(_NO.findall(_NONE.sub("", sentence.lower())))


def _said(sentence: str) -> set[str]:
    """Return the stems of the words of a sentence that say what it is about."""
    words = re.findall(r"[\w.-]*\w", _NO.sub("", sentence.lower()))
    idle = {*table("terms")["small"]["english"], *_SIDE}
    return {_stem(word) for word in words if word not in idle}


def _stem(word: str) -> str:
    """Return a word without its ending, and without the letter that the ending doubled."""
    stem = re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 4 else word
    return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem
