"""The written part of the submission."""

from __future__ import annotations

from harness import rubric, turn_in, writing
from harness.facts.answers import Answers as AnswersFacts
from harness.facts.answers import TurnIn
from harness.steps import step
from harness.subjects.stage import Stage


class Answers(Stage):
    """Reads what the submission says; writing it is nobody's step."""

    @step
    def written(self) -> AnswersFacts:
        """Observe the answers to the questions."""
        return writing.read_answers(self.context.submission, rubric.load())

    @step
    def turn_in(self) -> TurnIn:
        """Observe the turn-in message."""
        return turn_in.read_turn_in(self.context.submission, rubric.load())
