"""A sentence that says the opposite in otherwise the same words is found; one that says the same in others is not."""

from __future__ import annotations

import pytest

from tests.material.gating import edited, found, near

OPPOSITE = [
    ("without a restart of the container", "after a restart of the container"),
    ("without a restart of the container", "only with a restart of the container"),
    ("the page changes without", "the page changes not without"),
    ("the container still runs", "the container no longer runs"),
    ("Leave without stopping it", "Leave and stop it"),
]
SAME = [
    ("Keep the key pair and the default VPC", "Do not forget to keep the key pair and the default VPC"),
    ("without a restart of the container", "and the container needs no restart"),
    ("the container still runs", "the container runs on"),
    ("prints nothing but brackets", "prints only brackets"),
    ("The endpoint costs money until it is deleted.", "The endpoint costs money as long as it is not deleted."),
]


@pytest.mark.parametrize(("old", "new"), OPPOSITE)
def test_the_opposite_is_found_where_it_stands(old: str, new: str) -> None:
    document = edited(old, new)
    assert near(found(document), document)


@pytest.mark.parametrize(("old", "new"), SAME)
def test_the_same_in_other_words_is_none(old: str, new: str) -> None:
    assert not [str(finding) for finding in found(edited(old, new))]
