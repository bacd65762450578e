"""Reading a file that a stranger wrote: bounded, and never more than the file itself."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError

LARGEST = 131_072
"""Bytes that a homework document may have; ours has 20,000."""
LONGEST = 4_096
"""Characters that a line may have."""


def read(path: Path, largest: int = LARGEST, longest: int = LONGEST) -> str:
    """Return the text of a document, its line ends as single line feeds.

    Raises :class:`~harness.errors.UsageError` in one sentence for what is no text, too large or not there.
    """
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path}: this is no regular file; name one that is.")
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path}: cannot be read ({reason}); name another file.") from error
    if len(data) > largest:
        raise UsageError(f"{path}: larger than {largest:,} bytes, which no homework document is; split it.")
    return _checked(path, _decoded(path, data), longest)


def _decoded(path: Path, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _checked(path: Path, text: str, longest: int) -> str:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"{path}:{line}: a NUL character, so this is no text; remove it.")
    for number, line_text in enumerate(text.split("\n"), start=1):
        if len(line_text) > longest:
            raise UsageError(f"{path}:{number}: a line of {len(line_text):,} characters; break it below {longest:,}.")
    return text
