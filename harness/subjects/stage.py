"""What the stages of every subject have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.aws.session import Aws
from harness.catalogue import Homework
from harness.cloud import Patience
from harness.context import Context
from harness.steps import Shared

if TYPE_CHECKING:
    from harness.subjects.subject import Subject


class Stage:
    """A stage of a subject; its public methods are steps that return facts."""

    subject: Subject

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @property
    def context(self) -> Context:
        """Return the run."""
        return self.subject.context

    @property
    def patience(self) -> Patience:
        """Return how long things may take."""
        return self.subject.context.cloud.patience

    @property
    def homework(self) -> Homework:
        """Return the catalogue and its parameters."""
        return self.subject.context.homework

    @property
    def shared(self) -> Shared:
        """Return the results that all processes of the run share."""
        return self.subject.context.shared

    @property
    def region(self) -> str:
        """Return the region of the run."""
        return self.subject.context.cloud.region

    @property
    def run_id(self) -> str:
        """Return the id that the names of what the run creates carry."""
        return self.subject.context.run_id

    @property
    def aws(self) -> Aws:
        """Return AWS as the subject's identity sees it; makes that identity first, where the subject makes it."""
        return self.subject.account.identity.aws()
