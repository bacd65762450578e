"""Facts of the written part: the answers to the questions, and the turn-in message."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence

SHOWN = 160


@dataclass(frozen=True)
class Answer:
    """What was written on one topic, and what the rubric found in it.

    ``source`` names file and heading, and is empty where nothing was written. ``words`` and ``distinct_words`` count
    words of the answer, headings and links left out; ``vocabulary`` are the topic's own words that it uses.
    ``unread`` says what might hold an answer that was not found and could not be read, ``left_out`` is what keeps the
    place of an answer and is none.
    ``providers`` has the services that are named of each provider, which may be none. ``sides`` holds ``advantage``
    and ``disadvantage`` as far as they are there.
    """

    topic: str
    source: str
    text: str
    words: int
    distinct_words: int
    vocabulary: tuple[str, ...]
    sides: tuple[str, ...]
    services: tuple[str, ...]
    algorithms: tuple[str, ...]
    providers: dict[str, tuple[str, ...]]
    distinct_share: float
    vocabulary_words: int
    unread: str = ""
    left_out: str = ""

    def objection(self, words: int) -> str:
        """Return why this is no answer of at least so many words on its topic, or nothing."""
        if not self.source:
            return f"no heading or file about {self.topic} was found" + (f": {self.unread}" if self.unread else "")
        if self.words < words:
            beside = f" beside “{self.left_out[: SHOWN // 2]}”, which is no answer" if self.left_out else ""
            return f"{self.source}: {self.words} words{beside}, expected at least {words}"
        if self.distinct_words < words * self.distinct_share:
            return f"{self.source}: {self.words} words, of which only {self.distinct_words} differ"
        if len(self.vocabulary) < self.vocabulary_words:
            said = ", ".join(self.vocabulary) or "none"
            return f"{self.source}: the answer is not about its question (words of the topic: {said})"
        return ""

    @property
    def providers_with_service(self) -> tuple[str, ...]:
        """Return the providers of which a service is named."""
        return tuple(provider for provider, services in self.providers.items() if services)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        if not self.source:
            return (Evidence("file", f"answer on {self.topic}", self.unread or "none"),)
        text = self.text if len(self.text) <= SHOWN else self.text[:SHOWN] + "…"
        return (Evidence("file", self.source, f"{self.words} words: {text}"),)


@dataclass(frozen=True)
class Answers:
    """All answers of a submission."""

    all: tuple[Answer, ...]

    def about(self, topic: str) -> Answer:
        """Return the answer on a topic, an empty one where nothing was written; raises ``KeyError`` for no topic."""
        for answer in self.all:
            if answer.topic == topic:
                return answer
        raise KeyError(topic)


@dataclass(frozen=True)
class TurnIn:
    """The turn-in message: the clauses that claim something, and those that deny it.

    ``source`` is empty where there is no message; ``problem`` says why one cannot be read.
    """

    source: str
    text: str
    set_up: tuple[str, ...]
    not_set_up: tuple[str, ...]
    terminated: tuple[str, ...]
    not_terminated: tuple[str, ...]
    problem: str = ""

    @property
    def says_set_up(self) -> bool:
        """Say whether the message claims that the instances were set up."""
        return bool(self.set_up) and not self.not_set_up

    @property
    def says_terminated(self) -> bool:
        """Say whether the message claims that they are terminated, and of none the contrary."""
        return bool(self.terminated) and not self.not_terminated

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        text = self.text if len(self.text) <= 2 * SHOWN else self.text[: 2 * SHOWN] + "…"
        return (Evidence("file", self.source or "turn-in message", text or "none"),)
