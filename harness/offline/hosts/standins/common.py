"""What the stand-ins share: the host's paths, its users and groups, and the way to the machine that holds it.

The stand-ins run under ``python -I -S`` with the standard library alone; they import little, being started often.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing it from typing would double a stand-in's time
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

ROOT = os.environ["HOST_ROOT"]
USER = os.environ["HOST_USER"]
_REAL = ("/dev/", "/proc/", "/sys/", f"{ROOT}/")
_PROGRAMS = ("/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin")


def is_root() -> bool:
    """Tell whether the command is run by the host's superuser."""
    return USER == "root"


def real(path: str) -> str:
    """Return where a path of the host is on this machine; relative paths are right already."""
    if not path.startswith("/") or path.startswith(_REAL) or path in {ROOT, os.environ.get("SSH_AUTH_SOCK")}:
        return path
    return ROOT + os.path.normpath(path)


def shown(path: str) -> str:
    """Return a path of this machine as the host knows it."""
    return path[len(ROOT) :] or "/" if path == ROOT or path.startswith(f"{ROOT}/") else path


def read(path: str) -> str:
    """Return the text of a file of the host, nothing where it does not exist."""
    try:
        with open(ROOT + path) as file:  # noqa: PTH123 - see the module's docstring
            return file.read()
    except OSError:
        return ""


def write(path: str, text: str) -> None:
    """Replace a file of the host."""
    temporary = f"{ROOT}{path}.{os.getpid()}"
    with open(temporary, "w") as file:  # noqa: PTH123
        file.write(text)
    os.rename(temporary, ROOT + path)  # noqa: PTH104


def table(path: str) -> list[list[str]]:
    """Return the fields of the lines of ``/etc/passwd`` or ``/etc/group``."""
    return [line.split(":") for line in read(path).splitlines() if line and not line.startswith("#")]


def write_table(path: str, rows: list[list[str]]) -> None:
    """Write such a file."""
    write(path, "".join(":".join(row) + "\n" for row in rows))


def account(name: str) -> list[str] | None:
    """Return the line of ``/etc/passwd`` of a user, by name or number."""
    return next((row for row in table("/etc/passwd") if name in {row[0], row[2]}), None)


def groups_of(user: str) -> list[str]:
    """Return the names of a user's groups, the primary one first, as a new login would get them."""
    row = account(user)
    primary = [group[0] for group in table("/etc/group") if row is not None and group[2] == row[3]]
    member = [group[0] for group in table("/etc/group") if user in group[3].split(",")]
    return primary + [group for group in member if group not in primary]


def complain(message: str, code: int = 1) -> int:
    """Write a message to standard error and return the exit code."""
    sys.stdout.flush()
    sys.stderr.write(f"{message}\n")
    return code


def program(name: str) -> str | None:
    """Return where this machine has the real program."""
    found = (f"{directory}/{name}" for directory in _PROGRAMS)
    return next((path for path in found if os.access(path, os.X_OK)), None)


def become(name: str, arguments: Sequence[str]) -> NoReturn:
    """Become the real program of this machine."""
    path = program(name)
    if path is None:
        raise SystemExit(complain(f"{name}: command not found", 127))
    sys.stdout.flush()
    os.execv(path, [name, *arguments])  # noqa: S606 - that is its purpose


def ask(request: str, **details: Any) -> dict[str, Any]:
    """Ask the machine that holds this host, and return its answer."""
    import json
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["HOST_CONTROL"])
        connection.sendall(json.dumps({"request": request, **details}).encode() + b"\n")
        with connection.makefile() as lines:
            answer: dict[str, Any] = json.loads(lines.readline() or "{}")
    return answer
