"""Where a cohort's runs and results lie: a directory for each student, a run in it for each phase."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cattrs

from harness.grading.grade import Phases

PHASES: tuple[Phases, ...] = ("live", "final")


@dataclass(frozen=True)
class Outcome:
    """What came of grading one student in one phase.

    ``is_graded`` says that there is a report, whatever is in it; otherwise ``trouble`` is a sentence on what was in
    the way. ``seconds`` is wall time.
    """

    student: str
    phase: str
    is_graded: bool
    trouble: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Shelf:
    """The directory of a cohort; every path of it is made here."""

    root: Path

    def student(self, name: str) -> Path:
        """Return the directory of one student."""
        return self.root / "students" / name

    def run(self, name: str, phase: str) -> Path:
        """Return the run directory of one student and phase."""
        return self.student(name) / phase

    def log(self, name: str, phase: str) -> Path:
        """Return the file with what a student's run wrote to its terminal."""
        return self.student(name) / f"{phase}.log"

    def merged(self, name: str) -> Path:
        """Return the directory of the report that is made of both phases."""
        return self.student(name) / "grade"

    def finished(self, name: str, phase: str) -> Outcome | None:
        """Return the outcome of a run that came to its report, or ``None``: then it is to be graded (again)."""
        outcome = self.outcome(name, phase)
        return outcome if outcome and outcome.is_graded else None

    def outcome(self, name: str, phase: str) -> Outcome | None:
        """Return the last outcome that was put down, if any; one that was cut short counts as none."""
        try:
            return cattrs.structure(json.loads(self._outcome(name, phase).read_text(encoding="utf-8")), Outcome)
        except (OSError, ValueError, TypeError, cattrs.BaseValidationError):
            return None

    def put(self, outcome: Outcome) -> Outcome:
        """Put an outcome down, whole or not at all."""
        path = self._outcome(outcome.student, outcome.phase)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(outcome), indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
        return outcome

    def forget(self, name: str, phase: str) -> None:
        """Have a student graded again."""
        self._outcome(name, phase).unlink(missing_ok=True)

    def _outcome(self, name: str, phase: str) -> Path:
        return self.student(name) / f"{phase}.json"
