"""The default document, followed from its first line to its last."""

from __future__ import annotations

from harness import catalogue
from tests.material.following import edition, follow


def test_the_default_document_gives_all_points() -> None:
    stages = catalogue.load().stages
    followed = follow(edition(), *stages)
    assert not followed.broken, followed.messages
    assert not [str(finding) for finding in followed.findings]
    assert len(followed.verdicts) == len(catalogue.load().requirements)
