"""PDF as Markdown: where its paragraphs end, and which of its lines are headings, is told by looks alone."""

from __future__ import annotations

import io
import itertools
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pypdf import PageObject, PdfReader

logging.getLogger("pypdf").addHandler(logging.NullHandler())  # what is wrong with a file is said in one sentence

MOST_OPERATIONS = 200_000
"""What a page does is counted, not its bytes: its parts may contain one another again and again."""
FULL = 0.85
"""The share of a page's longest line from which a line is full: letters are of different widths."""
LARGER = 1.1
"""How many times the size of most of the text stands out."""

STOPS = (".", "!", "?")


@dataclass
class _Line:
    """A line of a page; ``stands_out`` says that all of it is larger or heavier than most of the text."""

    text: str = ""
    stands_out: bool = True

    @property
    def written(self) -> str:
        return f"**{self.text.strip()}**" if self.stands_out and self.text.strip() else self.text.strip()


def markdown(content: bytes) -> str:
    """Return the text of a PDF; raises ``ValueError`` where there is too much of it, and whatever pypdf raises."""
    done = itertools.count(1)
    return "\n\n".join(_text_of(page, done) for page in PdfReader(io.BytesIO(content)).pages)


def _text_of(page: PageObject, done: Iterator[int]) -> str:
    lines = [line for line in _lines(page, done) if line.text.strip()]
    room = FULL * max((len(line.text) for line in lines), default=0)
    had_room = [len(line.text) + len(after.text.split()[0]) < room for line, after in itertools.pairwise(lines)]
    written: list[str] = []
    for number, (line, is_short) in enumerate(zip(lines, [*had_room, True], strict=False)):
        above = lines[number - 1] if number else line
        # A short line without a stop, after a sentence, is a heading, also where that sentence fills its line.
        is_heading = is_short and above.text.rstrip().endswith(STOPS) and not line.text.rstrip().endswith(STOPS[:2])
        is_new = number > 0 and (had_room[number - 1] or is_heading or line.stands_out != above.stands_out)
        written += [*[""] * is_new, line.written]
    return "\n".join(written)


def _lines(page: PageObject, done: Iterator[int]) -> Iterable[_Line]:
    pieces: list[tuple[str, float, bool]] = []

    def see(text: str, cm: list[float], tm: list[float], font: dict[str, object] | None, size: float) -> None:
        pieces.append((text, abs(size * tm[3] * cm[3]), "bold" in str((font or {}).get("/BaseFont")).lower()))

    def count(*_: object) -> None:
        if next(done) > MOST_OPERATIONS:
            raise ValueError("it is too long")

    page.extract_text(visitor_text=see, visitor_operand_before=count)
    styles: Counter[tuple[float, bool]] = Counter()
    for text, size, is_bold in pieces:
        styles[round(size, 1), is_bold] += len(text.strip())
    usual, usually_bold = styles.most_common(1)[0][0] if styles else (0.0, False)
    lines = [_Line()]
    for text, size, is_bold in pieces:
        for number, part in enumerate(text.split("\n")):
            if number:
                lines.append(_Line())
            lines[-1].text += part
            if part.strip():
                lines[-1].stands_out &= size > usual * LARGER or (is_bold and not usually_bold)
    return lines
