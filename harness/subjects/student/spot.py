"""The student's spot instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.facts.instances import Instance
from harness.steps import step
from harness.subjects import observing

if TYPE_CHECKING:
    from harness.subjects.student import Student


class Spot(observing.Spot):
    """Finds the instance that was launched with the options file."""

    subject: Student

    @step
    def instance(self) -> Instance:
        return self.subject.instances.alive("spot")
