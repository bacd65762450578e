"""Commands on the hosts: the rights that they need, and what apt has to have read before it installs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from harness.material.document import Command
from harness.material.finding import Found, rule
from harness.material.material import Material

_READING = frozenset(
    {
        "list",
        "show",
        "search",
        "policy",
        "--version",
        "-v",
        "changelog",
        "status",
        "is-active",
        "--list",
        "-l",
        "-s",
        "-L",
    }
)
_ROOTS = frozenset(
    {"apt", "apt-get", "add-apt-repository", "usermod", "useradd", "groupadd", "dpkg", "systemctl", "service"}
)
_WRITERS = frozenset({"install", "tee", "cp", "mv", "mkdir", "chmod", "chown", "rm", "touch", "ln"})


@rule("HO001", "error")
def root_rights(material: Material) -> Iterator[Found]:
    """What changes a host is done with sudo: the reader logs in as an ordinary user."""
    is_root = False
    for command in material.commands:
        if command.name in ("ssh", "exit", "logout"):
            is_root = False
        elif command.machine in ("bastion", "private"):
            has_sudo = bool(command.words) and command.words[0].text == "sudo"
            is_root = (
                is_root
                or (has_sudo and command.argv[:1] in (("su",), ("-i",), ("-s",), ("bash",)))
                or command.argv == ("su",)
            )
            if not has_sudo and not is_root and _needs_root(command):
                yield Found(
                    command.place, f"{command.name}: Permission denied: are you root?", f"write sudo {command.name}"
                )


def _needs_root(command: Command) -> bool:
    words = command.argv[1:]
    if command.name in _ROOTS:
        return bool(words) and not _READING & set(words)
    if command.name == "curl":
        return any(_is_system(after) for word, after in itertools.pairwise(words) if word in ("-o", "--output"))
    return command.name in _WRITERS and any(_is_system(word) for word in words[-1:])


def _is_system(path: str) -> bool:
    return re.match(r"/(?:etc|usr|opt|var|root)/", path) is not None


@rule("HO002", "error")
def lists_are_read(material: Material) -> Iterator[Found]:
    """Apt reads the lists of a source that was added before it installs from it."""
    unread: dict[str, Command] = {}
    for command in material.commands:
        targets = [*command.argv[1:], *(r.target.text for r in command.redirects if r.target)]
        if command.name in ("apt", "apt-get") and "update" in command.argv:
            unread.pop(command.machine, None)
        elif command.name in ("apt", "apt-get") and "install" in command.argv and command.machine in unread:
            source = unread.pop(command.machine)
            message = f"E: Unable to locate package: apt has not read the source that line {source.place.line} adds"
            yield Found(command.place, message, "apt-get update first")
        elif any("/etc/apt/sources.list" in target for target in targets) and command.name not in ("cat", "ls", "rm"):
            unread[command.machine] = command
