"""From a file to a :class:`~harness.material.document.Document`, by markdown-it's CommonMark parser."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.errors import UsageError
from harness.material import classing, html, reading
from harness.material.document import Block, Document, Link, Place, Prose, Run, Section

MOST_BLOCKS = 2_000
"""Blocks and paragraphs that a document may have; ours has 200."""
MOST_COMMANDS = 1_000
"""Commands that a document may have; ours has 120."""


def load(path: Path) -> Document:
    """Read a document; raises :class:`~harness.errors.UsageError` in one sentence for what cannot be one."""
    return parse(reading.read(path), path)


def parse(text: str, path: Path = Path("homework.md")) -> Document:
    """Return the document that a text is."""
    _check(path, _markdown(is_inline=False).parse(text))
    document = classing.classed(_Builder(path, tuple(text.split("\n"))).build(_markdown().parse(text)))
    if len(document.commands) > MOST_COMMANDS:
        raise UsageError(f"{path}: more than {MOST_COMMANDS:,} commands, which no homework has; split it.")
    return document


def _check(path: Path, tokens: list[Token]) -> None:
    """Refuse what would take the parser of paragraphs long: its time grows with the square of a paragraph."""
    parts = [token for token in tokens if token.type in ("inline", "fence", "code_block")]
    if len(parts) > MOST_BLOCKS:
        raise UsageError(f"{path}: more than {MOST_BLOCKS:,} paragraphs and blocks, which no homework has; split it.")
    long = next((token for token in parts if token.type == "inline" and len(token.content) > reading.LONGEST), None)
    if long is not None:
        line = (long.map or [0])[0] + 1
        raise UsageError(
            f"{path}:{line}: a paragraph of {len(long.content):,} characters; break it below {reading.LONGEST:,}."
        )


@functools.cache
def _markdown(*, is_inline: bool = True) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 20}).enable("table")
    return parser if is_inline else parser.disable("inline")


@dataclass
class _Builder:
    path: Path
    lines: tuple[str, ...]
    sections: list[Section] = field(default_factory=list)
    prose: list[Prose] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    faults: list[tuple[Place, str]] = field(default_factory=list)
    order: int = 0

    def build(self, tokens: list[Token]) -> Document:
        self.sections.append(Section("", 0, Place(1)))
        self.items: list[tuple[int, bool]] = []
        for before, token in zip([None, *tokens], tokens, strict=False):
            self._take(token, before)
        return Document(
            self.path, self.lines, tuple(self.sections), tuple(self.prose), tuple(self.blocks), tuple(self.links),
            tuple(self.faults),
        )  # fmt: skip

    @property
    def section(self) -> Section:
        return self.sections[-1]

    def _take(self, token: Token, before: Token | None) -> None:
        if token.type == "inline":
            self._inline(token, before)
        elif token.type == "fence":
            self._block(token, is_fenced=True)
        elif token.type == "code_block":
            self._block(token, is_fenced=False)
        elif token.type == "html_block":
            self._html(token)
        elif token.type == "list_item_open":
            self.items.append(((token.map or [0])[0], False))
        elif token.type == "list_item_close":
            line, has_content = self.items.pop()
            if not has_content:
                self.faults.append((Place(line + 1), "empty bullet"))
        if self.items and token.type in ("inline", "fence", "code_block", "html_block"):
            self.items = [(line, True) for line, _ in self.items]

    def _inline(self, token: Token, before: Token | None) -> None:
        first = (token.map or [0])[0]
        opened = before.type if before else ""
        runs = tuple(self._runs(token.children or [], first))
        if opened == "heading_open" and before is not None:
            self._heading(int(before.tag[1]), runs, first)
        kind = "heading" if opened == "heading_open" else "item" if self.items else "paragraph"
        kind = "cell" if opened in ("th_open", "td_open") else kind
        place = Place(first + 1, len(self.lines[first]) - len(self.lines[first].lstrip()) + 1)
        self.prose.append(Prose(kind, runs, place, self.section, self._next()))  # type: ignore[arg-type]
        self._note_links(runs)

    def _heading(self, level: int, runs: tuple[Run, ...], first: int) -> None:
        title = " ".join("".join(run.text for run in runs).split())
        self.sections.append(Section(title, level, Place(first + 1), self._parent(level)))

    def _parent(self, level: int) -> Section | None:
        above: Section | None = self.section
        while above is not None and above.level >= level:
            above = above.parent
        return above if above and above.level else None

    def _runs(self, children: list[Token], first: int) -> Iterator[Run]:
        row, col, href = first, 0, ""
        for child in children:
            if child.type in ("softbreak", "hardbreak"):
                row, col = row + 1, 0
            elif child.type == "link_open":
                href = str(child.attrs.get("href", ""))
            elif child.type == "link_close":
                href = ""
            elif child.content or child.type == "image":
                text = child.content.replace("\n", " ")
                row, col = self._find(text, row, col)
                if child.type == "html_inline" and html.hidden(child.content):
                    row, col = row + child.content.count("\n"), 0 if "\n" in child.content else col + len(text)
                    continue
                target = str(child.attrs.get("src", "")) if child.type == "image" else href
                yield Run(text, Place(row + 1, col + 1), child.type == "code_inline", target)
                col += len(text)

    def _find(self, text: str, row: int, col: int) -> tuple[int, int]:
        """Return where a stretch of text stands: at ``row``, or further down where code runs over a line's end."""
        probe = text.strip()[:30]
        for candidate in range(row, min(row + 3, len(self.lines))):
            start = col if candidate == row else 0
            found = self.lines[candidate].find(probe, start) if probe else -1
            if found >= 0:
                return candidate, found
        return row, col

    def _note_links(self, runs: tuple[Run, ...]) -> None:
        for run in runs:
            if run.href:
                self.links.append(Link(run.href, run.text, run.place, self.section))
            elif not run.is_code:
                for match in re.finditer(r"https?://[^\s<>\"'`)\]]+", run.text):
                    target = match[0].rstrip(".,;:!?")
                    place = Place(run.place.line, run.place.col + match.start())
                    self.links.append(Link(target, target, place, self.section))

    def _html(self, token: Token) -> None:
        first = (token.map or [0])[0]
        if html.is_open(token.content):
            self.faults.append((Place(first + 1), "a comment that nothing closes hides what follows"))
        rows = html.shown(token.content).split("\n")
        runs = tuple(Run(text, Place(first + row + 1)) for row, text in enumerate(rows) if text.strip())
        if runs:
            self.prose.append(Prose("paragraph", runs, Place(first + 1), self.section, self._next()))

    def _block(self, token: Token, *, is_fenced: bool) -> None:
        first, after = token.map or [0, 1]
        words = token.info.split()
        content = token.content.split("\n")[:-1] if token.content.endswith("\n") else token.content.split("\n")
        start = first + 1 if is_fenced else first
        block = Block(
            kind="file", text=token.content, place=Place(start + 1), section=self.section, order=self._next(),
            language=words[0].lower() if words else "", labels=tuple(words[1:]), is_fenced=is_fenced,
            is_closed=not is_fenced or self._is_closed(token, first, after),
            offsets=tuple(self._offset(start + row, text) for row, text in enumerate(content)),
        )  # fmt: skip
        self.blocks.append(block)

    def _is_closed(self, token: Token, first: int, after: int) -> bool:
        last = self.lines[after - 1].strip().lstrip("> ") if after - 1 > first else ""
        return bool(last) and set(last) == {token.markup[0]} and len(last) >= len(token.markup)

    def _offset(self, row: int, text: str) -> int:
        line = self.lines[row] if row < len(self.lines) else ""
        return len(line) - len(text) if line.endswith(text) else 0

    def _next(self) -> int:
        self.order += 1
        return self.order
