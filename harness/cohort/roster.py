"""The roster: whom to grade, and with whose credentials their account is entered."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,512}", re.ASCII)
_KNOWN = ("student", "role_arn", "profile", "submission", "account", "region", "external_id")


@dataclass(frozen=True)
class Student:
    """One line of the roster; either ``role_arn`` or ``profile`` is empty.

    ``account`` is the number that the credentials must belong to, of the role where the roster does not say it, or
    empty; ``region`` is empty for the grader's own.
    """

    name: str
    submission: Path
    role_arn: str = ""
    profile: str = ""
    account: str = ""
    region: str = ""
    external_id: str = ""


def read(path: Path) -> list[Student]:
    """Read a roster: CSV in UTF-8, with a heading of ``student``, ``submission``, and ``role_arn`` or ``profile``.

    ``account``, ``region`` and ``external_id`` may be there as well; a submission is looked for beside the roster.
    Raises :class:`~harness.errors.UsageError` that names the line and what to change.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: the roster cannot be read ({error.strerror}); name a CSV file.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: the roster is not UTF-8; save it as CSV in UTF-8.") from error
    students = _students(path, text.splitlines())
    if not students:
        raise UsageError(f"{path}: the roster names nobody; add a line for each student.")
    return students


def _students(path: Path, lines: Iterable[str]) -> list[Student]:
    reader = csv.DictReader(lines, skipinitialspace=True, strict=True)
    try:
        _check_heading(path, reader.fieldnames or ())
        students: dict[str, Student] = {}
        for row in reader:
            where = f"{path}:{reader.line_num}"
            one = _student(where, path.parent, row)
            if students.setdefault(one.name.casefold(), one) is not one:
                raise UsageError(f"{where}: {one.name} is in the roster twice; each student has one line.")
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: this is no CSV ({error}); mend the line.") from error
    return list(students.values())


def _check_heading(path: Path, heading: Iterable[str]) -> None:
    strangers = [name for name in heading if name not in _KNOWN]
    lacking = [name for name in ("student", "submission") if name not in heading]
    if strangers or lacking:
        wrong = f"lacks {' and '.join(lacking)}" if lacking else f"has an unknown {strangers[0]!r}"
        raise UsageError(f"{path}:1: the heading {wrong}; it takes {', '.join(_KNOWN)}.")


def _student(where: str, home: Path, row: Mapping[str | None, str | None]) -> Student:
    if None in row or None in row.values():
        raise UsageError(f"{where}: this line has more or fewer fields than the heading; mend it.")
    fields = {str(name): str(value).strip() for name, value in row.items()}
    name, role = fields.pop("student"), fields.get("role_arn", "")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: {name!r} is no name for a directory; use letters, digits, and any of '._@-'.")
    if bool(role) == bool(fields.get("profile")):
        raise UsageError(f"{where}: {name} needs either a role_arn or a profile; fill in one of the two.")
    arn = _ROLE.fullmatch(role)
    if role and arn is None:
        raise UsageError(
            f"{where}: {role!r} is not the ARN of a role; it looks like arn:aws:iam::111122223333:role/NAME."
        )
    submission = home / fields.pop("submission")
    if not os.access(submission, os.R_OK | os.X_OK) or not submission.is_dir():
        raise UsageError(
            f"{where}: there is no directory {submission} that you may read; name the one with the answers of {name}."
        )
    account = fields.pop("account", "") or (arn[1] if arn else "")
    return Student(name, submission.resolve(), account=account, **fields)
