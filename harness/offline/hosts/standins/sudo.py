"""``sudo``, ``su``, ``newgrp`` and ``sg``: another user of the host, the same user of this machine.

``ubuntu`` may do everything without a password, as Canonical's image has it. ``-i`` and ``-u`` are honoured.
"""

from __future__ import annotations

import os
import shlex
import sys

from .common import ROOT, USER, account, complain, groups_of, is_root, real

_KEPT = ("HARNESS_LEASH", "HOST_", "LANG", "LC_", "TERM", "PATH", "TMPDIR", "DISPLAY", "COLORTERM", "BASH_ENV")


def main(name: str, arguments: list[str]) -> int:
    """Become the command, under the user that was asked for."""
    if name == "sudo":
        return _sudo(arguments)
    if name == "su":
        return _su(arguments)
    return _new_group(name, arguments)


def _sudo(arguments: list[str]) -> int:
    asked = _Asked()
    while arguments and asked.takes(arguments):
        pass
    if asked.is_list:
        return _say_what_is_allowed()
    if asked.is_check:
        return 0
    if not (_is_sudoer() or asked.user == USER):
        return complain(f"{USER} is not in the sudoers file.")
    if not arguments and not asked.is_shell:
        return complain("usage: sudo -h | -K | -k | -V\nusage: sudo [-u user] [-i | -s] [command [arg ...]]")
    return _become(asked.user, arguments, asked.assignments, login=asked.is_login, as_sudo=True)


class _Asked:
    """What the options of a ``sudo`` command line ask for."""

    def __init__(self) -> None:
        self.user = "root"
        self.is_login = self.is_shell = self.is_check = self.is_list = False
        self.assignments: dict[str, str] = {}

    def takes(self, arguments: list[str]) -> bool:
        """Take one option, or one assignment, off the front; ``False`` where the command begins."""
        option = arguments[0]
        if not option.startswith("-") and ("=" not in option or option.startswith("/")):
            return False
        arguments.pop(0)
        if option in {"-u", "--user", "-g", "--group", "-p", "-C"} and arguments:
            value = arguments.pop(0)
            self.user = value if option in {"-u", "--user"} else self.user
        elif option.startswith("--user="):
            self.user = option.removeprefix("--user=")
        elif not option.startswith("-"):
            key, _, value = option.partition("=")
            self.assignments[key] = value
        else:
            self._note(option)
        return option != "--"

    def _note(self, option: str) -> None:
        letters = "" if option.startswith("--") else option[1:]
        self.is_login = self.is_login or "i" in letters or option == "--login"
        self.is_shell = self.is_shell or self.is_login or "s" in letters or option == "--shell"
        self.is_list = self.is_list or "l" in letters or option == "--list"
        self.is_check = self.is_check or letters in {"v", "k", "K"}
        if "E" in letters or option == "--preserve-env":
            self.assignments = {**os.environ, **self.assignments}


def _say_what_is_allowed() -> int:
    sys.stdout.write(f"User {USER} may run the following commands on this host:\n    (ALL : ALL) NOPASSWD: ALL\n")
    return 0


def _is_sudoer() -> bool:
    return is_root() or "sudo" in os.environ.get("HOST_GROUPS", "").split(",")


def _su(arguments: list[str]) -> int:
    command, login, rest = None, False, []
    while arguments:
        option = arguments.pop(0)
        if option in {"-c", "--command"} and arguments:
            command = arguments.pop(0)
        elif option in {"-s", "--shell"} and arguments:
            arguments.pop(0)
        elif option in {"-", "-l", "--login"}:
            login = True
        elif not option.startswith("-"):
            rest.append(option)
    user = rest[0] if rest else "root"
    if not is_root():
        return complain("Password: su: Authentication failure")
    if account(user) is None:
        return complain(f"su: user {user} does not exist or the user entry does not contain all the required fields")
    shell = ["bash", "-c", command] if command is not None else []
    return _become(user, shell, {}, login=login, as_sudo=False)


def _become(user: str, command: list[str], assignments: dict[str, str], *, login: bool, as_sudo: bool) -> int:
    row = account(user.removeprefix("#"))
    if row is None:
        return complain(f"sudo: unknown user {user}")
    environment = {key: value for key, value in os.environ.items() if key.startswith(_KEPT)}
    environment |= {key: value for key, value in assignments.items() if not key.startswith("HOST_")}
    environment |= {"USER": row[0], "LOGNAME": row[0], "HOME": ROOT + row[5], "SHELL": "/bin/bash"}
    environment |= {"HOST_USER": row[0], "HOST_GROUPS": ",".join(groups_of(row[0]))}
    if as_sudo:
        sudoer = account(USER) or row
        environment |= {"SUDO_USER": USER, "SUDO_UID": sudoer[2], "SUDO_GID": sudoer[3]}
        environment["SUDO_COMMAND"] = " ".join(command)
    if login:
        os.chdir(ROOT + row[5])
    if login and command:
        command = ["bash", "-c", shlex.join(command)]
    return _execute(command or ["bash"], environment)


def _execute(command: list[str], environment: dict[str, str]) -> int:
    name = command[0]
    if name.startswith("/"):
        candidates = [ROOT + name] if os.access(ROOT + name, os.X_OK) else [real(name)]
    elif "/" in name:
        candidates = [name]
    else:
        candidates = [f"{directory}/{name}" for directory in environment.get("PATH", "").split(":")]
    sys.stdout.flush()
    os.umask(0o022)  # root's
    for path in candidates:
        if os.access(path, os.X_OK) and not os.path.isdir(path):  # noqa: PTH112
            os.execve(path, [name, *command[1:]], environment)  # noqa: S606 - that is its purpose
    return complain(f"sudo: {name}: command not found")


def _new_group(name: str, arguments: list[str]) -> int:
    group, *rest = [argument for argument in arguments if argument not in {"-", "-c"}] or [""]
    if group not in groups_of(USER) and not is_root():
        return complain(f"{name}: group '{group}' does not exist" if not group else "Password: Invalid password.")
    groups = [group, *(known for known in os.environ.get("HOST_GROUPS", "").split(",") if known != group)]
    command = ["bash", "-c", rest[0]] if name == "sg" and rest else ["bash"]
    return _execute(command, {**os.environ, "HOST_GROUPS": ",".join(groups)})
