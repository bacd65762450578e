"""Boxes within boxes, placed for a given width: the drawing's layout, the same on a phone and on a desk.

A :class:`Box` has a title, lines of text, and boxes inside, side by side where there is room. :func:`place` gives
every box its place and wraps its lines; all lengths are pixels of the SVG.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.verdict import Verdict

LETTER = 6.6
"""Width of a letter, on the safe side for a sans-serif face of 12 pixels."""
LINE = 16
PAD = 10
GAP = 10
BADGE = 24
ARROW_DOWN = 34
ARROW_RIGHT = 58


@dataclass(frozen=True)
class Arrow:
    """The way from the box before to this one, in a word, and what was judged of it."""

    label: str
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Box:
    """Something that was built; ``requirements`` are those that judge it, ``verdict`` is what they say together.

    One without a title only holds others.

    ``weight`` is its share of the width among boxes side by side; those inside stand side by side where each has
    ``narrowest``.
    """

    kind: str
    title: str
    lines: tuple[str, ...] = ()
    verdict: Verdict | None = None
    requirements: tuple[str, ...] = ()
    inside: tuple[Box, ...] = ()
    direction: Literal["row", "column"] = "column"
    arrow: Arrow | None = None
    weight: float = 1.0
    narrowest: float = 150.0


@dataclass(frozen=True)
class Text:
    """A line of text at its baseline."""

    x: float
    y: float
    text: str
    role: Literal["title", "line", "label"] = "line"


@dataclass(frozen=True)
class Placed:
    """A box at its place, its texts, and the arrow that leads to it as ``x1, y1, x2, y2``."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]
    inside: tuple[Placed, ...] = field(default=())
    arrow: tuple[float, float, float, float] | None = None
    arrow_text: Text | None = None

    def all(self) -> Iterator[Placed]:
        """Return this box and all in it, the outer ones first."""
        yield self
        for one in self.inside:
            yield from one.all()


def place(box: Box, width: float, x: float = 0.0, y: float = 0.0) -> Placed:
    """Return the box, and all in it, at their places; a box without title only holds others and is not seen."""
    pad = PAD if box.title else 0
    texts = tuple(_texts(box, x + PAD, y + PAD, width - 2 * PAD)) if box.title else ()
    bottom = texts[-1].y + 4 if texts else y
    inside = tuple(_place_inside(box, x + pad, bottom + pad, width - 2 * pad))
    if inside:
        bottom = max(one.y + one.height for one in inside)
    return Placed(box, x, y, width, bottom + pad - y, texts, inside)


def _texts(box: Box, x: float, y: float, width: float) -> Iterator[Text]:
    room = width - (BADGE if box.verdict else 0)
    titles = [(line, "title") for line in _wrapped(box.title, room / 1.14)]
    lines = [(line, "line") for text in box.lines for line in _wrapped(text, width)]
    for number, (line, role) in enumerate((*titles, *lines)):
        yield Text(x, y + LINE * number + 12, line, "title" if role == "title" else "line")


def _wrapped(text: str, width: float) -> list[str]:
    return textwrap.wrap(text, max(8, int(width / LETTER)), break_long_words=True) or [""]


def _place_inside(box: Box, x: float, y: float, width: float) -> Iterator[Placed]:
    for number, row in enumerate(_rows(box, width)):
        first = row[0]
        if len(row) > 1:
            placed = tuple(_side_by_side(row, x, y, width))
            yield from placed
            y = max(one.y + one.height for one in placed) + GAP
            continue
        begin = y - GAP
        y += ARROW_DOWN - GAP if number and first.arrow else 0
        alone = place(first, width, x, y)
        middle = x + min(width / 2, 60)
        yield _with_arrow(alone, (middle, begin, middle, y), number) if first.arrow else alone
        y += alone.height + GAP


def _rows(box: Box, width: float) -> list[tuple[Box, ...]]:
    """Return the boxes inside by rows: as many side by side as are wide enough, where an arrow leads on all or one."""
    count = len(box.inside)
    fit = 1 if box.direction == "column" else int((width + GAP) // (box.narrowest + GAP))
    if fit < count and any(one.arrow for one in box.inside):
        fit = 1
    each = -(-count // -(-count // max(1, fit))) if count else 1
    return [box.inside[begin : begin + each] for begin in range(0, count, each)]


def _side_by_side(boxes: tuple[Box, ...], x: float, y: float, width: float) -> Iterator[Placed]:
    gaps = [ARROW_RIGHT if one.arrow else GAP for one in boxes[1:]]
    room, total = width - sum(gaps), sum(one.weight for one in boxes)
    for number, one in enumerate(boxes):
        if number:
            x += gaps[number - 1]
        placed = place(one, room * one.weight / total, x, y)
        level = y + 40
        yield _with_arrow(placed, (x - ARROW_RIGHT, level, x, level), number) if one.arrow else placed
        x += placed.width


def _with_arrow(placed: Placed, arrow: tuple[float, float, float, float], number: int) -> Placed:
    """Return a box with the arrow that leads to it; the first of its row or column has none."""
    assert placed.box.arrow is not None
    if not number:
        return placed
    x1, y1, x2, y2 = arrow
    down = x1 == x2
    text = Text(x1 + 10, (y1 + y2) / 2 + 4, placed.box.arrow.label, "label")
    if not down:
        text = Text(x1 + 4, y1 - 8, placed.box.arrow.label, "label")
    return Placed(placed.box, placed.x, placed.y, placed.width, placed.height, placed.texts, placed.inside, arrow, text)
