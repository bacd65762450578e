"""Documents are read whatever program wrote them; what cannot be read is a sentence, and never a traceback."""

from __future__ import annotations

import io
import os
import random
import textwrap
import zipfile
from pathlib import Path

import pytest

from harness import rubric
from harness.documents import LARGEST, Unreadable, contents, read
from harness.errors import UsageError
from harness.notebook_document import observe
from harness.submission import ABOUT, find_keys, read_user
from harness.writing import read_answers
from tests.documents import odt, pdf, rtf

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
QUESTION = "When to use what algorithms"
ANSWER = "XGBoost for labelled tabular data, k-means for groups that nobody has named, and PCA for what is too wide."


def word(body: str, head: str = "") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f'{head}<w:d xmlns:w="{NAMESPACE}"><w:body>{body}</w:body></w:d>')
    return written.getvalue()


def paragraph(text: str, style: str = "", run: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r>{run}<w:t>{text}</w:t></w:r></w:p>'


WRAPPED = [(11, "Helvetica", line) for line in textwrap.wrap(ANSWER, 60)]
BEFORE = (11, "Helvetica", "An answer to another question, the last line of which is full.")
DOCUMENTS = {
    "answers.pdf": pdf(BEFORE, (14, "Helvetica", QUESTION), *WRAPPED),
    "bold answers.pdf": pdf(BEFORE, (11, "Helvetica-Bold", QUESTION), *WRAPPED),
    "plain answers.pdf": pdf(BEFORE, (11, "Helvetica", QUESTION), *WRAPPED),
    "answers.odt": odt([(QUESTION, ANSWER)]),
    "answers.rtf": rtf(QUESTION, ANSWER),
    "answers.html": f"<!DOCTYPE html><title>x</title><style>h2 {{}}</style><h2>{QUESTION}</h2>\n<p>{ANSWER}</p>".encode(),
    "answers.htm": f"<ol>\n  <li><b>{QUESTION}</b><br>\n      {ANSWER}</li></ol>".encode(),
    "answers.docx": word(paragraph(QUESTION, "Heading2") + paragraph(ANSWER)),
    "My answers.DOCX": word(paragraph(QUESTION, run="<w:rPr><w:b/></w:rPr>") + paragraph(ANSWER)),
    "answers.rst": f"{QUESTION}\n{'~' * 40}\n\n{ANSWER}\n".encode(),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_answer_is_found_in_a_document_of_any_program(tmp_path, name):
    (tmp_path / name).write_bytes(DOCUMENTS[name])
    assert read_answers(tmp_path, rubric.load()).about("algorithms").text == ANSWER


def _two_links(place):
    (place / "answers.md").symlink_to("b.md")
    (place / "b.md").symlink_to("answers.md")


def _outside(place):
    (place.parent / "secret.md").write_text(f"## {QUESTION}\n\n{ANSWER}")
    (place / "answers.md").symlink_to(place.parent / "secret.md")


def _huge(place):
    with (place / "answers.md").open("wb") as file:
        file.truncate(LARGEST + 1)


def _written(name, content):
    return lambda place: (place / name).write_bytes(content)


TROUBLES = {
    "a pipe": (lambda place: os.mkfifo(place / "answers.md"), "answers.md is no file"),
    "a link to itself": (lambda place: (place / "answers.md").symlink_to("answers.md"), "answers.md cannot be read"),
    "two links": (_two_links, "answers.md cannot be read"),
    "a link to nothing": (lambda place: (place / "answers.md").symlink_to("absent"), "cannot be read (No such file"),
    "a link out of the submission": (_outside, "answers.md leads out of the submission"),
    "bytes": (_written("answers.md", random.Random(1).randbytes(5000)), "answers.md holds no text"),
    "no PDF": (_written("answers.pdf", b"%PDF-1.4"), "answers.pdf is no PDF that can be read (PdfStreamError)"),
    "a scan": (_written("answers.pdf", pdf()), "it holds pictures of text only; export it from the document"),
    "old Word": (_written("answers.doc", b"\xd0\xcf"), "answers.doc is not read, expected Markdown, text, HTML, PDF"),
    "no rich text": (_written("answers.rtf", b"PK"), "answers.rtf is no rich text"),
    "no OpenDocument": (_written("answers.odt", b"PK"), "answers.odt is no OpenDocument text"),
    "too many bytes": (_huge, "which is too much"),
    "too many characters": (_written("answers.md", b"Advantages? " * 200_000), "characters, which is too much"),
    "no Word document": (_written("answers.docx", b"PK"), "answers.docx is no Word document"),
    "entities": (_written("answers.docx", word("", '<!DOCTYPE l [<!ENTITY a "ha">]>')), "is no Word document"),
    "a bomb": (_written("answers.docx", word("x" * (LARGEST + 1))), "is no Word document"),
    "a tower of tags": (_written("answers.html", b"<div>" * 20_000), "answers.html is nested too deeply"),
    "another name": (_written("notes.md", b"# Notes"), "the submission has no document called answers"),
}


@pytest.mark.parametrize(("work", "said"), TROUBLES.values(), ids=TROUBLES)
def test_what_cannot_be_read_is_said(tmp_path, work, said):
    place = tmp_path / "submission"
    place.mkdir()
    work(place)
    assert said in read_answers(place, rubric.load()).about("algorithms").objection(30)


def test_pdf_that_does_too_much_is_not_read_on(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.pdf.MOST_OPERATIONS", 10)
    (tmp_path / "answers.pdf").write_bytes(DOCUMENTS["answers.pdf"])
    with pytest.raises(Unreadable, match=r"is no PDF that can be read \(it is too long\)"):
        read(tmp_path / "answers.pdf", tmp_path)


def test_what_others_may_not_read_is_said(tmp_path, monkeypatch):
    (tmp_path / "answers.md").write_text("words")

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(Unreadable, match=r"cannot be read \(Permission denied\)"):
        read(tmp_path / "answers.md", tmp_path)


def test_what_programs_leave_beside_a_document_is_no_answer(tmp_path):
    for name in ("._answers.md", "~$answers.docx", ".answers.md.swp"):
        (tmp_path / name).write_bytes(b"\0\1")
    assert "called answers" in read_answers(tmp_path, rubric.load()).about("algorithms").unread


def test_notebook_that_leads_elsewhere_tells_nothing_of_it(tmp_path):
    place = tmp_path / "submission"
    place.mkdir()
    (tmp_path / "credentials").write_text("[default] secret")
    (place / "kmeans.ipynb").symlink_to(tmp_path / "credentials")
    assert observe(place / "kmeans.ipynb").problem == "leads out of the submission"
    (place / "b.ipynb").mkdir()
    assert observe(place / "b.ipynb").problem == "is no file"


def test_link_within_the_submission_is_followed(tmp_path):
    (tmp_path / "real.md").write_text("words")
    (tmp_path / "answers.md").symlink_to("real.md")
    assert contents(tmp_path / "answers.md", tmp_path, 100) == b"words"


def test_key_of_the_graders_own_is_no_students(tmp_path):
    place = tmp_path / "submission"
    place.mkdir()
    (tmp_path / "id_ed25519").write_text("private")
    (place / "key.pem").symlink_to(tmp_path / "id_ed25519")
    (place / "hw02.pem").write_text("private")
    (place / "keys").mkdir()
    (place / "keys" / "HW02.PEM").write_text("private")
    assert find_keys(place) == (place / "hw02.pem", place / "keys" / "HW02.PEM")


def test_whose_account_it_is_is_read_where_it_is_said(tmp_path):
    assert read_user(tmp_path) is None
    (tmp_path / ABOUT).write_text('user = "ann"\n')
    assert read_user(tmp_path) == "ann"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "is no file"),
        (Path.mkdir, "is no file"),
        (lambda path: path.symlink_to("/dev/zero"), "leads out of the submission"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
        (lambda path: path.write_text("#" * 5000), "has 5000 bytes, which is too much"),
        (lambda path: path.write_bytes(b"\xff"), "codec can't decode"),
        (lambda path: path.write_text("user = ann"), "Invalid value"),
        (lambda path: path.write_text('user = "ann"\nshoe = 3'), "the name of the student's IAM user"),
    ],
    ids=["pipe", "directory", "link out", "link to itself", "long", "no text", "no TOML", "more"],
)
def test_whoever_else_it_says_is_a_sentence(tmp_path, make, reason):
    make(tmp_path / ABOUT)
    with pytest.raises(UsageError, match=f"{ABOUT}: it .*{reason}"):
        read_user(tmp_path)
