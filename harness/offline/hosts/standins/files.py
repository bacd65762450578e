"""``stat``, ``chown``, ``chgrp`` and ``which``: who owns a file, as far as the host is concerned.

All files of a host belong to one user of this machine. What the host says of owners follows the place of a file (below
``/home/ubuntu``: ubuntu, elsewhere: root) unless ``chown`` said otherwise; that is kept in ``/var/lib/systemd/owners``.
"""

from __future__ import annotations

import os
import re
import stat as modes
import sys
import time

from .common import account, complain, is_root, read, real, shown, table, write

_OWNERS = "/var/lib/systemd/owners"
_KINDS = {
    modes.S_IFREG: "regular file", modes.S_IFDIR: "directory", modes.S_IFLNK: "symbolic link", modes.S_IFSOCK: "socket",
    modes.S_IFIFO: "fifo", modes.S_IFCHR: "character special file", modes.S_IFBLK: "block special file",
}  # fmt: skip


def main(name: str, arguments: list[str]) -> int:
    """Do what the command line asks."""
    if name in {"chown", "chgrp"}:
        return _chown(arguments, name)
    return _stat(arguments) if name == "stat" else _which(arguments)


def _which(arguments: list[str]) -> int:
    code = 0
    for name in (argument for argument in arguments if not argument.startswith("-")):
        found = [f"{directory}/{name}" for directory in os.environ["PATH"].split(":")]
        path = next((path for path in found if os.access(path, os.X_OK)), None)
        if path is None:
            code = 1
        else:
            sys.stdout.write(f"{shown(path)}\n")
    return code


def _owner(path: str) -> tuple[str, str]:
    """Return user and group of a file of the host, by number."""
    full = shown(os.path.abspath(path))  # noqa: PTH100
    for line in reversed(read(_OWNERS).splitlines()):
        user, group, place = line.split(" ", 2)
        if full == place or (place.endswith("/") and full.startswith(place)):
            return user, group
    if full == "/run/docker.sock":
        return "0", _group_number("docker")
    return ("1000", "1000") if full == "/home/ubuntu" or full.startswith("/home/ubuntu/") else ("0", "0")


def _group_number(name: str) -> str:
    return next((row[2] for row in table("/etc/group") if name in {row[0], row[2]}), "")


def _chown(arguments: list[str], name: str) -> int:
    operands = [argument for argument in arguments if not argument.startswith("-")]
    if len(operands) < 2:
        return complain(f"{name}: missing operand")
    user, _, group = operands[0].partition(":") if name == "chown" else ("", "", operands[0])
    row = account(user) if user else None
    if (user and row is None) or (group and not _group_number(group)):
        return complain(f"{name}: invalid {'user' if user else 'group'}: ‘{operands[0]}’")
    lines, code = read(_OWNERS), 0
    for operand in operands[1:]:
        path = real(operand)
        if not os.path.lexists(path):
            code = complain(f"{name}: cannot access '{operand}': No such file or directory")
            continue
        before = _owner(path)
        if not is_root() and (row is None or row[2] != before[0]):
            code = complain(f"{name}: changing ownership of '{operand}': Operation not permitted")
            continue
        after = row[2] if row else before[0], _group_number(group) if group else before[1]
        full = shown(os.path.abspath(path))  # noqa: PTH100
        lines += f"{after[0]} {after[1]} {full}\n"
        if any(argument in {"-R", "--recursive"} for argument in arguments):
            lines += f"{after[0]} {after[1]} {full}/\n"
    write(_OWNERS, lines)
    return code


def _stat(arguments: list[str]) -> int:
    template, follow, paths = None, False, []
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith(("--format=", "--printf=")):
            template = argument.partition("=")[2]
        elif re.fullmatch(r"-[L]*c", argument) or argument in {"--format", "--printf"}:
            template, follow = next(rest, ""), follow or "L" in argument
        elif argument.startswith("-") and len(argument) > 1:
            follow = follow or "L" in argument or argument == "--dereference"
        else:
            paths.append(argument)
    code = 0
    for path in paths:
        try:
            seen = os.stat(real(path)) if follow else os.lstat(real(path))  # noqa: PTH116
        except OSError as error:
            code = complain(f"stat: cannot statx '{path}': {error.strerror}")
            continue
        place = os.path.realpath(real(path)) if follow else real(path)
        sys.stdout.write(_filled(template, path, seen, _owner(place)) + "\n")
    return code


def _filled(template: str | None, path: str, seen: os.stat_result, owner: tuple[str, str]) -> str:
    mode = modes.S_IMODE(seen.st_mode)
    values = {
        "n": path, "N": f"'{path}'", "a": f"{mode:o}", "A": modes.filemode(seen.st_mode), "u": owner[0], "g": owner[1],
        "U": (account(owner[0]) or [owner[0]])[0], "G": _group_name(owner[1]), "s": str(seen.st_size),
        "i": str(seen.st_ino),
        "F": _KINDS.get(modes.S_IFMT(seen.st_mode), "weird file"), "h": str(seen.st_nlink), "b": str(seen.st_blocks),
        "B": "512", "o": str(seen.st_blksize), "f": f"{seen.st_mode:x}", "%": "%",
    }  # fmt: skip
    for letter, moment in (("X", seen.st_atime), ("Y", seen.st_mtime), ("Z", seen.st_ctime)):
        values[letter] = str(int(moment))
        values[letter.lower()] = time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(moment))
    template = template or (
        "  File: %n\n  Size: %s\tBlocks: %b\tIO Block: %o\t%F\nInode: %i\tLinks: %h\n"
        "Access: (0%a/%A)\tUid: (%u/%U)\tGid: (%g/%G)\nAccess: %x\nModify: %y\nChange: %z"
    )
    return re.sub(r"%([a-zA-Z%])", lambda match: values.get(match[1], "?"), template)


def _group_name(number: str) -> str:
    return next((row[0] for row in table("/etc/group") if row[2] == number), number)
