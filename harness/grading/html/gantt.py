"""The timeline as bars: what was done when, and the parts of it in which it waited for something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.grading.masking import mask
from harness.timeline import Span

SHORT = 0.02
"""Share of the whole below which a bar tells nothing; such spans are counted, not drawn."""
NAME = 120
"""Characters of a name; those of our own steps are shorter, but a timeline may be anybody's."""
MOST = 60
"""Bars of one kind that are drawn, the longest first."""

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200)


@dataclass(frozen=True)
class Piece:
    """A part of a bar, in percent of the whole."""

    left: float
    width: float
    on: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Bar:
    """One span: when it began and how long it took (seconds), and its waits."""

    name: str
    begun: float
    seconds: float
    piece: Piece
    waits: tuple[Piece, ...] = ()
    outcome: str = "done"

    @property
    def waited(self) -> str:
        """Return what was waited for, in words."""
        return ", ".join(f"{wait.on} {wait.seconds:.1f} s" for wait in self.waits)


@dataclass(frozen=True)
class Chart:
    """The bars of a run; ``seconds`` is its length, ``ticks`` are seconds with their place in percent.

    ``work`` are the seconds that the steps worked themselves, without waiting for others.
    """

    seconds: float
    ticks: tuple[tuple[float, float], ...]
    phases: tuple[Bar, ...]
    steps: tuple[Bar, ...]
    tests: tuple[Bar, ...]
    short_steps: int
    short_tests: int
    work: float

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was noted."""
        return not self.steps and not self.tests


@dataclass(frozen=True)
class _Scale:
    begun: float
    seconds: float

    def piece(self, begun: float, ended: float, on: str = "") -> Piece:
        left = 100 * (begun - self.begun) / self.seconds
        width = max(0.15, 100 * (ended - begun) / self.seconds)
        return Piece(round(left, 3), round(width, 3), on, ended - begun)

    def bar(self, span: Span, waits: Iterable[Span] = ()) -> Bar:
        long = (one for one in waits if one.seconds > self.seconds * SHORT / 4)
        pieces = tuple(self.piece(one.begun, one.ended, _words(one)) for one in long)
        begun, whole = span.begun - self.begun, self.piece(span.begun, span.ended)
        return Bar(_words(span), begun, span.seconds, whole, pieces, mask(span.outcome, NAME))


def chart(spans: Sequence[Span]) -> Chart:
    """Return the bars of a run's timeline."""
    if not spans:
        return Chart(0.0, (), (), (), (), 0, 0, 0.0)
    begun, ended = min(span.begun for span in spans), max(span.ended for span in spans)
    scale = _Scale(begun, max(ended - begun, 1e-3))
    steps, tests = _of(spans, "step"), _of(spans, "test")
    waits = [*_of(spans, "wait"), *(step for step in steps if step.by)]
    long_steps, long_tests = _long(steps, scale.seconds), _long(tests, scale.seconds)
    return Chart(
        scale.seconds,
        _ticks(scale.seconds),
        tuple(scale.bar(span) for span in _phases(tests, _of(spans, "phase"))),
        tuple(scale.bar(one, _waits_of(one, waits, one.name)) for one in long_steps),
        tuple(scale.bar(one, _waits_of(one, waits, "")) for one in long_tests),
        len(steps) - len(long_steps),
        len(tests) - len(long_tests),
        sum(one.seconds - sum(wait.seconds for wait in _waits_of(one, waits, one.name)) for one in steps),
    )


def _words(span: Span) -> str:
    """Return a step's name as words: ``instances._bastion_login`` is a matter of the code."""
    stage, _, own = span.name.partition(".")
    words = f"{stage}: {own.strip('_').replace('_', ' ')}" if span.kind in ("step", "wait") else span.name
    return mask(words, NAME)


def _of(spans: Iterable[Span], kind: str) -> list[Span]:
    return sorted((span for span in spans if span.kind == kind), key=lambda span: span.begun)


def _long(spans: list[Span], whole: float) -> list[Span]:
    long = sorted((span for span in spans if span.seconds >= whole * SHORT), key=lambda span: -span.seconds)[:MOST]
    return sorted(long, key=lambda span: (span.ended, span.begun))


def _waits_of(span: Span, waits: list[Span], by: str) -> list[Span]:
    return [wait for wait in waits if wait.by == by and _within(wait, span)]


def _within(inner: Span, outer: Span) -> bool:
    return inner.process == outer.process and inner.begun >= outer.begun - 0.01 and inner.ended <= outer.ended + 0.01


def _phases(tests: list[Span], noted: list[Span]) -> list[Span]:
    """Return the parts of the run: those noted, and the tests together."""
    together = [Span("phase", "tests", tests[0].begun, max(test.ended for test in tests))] if tests else []
    return sorted((*noted, *together), key=lambda span: span.begun)


def _ticks(seconds: float) -> tuple[tuple[float, float], ...]:
    """Return about five round numbers of seconds."""
    step = next((one for one in _STEPS if seconds / one <= 6), 3600)
    return tuple((n * step, round(100 * n * step / seconds, 3)) for n in range(int(seconds / step) + 1))
