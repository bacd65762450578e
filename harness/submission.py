"""What a student hands in beside the written answers: the key file, and who they are."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from harness.documents import contents, is_inside
from harness.errors import UsageError

ABOUT = "student.toml"
FIRST = "key.pem"
LARGEST = 4096
"""Bytes of the line that says who they are."""


def find_keys(directory: Path) -> tuple[Path, ...]:
    """Return the private key files of a submission, also those in its folders, ``key.pem`` first.

    A link out of the submission is none: it may lead to the grader's own key, which is for no student's host.
    """
    named = sorted(path for path in directory.rglob("*") if path.suffix.casefold() == ".pem")
    found = (path for path in named if path.is_file() and is_inside(path, directory))
    return tuple(sorted(found, key=lambda path: (path.name != FIRST, len(path.parts))))


def read_user(directory: Path) -> str | None:
    """Return the IAM user's name that ``student.toml`` gives (``user = "ann"``), ``None`` where there is no such file.

    Raises :class:`~harness.errors.UsageError` for a file that says nothing else.
    """
    path = directory / ABOUT
    if not os.path.lexists(path):
        return None
    try:
        about = tomllib.loads(contents(path, directory, LARGEST).decode())
    except ValueError as error:
        raise UsageError(f'{path}: it cannot be read ({error}); it is one line: user = "NAME".') from error
    user = about.get("user")
    if not isinstance(user, str) or not user or set(about) != {"user"}:
        raise UsageError(f'{path}: it is one line: user = "NAME", the name of the student\'s IAM user.')
    return user
