"""Logins: who one logs in as, where, with which key, and whether the next hop can work."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.document import Command, Word
from harness.material.finding import Found, rule
from harness.material.forms import is_private
from harness.material.lines import split
from harness.material.material import Material
from harness.material.tables import programs
from harness.material.words import nearest


def destination(command: Command) -> Word | None:
    """Return where an ssh command logs in to."""
    if command.name != "ssh":
        return None
    _, operands, _ = split(command.bare[1:], programs().options["ssh"], stop=True)
    return operands[0] if operands else None


def logins(material: Material) -> Iterator[tuple[Command, Word]]:
    """Yield every login with its destination."""
    for command in material.commands:
        word = destination(command)
        if word is not None:
            yield command, word


@rule("LG001", "error")
def agent_is_forwarded(material: Material) -> Iterator[Found]:
    """A login from which another one follows forwards the agent: the private key is not on the bastion."""
    outer: Command | None = None
    for command, word in logins(material):
        if command.machine == "workstation":
            outer = command
        elif outer is not None and command.machine == "bastion" and not _forwards(outer):
            if not _has(command, "-i"):
                yield Found(
                    outer.place,
                    f"without -A the login to {word.text} in line {command.place.line} is refused: Permission denied (publickey)",
                    "write ssh -A",
                )
                outer = None


def _forwards(command: Command) -> bool:
    return (
        _has(command, "-A") or _has(command, "-J") or any("forwardagent=yes" in word.lower() for word in command.argv)
    )


def _has(command: Command, option: str) -> bool:
    options, _, _ = split(command.bare[1:], programs().options["ssh"], stop=True)
    return option in options


@rule("LG012", "error")
def hops_lead_on(material: Material) -> Iterator[Found]:
    """A login from the bastion leads to another host than the one that the reader is on."""
    here = ""
    for command, word in logins(material):
        host = word.text.rpartition("@")[2]
        if command.machine == "workstation":
            here = host
        elif command.machine == "bastion" and host == here:
            yield Found(word.place, f"the reader is on {host} already", "name the private instance")


@rule("LG002", "error")
def login_name(material: Material) -> Iterator[Found]:
    """One logs in as the user that the image has."""
    wanted = material.homework.bastion.user
    for command, word in logins(material):
        user, at, _ = word.text.rpartition("@")
        if not at and not _has(command, "-l") and "." not in word.text and "_" not in word.text:
            continue
        if (user or "your own name") != wanted and not _has(command, "-l") and not _has(command, "-F"):
            yield Found(
                word.place, f"Ubuntu's images know the user {wanted}, not {user or 'the name you have at home'}: Permission denied",
                f"write {wanted}@{word.text.rpartition('@')[2]}",
            )  # fmt: skip


@rule("LG003", "warning")
def names_of_one_region(material: Material) -> Iterator[Found]:
    """Names of instances are those of any region, not of us-east-1 only."""
    for command, word in logins(material):
        match = re.search(r"\.(compute-1|[a-z]{2}-\w+-\d\.compute)\.amazonaws\.com", word.text)
        if match:
            where = "us-east-1" if match[1] == "compute-1" else match[1].removesuffix(".compute")
            yield Found(
                word.place, f"public names end in .{match[1]}.amazonaws.com in {where} only; elsewhere: could not resolve hostname",
                f"let the placeholder stand for the whole name: {word.text.partition('.')[0]}",
            )  # fmt: skip
        if command.machine == "bastion" and match:
            yield Found(
                word.place, "from the bastion the private instance is reached by its private name",
                "use PrivateDnsName of describe-instances",
            )  # fmt: skip


@rule("LG004", "error")
def key_before_agent(material: Material) -> Iterator[Found]:
    """The key is closed to others before it is loaded, and loaded before it is needed."""
    closed: set[str] = set()
    loaded = False
    for command in material.commands:
        files = {
            word.text.removeprefix("./")
            for word in command.bare[1:]
            if word.text.endswith(".pem") or "KEY" in word.text.upper()
        }
        if command.name == "chmod":
            closed |= files
        elif command.name == "ssh-add" and files:
            loaded = True
            if closed and not files & closed and not any("*" in name for name in closed):
                yield Found(
                    command.place, f"{', '.join(sorted(files))}: this is not the file that chmod was told about",
                    f"write {sorted(closed)[0]}",
                )  # fmt: skip
            elif not closed:
                yield Found(
                    command.place,
                    "ssh-add refuses a key that others may read: UNPROTECTED PRIVATE KEY FILE",
                    "chmod 400 first",
                )
        elif command.name == "ssh" and not loaded and not _has(command, "-i") and len(command.argv) > 1:
            yield Found(
                command.place, "no step before this loads the key into the agent: Permission denied", "ssh-add first"
            )
            loaded = True


@rule("LG005", "error")
def key_modes(material: Material) -> Iterator[Found]:
    """A private key is readable by its owner only."""
    for command in material.commands:
        operands = [word for word in command.bare[1:] if not word.text.startswith("-")]
        if command.name != "chmod" or len(operands) < 2 or not any(".pem" in word.text for word in operands[1:]):
            continue
        mode = operands[0].text
        if not is_private(mode) and not re.fullmatch(r"(?:go|og)-[rwx]+", mode):
            yield Found(
                operands[0].place, f"mode {mode} lets others read the private key, or you not: ssh refuses it",
                "write 400",
            )  # fmt: skip


@rule("LG006", "error")
def modes_exist(material: Material) -> Iterator[Found]:
    """Modes are octal numbers or letters that chmod knows."""
    for command in material.commands:
        operands = [word for word in command.bare[1:] if not word.text.startswith("-")]
        if command.name == "chmod" and operands and operands[0].is_literal:
            if not re.fullmatch(r"[0-7]{3,4}|[ugoa]*[+=-][rwxXst]*(?:,[ugoa]*[+=-][rwxXst]*)*", operands[0].text):
                yield Found(
                    operands[0].place, f"chmod: invalid mode: {operands[0].text!r}", "write the mode first, such as 400"
                )


@rule("LG007", "warning")
def files_readable(material: Material) -> Iterator[Found]:
    """Nothing is made writable for everybody."""
    for command in material.commands:
        operands = [word for word in command.bare[1:] if not word.text.startswith("-")]
        if (
            command.name == "chmod"
            and operands
            and re.fullmatch(r"0?[0-7]?[0-7][0-7][2367]|[ao]\+[rwx]*w[rwx]*", operands[0].text)
        ):
            yield Found(
                operands[0].place,
                f"mode {operands[0].text} lets everybody on the machine change it",
                "give no more than is needed",
            )


@rule("LG008", "error")
def group_of_docker(material: Material) -> Iterator[Found]:
    """Who speaks to Docker without sudo is in the group docker, and logs in again after joining it."""
    member = next(
        (c for c in material.commands if c.name in ("usermod", "gpasswd", "adduser") and "docker" in c.argv), None
    )
    docker = next((c for c in material.commands if c.name == "docker" and c.machine == "bastion"), None)
    for command in material.commands:
        if command.name == "usermod" and "docker" not in command.argv:
            groups = split(command.bare[1:], programs().options["usermod"])[0].get("-G", ())
            for word in groups:
                if nearest(word.text, ["docker"]):
                    yield Found(word.place, f"usermod: group {word.text!r} does not exist", "write docker")
    is_root = docker is not None and (docker.words[0].text == "sudo" or any(
        c.words[0].text == "sudo" and c.argv[:1] in (("su",), ("-i",)) for c in material.commands))  # fmt: skip
    if docker and not is_root and member is None:
        yield Found(
            docker.place, "permission denied while trying to connect to the Docker daemon socket: no step lets ubuntu use Docker",
            "sudo usermod -aG docker ubuntu, then log in again",
        )  # fmt: skip
    elif docker and member and member.place.line < docker.place.line and not _logs_in_between(material, member, docker):
        yield Found(
            docker.place,
            "only a new login belongs to the group docker: permission denied",
            "exit and log in again before this",
        )


def _logs_in_between(material: Material, first: Command, last: Command) -> bool:
    return any(
        command.name in ("ssh", "newgrp", "reboot") and first.place.line < command.place.line < last.place.line
        for command in material.commands
    )


@rule("LG009", "error")
def users_exist(material: Material) -> Iterator[Found]:
    """The command usermod changes the user that one is logged in as."""
    for command in material.commands:
        if command.name == "usermod":
            _, operands, _ = split(command.bare[1:], programs().options["usermod"])
            for word in operands[:1]:
                if (
                    word.is_literal
                    and word.text not in (material.homework.bastion.user,)
                    and not word.text.startswith("YOUR_")
                ):
                    yield Found(
                        word.place,
                        f"usermod: user {word.text!r} does not exist",
                        f"write {material.homework.bastion.user}",
                    )
