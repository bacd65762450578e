"""What all stages of the material subject have in common: what the document did, and what was done in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import Unmet

if TYPE_CHECKING:
    from harness.subjects.material.doing import Doing


def must_not_be_over(subject: Doing, requirement: str, what: str) -> None:
    """Raise :class:`~harness.errors.Unmet` once the document has come to its end: then ``what`` never happened."""
    if subject.is_over:
        raise Unmet(requirement, f"the document never {what}")


def must_be_its_own(subject: Doing, what: str, requirement: str) -> None:
    """Raise :class:`~harness.errors.Unmet` where something was put in place because the document's way failed."""
    why = subject.repaired.get(what)
    if why is not None:
        raise Unmet(requirement, why)
