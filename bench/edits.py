"""An edit of a homework document, as the gate is proved on."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """An edited document; ``parameters`` are pairs to be replaced in the catalogue's text as well."""

    kind: str
    about: str
    text: str
    parameters: tuple[tuple[str, str], ...] = ()

    def lines(self, original: str) -> list[tuple[int, int]]:
        """Return the changed stretches as first and last line of the edited text; where lines are gone, the gap."""
        before, after = original.split("\n"), self.text.split("\n")
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        return [(j1 + 1, max(j2, j1 + 1)) for tag, _, _, j1, j2 in matcher.get_opcodes() if tag != "equal"]
