"""Comparing words: what somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that a misspelt one is closest to, empty where none is close."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return found[0] if found else ""


def meant(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a repair: what was probably meant, or what to do otherwise."""
    found = nearest(word, known)
    return f"write {found}" if found else otherwise


def is_slip(word: str, other: str) -> bool:
    """Say whether two words differ by one slip of the keyboard inside the word: a letter too few, too many, or two swapped."""
    if word == other or min(len(word), len(other)) < 5 or word[0] != other[0] or word[-2:] != other[-2:]:
        return False
    shorter, longer = sorted((word, other), key=len)
    if len(longer) - len(shorter) == 1:
        return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
    if len(shorter) != len(longer):
        return False
    wrong = [i for i in range(len(word)) if word[i] != other[i]]
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and word[wrong[0]] == other[wrong[1]]
        and word[wrong[1]] == other[wrong[0]]
    )
