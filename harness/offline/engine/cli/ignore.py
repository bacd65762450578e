"""``.dockerignore``: what of a directory is not sent to be built from."""

# Pathlib would double the time that the command takes to start.
# ruff: noqa: PTH113, PTH118, PTH123

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Ignore:
    """Patterns in order; the last that fits decides, and ``!`` lets in again."""

    def __init__(self, lines: list[str]) -> None:
        self.rules: list[tuple[bool, re.Pattern[str]]] = []
        for line in lines:
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            lets_in = text.startswith("!")
            pattern = os.path.normpath(text.lstrip("!").strip()).lstrip("/")
            self.rules.append((not lets_in, re.compile(_regex(pattern) + r"(?:/.*)?", re.DOTALL)))

    @classmethod
    def of(cls, folder: str) -> Ignore:
        """Read the file of a directory, if it has one."""
        path = os.path.join(folder, ".dockerignore")
        if not os.path.isfile(path):
            return cls([])
        with open(path, encoding="utf-8-sig") as file:
            return cls(file.read().splitlines())

    def leaves_out(self, path: str) -> bool:
        """Tell whether a path is left out."""
        out = False
        for leaves_out, pattern in self.rules:
            if pattern.fullmatch(path):
                out = leaves_out
        return out

    def kept(self, folder: str, always: set[str]) -> Iterator[str]:
        """Yield the paths below a directory that are sent, directories before what is in them."""
        lets_in = any(not leaves_out for leaves_out, _ in self.rules)
        for here, folders, files in os.walk(folder):
            base = os.path.relpath(here, folder)
            inside = "" if base == "." else f"{base}/"
            folders[:] = [name for name in sorted(folders) if lets_in or not self.leaves_out(inside + name)]
            for name in [*folders, *sorted(files)]:
                path = inside + name
                if path in always or not self.leaves_out(path):
                    yield path


def _regex(pattern: str) -> str:
    """Return a pattern of Go's ``filepath.Match``, with ``**``, as a regular expression."""
    out, at = "", 0
    while at < len(pattern):
        sign = pattern[at]
        if pattern.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            out, at = out + ".*", at + 2
        elif sign == "[" and "]" in pattern[at:]:
            end = pattern.index("]", at)
            out, at = out + pattern[at : end + 1], end + 1
        else:
            out += {"*": "[^/]*", "?": "[^/]"}.get(sign) or re.escape(sign)
            at += 1
    return out
