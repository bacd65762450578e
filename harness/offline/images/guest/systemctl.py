"""``systemctl`` of an instance, and ``reboot``, ``poweroff``, ``halt`` and ``shutdown``: asks the first process."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

SOCKET = "/run/systemd/private"
VERBS = {"reboot": "reboot", "poweroff": "poweroff", "halt": "halt"}


def ask(argv: list[str]) -> int:
    """Print what the first process answers and return the exit code."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(SOCKET)
        except OSError:
            sys.stderr.write("System has not been booted with systemd as init system (PID 1). Can't operate.\n")
            return 1
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(argv).encode() + b"\n")
            stream.flush()
            line = stream.readline()
    if not line:  # the machine went down while it was asked
        return 0
    answer = json.loads(line)
    sys.stdout.write("".join(f"{line}\n" for line in answer["out"]))
    sys.stderr.write("".join(f"{line}\n" for line in answer["err"]))
    return int(answer["code"])


def shutdown(argv: list[str]) -> int:
    """Go down, or come back with ``-r``, at once or after so many minutes (shutdown(8))."""
    if "-c" in argv:
        os.system("pkill -f instance-shutdown-timer")  # noqa: S605 - a fixed line
        return 0
    verb = "reboot" if "-r" in argv else "poweroff"
    when = next((word for word in argv if not word.startswith("-")), "+1")
    minutes = 0 if when == "now" else int(when.lstrip("+")) if when.lstrip("+").isdigit() else 1
    if not minutes:
        return ask([verb])
    if os.fork() == 0:
        os.setsid()
        line = f"sleep {60 * minutes}; exec /usr/bin/systemctl {verb}"
        os.execv("/bin/bash", ["instance-shutdown-timer", "-c", line])  # noqa: S606 - a fixed line
    sys.stderr.write(f"Shutdown scheduled, use 'shutdown -c' to cancel ({minutes} min).\n")
    return 0


def main() -> int:
    """Do what the name says under which this was called."""
    name = Path(os.environ.get("INSTANCE_PROGRAM", "systemctl")).name
    if name == "shutdown":
        return shutdown(sys.argv[1:])
    return ask([VERBS[name]] if name in VERBS else sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
