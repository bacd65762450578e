"""Documents as students export them, made for tests."""

from __future__ import annotations

import io
from collections.abc import Iterable

import odfdo
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def pdf(*written: tuple[int, str, str]) -> bytes:
    """Return a page with lines below one another, each of a size and a font, as word processors export them."""
    writer = PdfWriter()
    page = writer.add_blank_page(595, 842)
    fonts = {
        NameObject(f"/{name}"): DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject(f"/{name}"),
            }
        )
        for name in ("Helvetica", "Helvetica-Bold")
    }
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject(fonts)})
    stream = DecodedStreamObject()
    lines = (
        f"BT /{font} {size} Tf 50 {800 - 15 * n} Td ({text}) Tj ET" for n, (size, font, text) in enumerate(written)
    )
    stream.set_data("\n".join(lines).encode())
    page[NameObject("/Contents")] = writer._add_object(stream)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def odt(answers: Iterable[tuple[str, str]]) -> bytes:
    """Return an OpenDocument text of headings, each with a paragraph below it."""
    document = odfdo.Document("text")
    document.body.clear()
    for heading, text in answers:
        document.body.append(odfdo.Header(2, heading))
        document.body.append(odfdo.Paragraph(text))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def rtf(*paragraphs: str) -> bytes:
    """Return rich text with these paragraphs, as TextEdit and WordPad write it."""
    head = r"{\rtf1\ansi\ansicpg1252{\fonttbl\f0\fswiss Helvetica;}{\*\generator Riched20;}\pard\f0\fs24 "
    return (head + "\\par\n".join(paragraphs) + r"\par}").encode("cp1252")
