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


def slips(words: Iterable[str]) -> dict[str, str]:
    """Return what each of some words becomes by one slip of the keyboard inside it: a letter lost, or two swapped."""
    found: dict[str, str] = {}
    for word in words:
        for i in range(1, len(word) - 2):
            found.setdefault(word[:i] + word[i + 1 :], word)
            found.setdefault(word[:i] + word[i + 1] + word[i] + word[i + 2 :], word)
    return found


def undoubled(word: str) -> set[str]:
    """Return what a word becomes when one letter inside it is taken away: it may be one too many."""
    return {word[:i] + word[i + 1 :] for i in range(1, len(word) - 2)}
