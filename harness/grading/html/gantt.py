"""The timeline as bars: what was done when, and the parts of it in which it waited for something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.timeline import Span

SHORT = 0.02
"""Share of the whole below which a bar tells nothing; such spans are counted, not drawn."""
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
    """The bars of a run; ``seconds`` is its length, ``ticks`` are seconds with their place in percent."""

    seconds: float
    ticks: tuple[tuple[float, float], ...]
    phases: tuple[Bar, ...]
    steps: tuple[Bar, ...]
    tests: tuple[Bar, ...]
    short_steps: int
    short_tests: int
    steps_together: float

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

    def bar(self, name: str, span: Span, waits: Iterable[Span] = ()) -> Bar:
        pieces = tuple(
            self.piece(max(one.begun, span.begun), min(one.ended, span.ended), one.name) for one in waits
            if one.ended - one.begun > self.seconds * SHORT / 4
        )  # fmt: skip
        begun = span.begun - self.begun
        return Bar(name, begun, span.seconds, self.piece(span.begun, span.ended), pieces, span.outcome)


def chart(spans: Sequence[Span]) -> Chart:
    """Return the bars of a run's timeline."""
    if not spans:
        return Chart(0.0, (), (), (), (), 0, 0, 0.0)
    begun, ended = min(span.begun for span in spans), max(span.ended for span in spans)
    scale = _Scale(begun, max(ended - begun, 1e-3))
    steps, tests = _of(spans, "step"), _of(spans, "test")
    waits = _of(spans, "wait")
    long_steps, long_tests = _long(steps, scale.seconds), _long(tests, scale.seconds)
    return Chart(
        scale.seconds,
        _ticks(scale.seconds),
        tuple(scale.bar(span.name, span) for span in _phases(tests, _of(spans, "phase"), begun)),
        tuple(scale.bar(one.name, one, _waits_of(one, waits, one.name)) for one in long_steps),
        tuple(scale.bar(one.name, one, _waits_of(one, waits, "")) for one in long_tests),
        len(steps) - len(long_steps),
        len(tests) - len(long_tests),
        sum(span.seconds for span in steps if not span.by),
    )


def _of(spans: Iterable[Span], kind: str) -> list[Span]:
    return sorted((span for span in spans if span.kind == kind), key=lambda span: span.begun)


def _long(spans: list[Span], whole: float) -> list[Span]:
    long = sorted((span for span in spans if span.seconds >= whole * SHORT), key=lambda span: -span.seconds)[:MOST]
    return sorted(long, key=lambda span: span.begun)


def _waits_of(span: Span, waits: list[Span], by: str) -> list[Span]:
    return [wait for wait in waits if wait.by == by and _within(wait, span)]


def _within(inner: Span, outer: Span) -> bool:
    return inner.process == outer.process and inner.begun >= outer.begun - 0.01 and inner.ended <= outer.ended + 0.01


def _phases(tests: list[Span], noted: list[Span], begun: float) -> list[Span]:
    """Return the parts of the run: what came before the first test, the tests, and what was noted itself."""
    if not tests:
        return noted
    first, last = tests[0].begun, max(test.ended for test in tests)
    before = [Span("phase", "set-up", begun, first)] if first > begun else []
    return [*before, Span("phase", "tests", first, last), *noted]


def _ticks(seconds: float) -> tuple[tuple[float, float], ...]:
    """Return about five round numbers of seconds."""
    step = next((one for one in _STEPS if seconds / one <= 6), 3600)
    return tuple((n * step, round(100 * n * step / seconds, 3)) for n in range(int(seconds / step) + 1))
