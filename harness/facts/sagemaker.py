"""What was seen of the notebook instance, of the saved notebook, and of what the clean-up left."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence


@dataclass(frozen=True)
class NotebookInstance:
    """A notebook instance; ``url_issued`` says that a presigned URL was issued, which itself is a secret."""

    name: str
    status: str
    instance_type: str
    failure: str
    url_issued: bool
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class SavedNotebook:
    """A notebook document.

    ``problem`` says why it is not one (empty where it is). ``steps`` are the example's steps found in executed
    cells, ``missing`` those that are not there, ``unexecuted`` the numbers (from 1) of code cells never run, and
    ``errors`` the errors that executed cells ended with.
    """

    name: str
    problem: str
    about_kmeans: bool
    code_cells: int
    steps: tuple[str, ...]
    missing: tuple[str, ...]
    unexecuted: tuple[int, ...]
    errors: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Thing:
    """A resource by its kind (in words) and its name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Cleaned:
    """What was looked for after the clean-up, and which of it is still there."""

    looked_for: tuple[Thing, ...]
    remaining: tuple[Thing, ...]
    evidence: tuple[Evidence, ...] = ()
