"""Files that students write: read as Markdown, whatever program wrote them, or a sentence why they cannot be.

A file of a submission is untrusted: what leads out of the submission is not followed, and what is too large or broken
is not read on.
"""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from markdown_it import MarkdownIt

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
    return _bounded(READERS[path.suffix.casefold()](content))


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise Unreadable(f"has {len(text)} characters, which is too much")
    return text


def contents(path: Path, root: Path, largest: int) -> bytes:
    """Return the bytes of a file of the submission ``root``; raises :class:`Unreadable`."""
    try:
        if not is_inside(path, root):
            raise Unreadable("leads out of the submission")
        if not path.is_file():
            raise Unreadable("is no file")
        if path.stat().st_size > largest:
            raise Unreadable(f"has {path.stat().st_size} bytes, which is too much")
        return path.read_bytes()
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        reason = error.strerror if isinstance(error, OSError) else "it leads in a circle"
        raise Unreadable(f"cannot be read ({reason})") from error


def is_inside(path: Path, root: Path) -> bool:
    """Say whether a file, links followed, lies in a directory; raises ``OSError`` for a file that is not there."""
    return path.resolve(strict=True).is_relative_to(root.resolve())


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

# What a document in HTML says to programs, not to its readers.
UNSEEN = ("script", "style", "title", "img")


def _plain(content: bytes) -> str:
    """Read text or Markdown; where Markdown has HTML in it, as it may, that becomes Markdown as well."""
    text = UNDERLINE.sub(r"\g<line>---", "\n".join(decoded(content).splitlines()))
    parser = MarkdownIt("commonmark").enable("table")
    is_mixed = any(
        part.type.startswith("html_") for token in parser.parse(text) for part in (token, *(token.children or ()))
    )
    return _from_html(parser.render(text)) if is_mixed else text


def _page(content: bytes) -> str:
    return _from_html(decoded(content))


def _from_html(text: str) -> str:
    from bs4 import BeautifulSoup  # both take their time, and most answers are no HTML
    from markdownify import ATX, MarkdownConverter

    page = BeautifulSoup(_bounded(text), "html.parser")
    for unseen in page([*UNSEEN]):
        unseen.decompose()
    for summary in page("summary"):  # what stands above folded text stands out, on a line of its own
        summary.name = "strong"
        summary.wrap(page.new_tag("p"))
    writer = MarkdownConverter(
        heading_style=ATX, escape_asterisks=False, escape_underscores=False, escape_misc=False
    )  # fmt: skip
    try:
        return str(writer.convert_soup(page))
    except RecursionError:
        raise Unreadable("is nested too deeply") from None


def _word(content: bytes) -> str:
    import mammoth

    without = mammoth.images.img_element(lambda _: {})
    with _refused("Word document"):
        _check_archive(content)
        page = mammoth.convert_to_html(io.BytesIO(content), style_map="u => strong", convert_image=without).value
    return _from_html(page)


def _open_document(content: bytes) -> str:
    import odfdo

    with _refused("OpenDocument text"):
        _check_archive(content)
        return str(odfdo.Document(io.BytesIO(content)).to_markdown())


def _pdf(content: bytes) -> str:
    from harness import pdf

    with _refused("PDF"):
        text = pdf.markdown(content)
        if not text.strip():
            raise ValueError("it holds pictures of text only; export it from the document")
        return text


def _rich(content: bytes) -> str:
    from striprtf.striprtf import rtf_to_text

    with _refused("rich text"):
        text = content.decode("latin-1")
        if not text.lstrip().startswith("{\\rtf"):
            raise ValueError("it does not begin as one")
        # It has no headings: what stands above an answer is a line there, and lines are paragraphs.
        plain: str = rtf_to_text(text, errors="replace")  # type: ignore[no-untyped-call]
        return "\n\n".join(plain.splitlines())


@contextlib.contextmanager
def _refused(kind: str) -> Iterator[None]:
    """Say of a file that it is none of its kind, whatever a library and the parsers behind it raise."""
    try:
        yield
    except Exception as error:
        why = str(error)[:100] if isinstance(error, ValueError) else ""
        raise Unreadable(f"is no {kind} that can be read ({why or type(error).__name__})") from error


def _check_archive(content: bytes) -> None:
    """Refuse a zip archive that would grow without end: it says how large it becomes, and XML may define entities."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > LARGEST:
            raise ValueError("unpacked it is too large")
        if any("<!DOCTYPE" in decoded(archive.read(name)) for name in archive.namelist() if name.endswith("xml")):
            raise ValueError("it defines entities")


READERS: dict[str, Callable[[bytes], str]] = {
    **dict.fromkeys((".md", ".markdown", ".mkd", ".txt", ".text", ".rst", ".org", ""), _plain),
    **dict.fromkeys((".html", ".htm"), _page),
    ".docx": _word,
    ".odt": _open_document,
    ".pdf": _pdf,
    ".rtf": _rich,
}
"""How a document is read, by the end of its name."""
FORMATS = "Markdown, text, HTML, PDF, Word (.docx), OpenDocument (.odt) or rich text (.rtf)"
