"""The grade: judgements, put in the catalogue's order and added up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from harness.catalogue import Homework, Requirement
from harness.errors import UsageError
from harness.verdict import Cause, Judgement, Verdict

Phases = Literal["live", "final", "all"]
"""Which phases a run judges."""


@dataclass(frozen=True)
class Row:
    """One requirement and what was judged of it."""

    requirement: Requirement
    judgement: Judgement

    @property
    def earned(self) -> int:
        """Return the requirement's points if it is met, else 0."""
        return self.requirement.points if self.judgement.verdict == "met" else 0


@dataclass(frozen=True)
class Grade:
    """What a run adds up to; ``rows`` are the selected requirements in the catalogue's order.

    ``expected`` are the ids that the run's phase has in the catalogue. ``leaks`` holds a sentence on each thing
    that the run made and that was still there at its end.
    """

    rows: tuple[Row, ...]
    expected: frozenset[str]
    leaks: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Return the points earned, without the bonus."""
        return float(sum(row.earned for row in self.rows if not row.requirement.bonus))

    @property
    def possible(self) -> float:
        """Return the points of the selected requirements, without the bonus."""
        return float(sum(row.requirement.points for row in self.rows if not row.requirement.bonus))

    @property
    def bonus(self) -> float:
        """Return the points earned beyond the total."""
        return float(sum(row.earned for row in self.rows if row.requirement.bonus))

    @property
    def unselected(self) -> int:
        """Return how many requirements of the phase the run was not asked to judge."""
        return len(self.expected - {row.requirement.id for row in self.rows})

    @property
    def is_grade(self) -> bool:
        """Say whether every requirement of the phase was judged and nothing leaked."""
        return not self.leaks and not self.unselected and not self.with_verdict("not judged")

    @property
    def is_perfect(self) -> bool:
        """Say whether all that was selected is met and nothing leaked."""
        return not self.leaks and len(self.with_verdict("met")) == len(self.rows)

    def with_verdict(self, verdict: Verdict, cause: Cause | None = None) -> tuple[Row, ...]:
        """Return the rows of one verdict and, where one is given, of one cause."""
        return tuple(
            row for row in self.rows
            if row.judgement.verdict == verdict and (cause is None or row.judgement.cause == cause)
        )  # fmt: skip


def grade(
    judgements: Iterable[Judgement],
    homework: Homework,
    *,
    phase: Phases = "all",
    selected: Collection[str] | None = None,
    leaks: Iterable[str] = (),
) -> Grade:
    """Add up what was judged.

    ``selected`` are the ids that the run was to judge (without it, those judged): one of them without a
    judgement is *not judged (suite)*, as in a run that was interrupted. Of two judgements on one requirement
    the later one counts. Raises :class:`~harness.errors.UsageError` for an id that the catalogue has not.
    """
    by_id = {judgement.requirement: judgement for judgement in judgements}
    ids = {*by_id, *(selected or ())}
    if strangers := sorted(ids - homework.requirements.keys()):
        raise UsageError(f"The catalogue has no requirement {', '.join(strangers)}; it may have been renamed there.")
    rows = tuple(Row(r, by_id.get(r.id) or _unreached(r.id)) for r in homework.requirement if r.id in ids)
    expected = frozenset(r.id for r in homework.requirement if phase in ("all", r.phase))
    return Grade(rows, expected, tuple(leaks))


def _unreached(requirement: str) -> Judgement:
    return Judgement(requirement, "not judged", "suite", "the run ended before this was judged", "Run it again.")
