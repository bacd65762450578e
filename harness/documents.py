"""Files that students write: read as Markdown, whatever program wrote them, or a sentence why they cannot be.

A file of a submission is untrusted: what leads out of the submission is not followed, and what is too large or broken
is not read on.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

LARGEST = 10 * 1024 * 1024
"""Bytes of a file; a Word document may have pictures."""
LONGEST = 1_000_000
"""Characters of a text, about those of a book."""


class Unreadable(ValueError):
    """Says why a file cannot be read, in words that follow its name."""


def read(path: Path, root: Path) -> str:
    """Return a document of the submission ``root`` as Markdown; raises :class:`Unreadable`."""
    if path.suffix.casefold() not in READERS:
        raise Unreadable(f"is not read, expected {FORMATS}")
    content = contents(path, root, LARGEST)
    text = READERS[path.suffix.casefold()](content)
    if len(text) > LONGEST:
        raise Unreadable(f"has {len(text)} characters, which is too much")
    return text


def contents(path: Path, root: Path, largest: int) -> bytes:
    """Return the bytes of a file of the submission ``root``; raises :class:`Unreadable`."""
    try:
        if not path.resolve(strict=True).is_relative_to(root.resolve()):
            raise Unreadable("leads out of the submission")
        if not path.is_file():
            raise Unreadable("is no file")
        if path.stat().st_size > largest:
            raise Unreadable(f"has {path.stat().st_size} bytes, which is too much")
        return path.read_bytes()
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        reason = error.strerror if isinstance(error, OSError) else "it leads in a circle"
        raise Unreadable(f"cannot be read ({reason})") from error


def decoded(content: bytes) -> str:
    """Return text as editors write it: UTF-8 with or without a mark, UTF-16, UTF-32, or Windows' own."""
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return content.decode("utf-32", errors="replace")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if content.count(0) * 3 > len(content):  # UTF-16 without a mark: every other byte of Latin text is 0
        return content.decode("utf-16-le" if content[1::2].count(0) else "utf-16-be", errors="replace")
    if b"\0" in content:
        raise Unreadable("holds no text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


# reStructuredText underlines headings by what Markdown takes for the beginning of code.
UNDERLINE = re.compile(r"(?m)^(?P<line>\S.*\n)([~^\"'+*.:#])\2{3,}[ \t]*$")

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|title)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
TAG = re.compile(
    r"</?(?P<name>h[1-6]|b|strong|u|summary|p|div|br|hr|li|ul|ol|tr|td|th|table|thead|tbody|details|section|span|a|i|em"
    r"|font|center|blockquote|html|head|body|meta|link|code|pre|sub|sup)\b[^<>]*>",
    re.IGNORECASE,
)
BOLD = ("b", "strong", "u", "summary")
WITHIN = ("span", "a", "i", "em", "font", "code", "sub", "sup")


def _text(content: bytes) -> str:
    return without_tags(UNDERLINE.sub(r"\g<line>---", "\n".join(decoded(content).splitlines())))


def without_tags(text: str) -> str:
    """Return Markdown for a text with tags of HTML in it, which Markdown allows: ``<h2>`` becomes ``##``."""
    return TAG.sub(_markdown, COMMENT.sub(" ", text))


def _markdown(tag: re.Match[str]) -> str:
    name, closes = tag["name"].lower(), tag[0].startswith("</")
    if name in WITHIN:
        return ""
    if name in BOLD:
        return "**\n\n" if name == "summary" and closes else "**"
    if name in ("td", "th"):
        return " | " if closes else ""
    if name == "tr":
        return "" if closes else "\n| "
    if name[0] == "h" and name[1:].isdigit() and not closes:
        return "\n\n" + "#" * int(name[1:]) + " "
    return "\n- " if name == "li" and not closes else "\n\n"


def _page(content: bytes) -> str:
    """Read HTML, in which neither line ends nor indentation mean anything."""
    text = " ".join(decoded(content).split())
    return html.unescape("\n".join(line.strip() for line in without_tags(text).splitlines()))


# Word: a zip archive whose text is XML (ECMA-376, part 1, "WordprocessingML").
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _word(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("word/document.xml") as part:
            text = part.read(LARGEST + 1)
        if len(text) > LARGEST or "<!DOCTYPE" in decoded(text):
            raise Unreadable("is no Word document that can be read")
        body = ElementTree.fromstring(text).find(f"{WORD}body")  # noqa: S314 - without a DTD there are no entities
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, NotImplementedError, RuntimeError, OSError) as error:
        raise Unreadable(f"is no Word document ({type(error).__name__})") from error
    return "\n\n".join(_blocks(body)) if body is not None else ""


def _blocks(body: ElementTree.Element) -> Iterator[str]:
    for block in body:
        if block.tag == f"{WORD}p":
            yield _paragraph(block)
        elif block.tag == f"{WORD}tbl":
            rows = ([" ".join(cell.itertext()) for cell in row.iter(f"{WORD}tc")] for row in block.iter(f"{WORD}tr"))
            yield "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _paragraph(block: ElementTree.Element) -> str:
    text = "".join(_run(run) for run in block.iter(f"{WORD}r")).strip()
    named = block.find(f"{WORD}pPr/{WORD}pStyle")
    style = named.get(f"{WORD}val", "") if named is not None else ""
    level = re.fullmatch(r"heading ?([1-6])", style, re.IGNORECASE)
    if level and text:
        return "#" * int(level[1]) + " " + " ".join(text.split())
    runs = [run for run in block.iter(f"{WORD}r") if _run(run).strip()]
    is_bold = runs and all(run.find(f"{WORD}rPr/{WORD}b") is not None for run in runs)
    return f"**{text}**" if is_bold else text


def _run(run: ElementTree.Element) -> str:
    breaks = {f"{WORD}br": "\n", f"{WORD}cr": "\n", f"{WORD}tab": " "}
    return "".join(part.text or "" if part.tag == f"{WORD}t" else breaks.get(part.tag, "") for part in run)


READERS: dict[str, Callable[[bytes], str]] = {
    **dict.fromkeys((".md", ".markdown", ".mkd", ".txt", ".text", ".rst", ".org", ""), _text),
    **dict.fromkeys((".html", ".htm"), _page),
    ".docx": _word,
}
"""How a document is read, by the end of its name."""
FORMATS = "Markdown, text, HTML or Word (.docx)"
