"""The clauses of a document as somebody accepted them: a TOML file beside the document.

A clause is the section that one or several requirements rest on. What it *says* is kept in two parts: ``code``, the
commands and files of its blocks in a form that neither quotes nor the order of options change, and ``text``, its prose.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cattrs

from harness.errors import UsageError
from harness.material import reading

SUFFIX = ".clauses.toml"


@dataclass(frozen=True)
class Clause:
    """A section as it was accepted; ``requirements`` are the ids that rest on it, none for mere context."""

    title: str
    requirements: tuple[str, ...]
    fingerprint: str
    code: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Record:
    """All clauses, with the parameters of the catalogue and the placeholders (name: mentions) of that day."""

    accepted: datetime.date
    parameters: dict[str, str]
    placeholders: dict[str, int]
    section: tuple[Clause, ...]


def beside(document: Path) -> Path:
    """Return where a document's clauses are recorded."""
    return document.with_name(document.stem + SUFFIX)


def fingerprint(title: str, code: tuple[str, ...], text: str) -> str:
    """Return the hash of heading, code and text."""
    return hashlib.sha256("\0".join((title, *code, text)).encode()).hexdigest()[:20]


def read(path: Path) -> Record | None:
    """Return the record, ``None`` where there is none; raises :class:`~harness.errors.UsageError` for a broken one."""
    if not path.exists():
        return None
    try:
        data = tomllib.loads(reading.read(path, 4 * reading.LARGEST, longest=4 * reading.LARGEST))
        converter = cattrs.Converter(forbid_extra_keys=True)
        converter.register_structure_hook(datetime.date, lambda value, _: _date(value))
        return converter.structure(data, Record)
    except (ValueError, TypeError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{path}: these are no recorded clauses; record them anew with gate --accept.") from error


def _date(value: object) -> datetime.date:
    if not isinstance(value, datetime.date):
        raise TypeError(f"expected a date, got {value!r}")
    return value


def write(path: Path, record: Record) -> None:
    """Write a record; raises :class:`~harness.errors.UsageError` where that is not possible."""
    try:
        path.write_text("".join(f"{line}\n" for line in _lines(record)), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: the clauses cannot be written ({error.strerror}); name another file.") from error


def _lines(record: Record) -> Iterator[str]:
    yield "# What each clause of the document said when it was last reviewed: written by `python -m harness gate --accept`, not by hand."
    yield f"accepted = {record.accepted.isoformat()}"
    tables: tuple[tuple[str, Any], ...] = (("parameters", record.parameters), ("placeholders", record.placeholders))
    for name, values in tables:
        yield from ("", f"[{name}]", *(f"{_text(key)} = {_text(value)}" for key, value in sorted(values.items())))
    for clause in record.section:
        yield from ("", "[[section]]", f"title = {_text(clause.title)}")
        yield f"requirements = [{', '.join(map(_text, clause.requirements))}]"
        yield f"fingerprint = {_text(clause.fingerprint)}"
        yield from ("code = [", *(f"  {_text(line)}," for line in clause.code), "]")
        yield f"text = {_text(clause.text)}"


def _text(value: str | int) -> str:
    """Return a value as TOML has it: JSON's strings are basic strings of TOML."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
