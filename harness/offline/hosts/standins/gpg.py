"""``gpg --dearmor``, as the installation of a repository's key uses it."""

from __future__ import annotations

import sys

from .common import complain, real
from .dockerkey import dearmored


def main(_name: str, arguments: list[str]) -> int:
    """Turn an armored key, from a file or standard input, into its binary form."""
    if "--dearmor" not in arguments and "--dearmour" not in arguments:
        return complain("gpg: this host's stand-in knows --dearmor only", 2)
    output, source = None, None
    rest = iter(arguments)
    for argument in rest:
        if argument in {"-o", "--output"}:
            output = next(rest, None)
        elif argument.startswith("--output="):
            output = argument.partition("=")[2]
        elif not argument.startswith("-"):
            source = argument
    try:
        binary = dearmored(_read(source))
        if binary is None:
            return complain("gpg: no valid OpenPGP data found.\ngpg: dearmoring failed: eof", 2)
        _write(output, binary)
    except OSError as error:
        return complain(f"gpg: dearmoring failed: {error.strerror}", 2)
    return 0


def _read(source: str | None) -> str:
    if source is None:
        return sys.stdin.read()
    with open(real(source)) as file:  # noqa: PTH123
        return file.read()


def _write(output: str | None, binary: bytes) -> None:
    if output is None or output == "-":
        sys.stdout.buffer.write(binary)
        return
    with open(real(output), "wb") as file:  # noqa: PTH123
        file.write(binary)
