"""Verdicts: what a test says of one requirement, before anybody adds up points."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import cattrs

from harness.evidence import Evidence

Verdict = Literal["met", "not met", "not judged"]
Cause = Literal["cloud", "suite", "missing"]
"""Why a requirement is not judged: cloud trouble, a fault of this suite, or a missing prerequisite."""

_converter = cattrs.Converter(forbid_extra_keys=True)


@dataclass(frozen=True)
class Judgement:
    """The verdict on one requirement.

    ``requirement`` is the catalogue's id. ``cause`` is set exactly when the verdict is *not judged*.
    ``message`` says what is, where, and what was expected; ``hint`` is in the student's words. ``hints`` are
    advice on something that is met. ``seconds`` is what judging took, the fixtures it was first to ask for included.
    Raises ``ValueError`` where verdict and cause contradict each other.
    """

    requirement: str
    verdict: Verdict
    cause: Cause | None = None
    message: str = ""
    hint: str = ""
    evidence: tuple[Evidence, ...] = ()
    seconds: float = 0.0
    hints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.verdict == "not judged") != (self.cause is not None):
            raise ValueError(f"{self.requirement}: verdict {self.verdict!r} cannot have the cause {self.cause!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON and pytest-xdist can carry them."""
        return {**asdict(self), "evidence": [asdict(seen) for seen in self.evidence], "hints": list(self.hints)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Judgement:
        """Read what :meth:`to_dict` returned; raises ``cattrs.BaseValidationError`` where it is something else."""
        return _converter.structure(data, cls)
