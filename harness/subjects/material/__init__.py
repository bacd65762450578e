"""The material subject: the homework document itself is followed, and what comes of it is judged.

The document is followed once, by :class:`~harness.subjects.material.doing.Doing`, whose stages look at things in the
moments that the document makes: a container before it is removed, a port before its rule is there. Whoever asks for a
fact waits until the document has come to its end.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Any, cast

from harness.context import Context
from harness.material.document import Document
from harness.material.finding import Finding
from harness.subjects.material.doing import FINDINGS, Doing
from harness.subjects.subject import Subject

__all__ = ["FINDINGS", "Material"]


class Material(Subject):
    """A document's reader; its stages answer when the document has been followed to its end."""

    def __init__(self, context: Context, document: Document) -> None:
        super().__init__(context)
        self.doing = Doing(context, document)
        for name in Subject.__annotations__:
            setattr(self, name, cast("Any", _Awaited(getattr(self.doing, name), self.doing.followed)))

    @property
    def findings(self) -> list[Finding]:
        """Return what following the document met."""
        return self.doing.followed()

    def close(self) -> None:
        """End the connections to hosts and the helpers on this machine."""
        self.doing.close()

    def early(self, requirements: Collection[str]) -> list[Callable[[], object]]:  # noqa: ARG002 - all is one step
        """Return the one step that there is."""
        return [self.doing.followed]


class _Awaited:
    """A stage whose steps wait until the document has been followed."""

    def __init__(self, stage: object, followed: Callable[[], object]) -> None:
        self._stage = stage
        self._followed = followed

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stage, name)
        return functools.partial(self._once_followed, found) if callable(found) else found

    def _once_followed(self, work: Callable[[], Any]) -> Any:
        self._followed()
        return work()
