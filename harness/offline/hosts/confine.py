"""Start a program that can write nowhere but where it is told, and read no more than programs need.

A launcher of its own (``python -I -S confine.py [--tty] [--write DIR]… [--read DIR]… -- PROGRAM ARGUMENT…``):
rights are given up between ``fork`` and ``exec``, which a process with threads cannot safely do itself. It makes a
session (with ``--tty``: standard input its controlling terminal), gives up its rights and becomes the program.

Landlock (Documentation/userspace-api/landlock.rst of the kernel) needs Linux 5.13 and no privilege. Where it is absent,
on macOS and old kernels, programs start all the same, unconfined: then only the stand-ins' mapping of paths keeps a
shell's redirection to an absolute path off the real machine. Neither memory nor network are confined.

Standard library only: it runs without the suite's packages.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

# The signal module doubles the start.
from _signal import (  # type: ignore[import-not-found]
    SIG_DFL,
    SIGHUP,
    SIGINT,
    SIGPIPE,
    SIGQUIT,
    SIGTERM,
    signal,
)

TYPE_CHECKING = False  # importing it from typing would double the launcher's time
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_RULE_PATH_BENEATH = 1
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1}
_RIGHTS = (1 << 15) - 1

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm")
_LIBRARIES = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/opt")
_SYSTEM = (*_LIBRARIES, "/etc", "/proc", "/sys", "/dev")


def command(
    argv: Sequence[str], *, writable: Iterable[Path], readable: Iterable[Path] = (), tty: bool = False
) -> list[str]:
    """Return the argument vector that runs ``argv`` confined to these directories and the system's own programs."""
    options = ["--tty"] if tty else []
    for name, directories in (("--write", writable), ("--read", [*_python(), *readable])):
        for directory in directories:
            options += [name, str(directory)]
    return [sys.executable, "-I", "-S", __file__, *options, "--", *argv]


def is_available() -> bool:
    """Tell whether this system can confine programs."""
    return sys.platform == "linux" and _abi() > 0


def restrict(writable: Iterable[str], readable: Iterable[str]) -> bool:
    """Give up, for this process and all that it starts, every other access to files; ``False`` where impossible."""
    abi = _abi() if sys.platform == "linux" else 0
    if abi <= 0:
        return False
    handled = _RIGHTS_BY_ABI.get(abi, _RIGHTS)
    ruleset = _syscall(_CREATE_RULESET, ctypes.create_string_buffer(struct.pack("Q", handled), 8), 8, 0)
    read = _EXECUTE | _READ_FILE | _READ_DIR
    devices = handled & (read | _WRITE_FILE | _TRUNCATE)
    for rights, paths in ((handled, writable), (devices, _devices()), (read, readable)):
        for path in paths:
            _allow(ruleset, path, rights)
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return True


def _python() -> Iterator[str]:
    """Yield where this interpreter and the suite are, which the stand-ins are run with."""
    interpreter = os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))  # noqa: PTH120 - see _allow
    suite = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))  # noqa: PTH120
    yield from sorted({sys.prefix, sys.base_prefix, interpreter, suite})


def _devices() -> Iterator[str]:
    return (f"/dev/{name}" for name in _DEVICES)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib costs a launcher half of its time
        rights &= _FILE_RIGHTS
    attribute = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
    _syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, attribute, 0)
    os.close(descriptor)


def _abi() -> int:
    try:
        return _syscall(_CREATE_RULESET, None, 0, _VERSION)
    except OSError:  # ENOSYS: not built in; EOPNOTSUPP: switched off
        return 0


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result: int = libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, errno.errorcode.get(code, "landlock"))
    return result


def _main(arguments: list[str]) -> None:
    split = arguments.index("--")
    options, argv = arguments[:split], arguments[split + 1 :]
    directories: dict[str, list[str]] = {"--write": [], "--read": list(_SYSTEM)}
    pairs = [option for option in options if option != "--tty"]
    for name, directory in zip(pairs[::2], pairs[1::2], strict=True):
        directories[name].append(directory)
    if os.getsid(0) != os.getpid():
        os.setsid()
    if "--tty" in options:
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    restrict(directories["--write"], directories["--read"])
    os.umask(0o002)  # that of a user with a group of their own, as Ubuntu has it (pam_umask)
    # A login begins with none ignored: Python ignores a closed pipe, and whoever runs in the background more than that.
    for number in (SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM):
        signal(number, SIG_DFL)
    os.execvp(argv[0], argv)  # noqa: S606 - that is its purpose


if __name__ == "__main__":
    _main(sys.argv[1:])
