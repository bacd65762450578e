"""``report.html``: one file, for a student's phone and a grader's desk, that needs no network and runs nothing foreign.

The template escapes whatever it is given; beyond that, a content security policy lets the browser use this file's own
style and script, known by their hashes, and pictures that the file itself carries.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.catalogue import Homework
from harness.grading.html.page import Page, page
from harness.grading.reportjson import Report

if TYPE_CHECKING:
    import jinja2

NAME = "report.html"
HERE = Path(__file__).parent


def write(directory: Path, report: Report, homework: Homework) -> Path:
    """Write the page of a run into its directory, whole or not at all, and return its path."""
    path = directory / NAME
    draft = path.with_name(NAME + ".draft")
    draft.write_text(render(page(directory, report, homework)), encoding="utf-8")
    draft.replace(path)
    return path


def render(content: Page) -> str:
    """Return the page's HTML."""
    return fill(HERE, "page.html.j2", "style.css", "script.js", page=content)


def fill(folder: Path, template: str, style: str, script: str | None = None, **given: Any) -> str:
    """Fill a folder's template, which is given the texts of style and script and their hashes, and return the page."""
    texts = {"style": _text(folder / style), "script": _text(folder / script) if script else ""}
    hashes = {name: _hash(text) for name, text in texts.items()}
    return _environment(folder).get_template(template).render(**texts, hashes=hashes, **given)


@functools.cache
def _environment(folder: Path) -> jinja2.Environment:
    import jinja2

    loader = jinja2.FileSystemLoader(folder)
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _text(path: Path) -> str:
    """Return a file that is put into the page, as it stands between its tags."""
    return "\n" + path.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
