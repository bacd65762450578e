"""Users and groups, on the host's own ``/etc/passwd`` and ``/etc/group``."""

from __future__ import annotations

import os
import sys

from .common import (
    ROOT,
    USER,
    account,
    complain,
    groups_of,
    is_root,
    read,
    table,
    write_table,
)


def main(name: str, arguments: list[str]) -> int:
    """Do what the command line asks."""
    if name == "whoami":
        sys.stdout.write(f"{USER}\n")
        return 0
    if name == "passwd":
        return complain("passwd: Authentication token manipulation error", 10)
    if name in {"id", "groups", "getent"}:
        return {"id": _id, "groups": _groups, "getent": _getent}[name](arguments)
    if not is_root():
        return complain(f"{name}: Permission denied.\n{name}: cannot lock /etc/passwd; try again later.", 1)
    return {"usermod": _usermod, "groupadd": _groupadd, "addgroup": _groupadd}.get(name, _useradd)(arguments)


def _own_groups() -> list[str]:
    return [group for group in os.environ.get("HOST_GROUPS", "").split(",") if group]


def _group_id(name: str) -> str:
    return next((row[2] for row in table("/etc/group") if row[0] == name), "65534")


def _id(arguments: list[str]) -> int:
    letters = "".join(argument[1:] for argument in arguments if argument.startswith("-") and argument[1:2] != "-")
    letters += "".join(argument[2] for argument in arguments if argument in {"--user", "--group", "--name", "--groups"})
    names = [argument for argument in arguments if not argument.startswith("-")]
    row = account(names[0] if names else USER)
    if row is None:
        return complain(f"id: ‘{names[0]}’: no such user")
    groups = groups_of(row[0]) if names else _own_groups()
    if "G" in letters or "--groups" in arguments:
        shown = groups if "n" in letters else [_group_id(group) for group in groups]
        text = " ".join(shown)
    elif "g" in letters:
        text = groups[0] if "n" in letters else row[3]
    elif "u" in letters:
        text = row[0] if "n" in letters else row[2]
    else:
        every = ",".join(f"{_group_id(group)}({group})" for group in groups)
        text = f"uid={row[2]}({row[0]}) gid={row[3]}({groups_of(row[0])[0]}) groups={every}"
    sys.stdout.write(f"{text}\n")
    return 0


def _groups(names: list[str]) -> int:
    for name in names:
        if account(name) is None:
            return complain(f"groups: ‘{name}’: no such user")
        sys.stdout.write(f"{name} : {' '.join(groups_of(name))}\n")
    if not names:
        sys.stdout.write(f"{' '.join(_own_groups())}\n")
    return 0


def _getent(arguments: list[str]) -> int:
    database, *keys = arguments or [""]
    files = {"passwd": "/etc/passwd", "group": "/etc/group", "shadow": "/etc/shadow", "hosts": "/etc/hosts"}
    if database not in files:
        return complain(f"Unknown database: {database}", 1)
    if database == "shadow" and not is_root():
        return 2 if keys else 0
    lines = [line for line in read(files[database]).splitlines() if line]
    if not keys:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return 0
    found = [line for key in keys for line in lines if _is_named(database, line, key)]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 0 if len(found) >= len(keys) else 2


def _is_named(database: str, line: str, key: str) -> bool:
    if database == "hosts":
        return key in line.split()
    fields = line.split(":")
    return key in {fields[0], fields[2] if database != "shadow" else fields[0]}


def _usermod(arguments: list[str]) -> int:
    user = arguments[-1] if arguments else ""
    groups, append = [], False
    for position, argument in enumerate(arguments[:-1]):
        if argument.startswith("-") and not argument.startswith("--"):
            append = append or "a" in argument
            if argument.endswith("G"):
                groups = arguments[position + 1].split(",")
        elif argument in {"--append", "--groups"}:
            append = append or argument == "--append"
            groups = arguments[position + 1].split(",") if argument == "--groups" else groups
    if account(user) is None:
        return complain(f"usermod: user '{user}' does not exist", 6)
    rows = table("/etc/group")
    unknown = [group for group in groups if group not in {row[0] for row in rows}]
    if unknown:
        return complain(f"usermod: group '{unknown[0]}' does not exist", 6)
    for row in rows:
        members = [member for member in row[3].split(",") if member]
        if row[0] in groups and user not in members:
            members.append(user)
        elif row[0] not in groups and not append and groups:
            members = [member for member in members if member != user]
        row[3] = ",".join(members)
    write_table("/etc/group", rows)
    return 0


def _groupadd(arguments: list[str]) -> int:
    name = next((argument for argument in reversed(arguments) if not argument.startswith("-")), "")
    rows = table("/etc/group")
    if name in {row[0] for row in rows}:
        return 0 if {"-f", "--force"} & set(arguments) else complain(f"groupadd: group '{name}' already exists", 9)
    write_table("/etc/group", [*rows, [name, "x", _free_number(rows), ""]])
    return 0


def _free_number(rows: list[list[str]]) -> str:
    return str(max(int(row[2]) for row in rows if int(row[2]) < 60000) + 1)


def _useradd(arguments: list[str]) -> int:
    name = next((argument for argument in reversed(arguments) if not argument.startswith("-")), "")
    users, groups = table("/etc/passwd"), table("/etc/group")
    if account(name) is not None:
        return complain(f"useradd: user '{name}' already exists", 9)
    number = _free_number(users)
    home = f"/home/{name}"
    write_table("/etc/passwd", [*users, [name, "x", number, number, "", home, "/bin/bash"]])
    write_table("/etc/group", [*groups, [name, "x", number, ""]])
    os.makedirs(ROOT + home, exist_ok=True)  # noqa: PTH103
    return 0
