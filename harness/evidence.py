"""What was seen, as a report shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

Kind = Literal["api", "ssh", "http", "docker", "file"]


@dataclass(frozen=True)
class Evidence:
    """One observation: how it was made (``kind``), of what, and what was seen.

    Never put a secret (key material, token, password, presigned URL) into ``saw``.
    """

    kind: Kind
    what: str
    saw: str


@runtime_checkable
class HasEvidence(Protocol):
    """Facts that can show what they were drawn from."""

    @property
    def evidence(self) -> tuple[Evidence, ...]: ...
