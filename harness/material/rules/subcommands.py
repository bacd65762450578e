"""Words given to programs: their verbs, and what they do with a container, a host or a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.finding import Found, rule
from harness.material.lines import DockerLine, split
from harness.material.material import Material
from harness.material.tables import programs, table
from harness.material.words import meant, nearest


@rule("PG009", "error")
def verbs(material: Material) -> Iterator[Found]:
    """Programs that take a verb get one that they know."""
    known = table("programs")["verbs"]
    for command in material.commands:
        first = next((word for word in command.bare[1:] if not word.text.startswith("-")), None)
        verbs_of = known.get(command.name, ())
        if verbs_of and first is not None and first.is_literal and first.text not in verbs_of:
            yield Found(
                first.place,
                f"{command.name}: invalid operation {first.text}",
                meant(first.text, verbs_of, f"see {command.name} --help"),
            )


@rule("PG012", "error")
def pipes_are_read(material: Material) -> Iterator[Found]:
    """A program that reads a pipe only when it is told so is told so."""
    for command in material.commands:
        for words, dash in table("programs")["pipes"].items():
            count = len(words.split())
            if command.reads is not None and command.argv[:count] == tuple(words.split()) and dash not in command.argv:
                yield Found(
                    command.bare[count - 1].place,
                    f"{words} does not read what {command.reads.name} prints",
                    f"add {dash}",
                )


@rule("PG010", "error")
def hosts_are_hosts(material: Material) -> Iterator[Found]:
    """The programs ssh and curl get addresses, and nothing that only stands beside them."""
    for command in material.commands:
        options = programs().options.get(command.name)
        operands = split(command.bare[1:], options, stop=command.name == "ssh")[1] if options else ()
        if command.name == "ssh" and len(operands) > 1 and operands[1].text.startswith("@"):
            yield Found(
                operands[1].place, f"ssh: Could not resolve hostname {operands[0].text}", "write user@host in one word"
            )
        for word in operands if command.name == "curl" and command.reads is None else ():
            if word.is_literal and word.text in programs().homes:
                yield Found(
                    word.place,
                    f"curl: Could not resolve host: {word.text}; a | or a line's end is missing before it",
                    "put it back",
                )


@rule("LG010", "error")
def keys_stay_loaded(material: Material) -> Iterator[Found]:
    """What the agent has been given is not taken from it again."""
    for command in material.commands:
        word = next((word for word in command.bare[1:] if re.fullmatch(r"-[dD]", word.text)), None)
        if command.name == "ssh-add" and word is not None:
            yield Found(
                word.place, "this takes the key out of the agent: the next login is refused", "leave the option out"
            )


@rule("LG011", "error")
def logins_find_their_way(material: Material) -> Iterator[Found]:
    """A login goes to port 22, with a key that the reader has, and from a machine that reaches the host."""
    for command in material.commands:
        if command.name != "ssh":
            continue
        options, operands, _ = split(command.bare[1:], programs().options["ssh"], stop=True)
        for word in options.get("-p", ()):
            if word.text != str(material.homework.network.ssh_port) and word.is_literal:
                yield Found(
                    word.place,
                    f"no host listens for ssh on port {word.text}: the connection times out",
                    "leave the option out",
                )
        for word in options.get("-i", ()):
            if not re.search(r"YOUR|MY_|your|<|\.pem$", word.text) or re.match(r"/(?:home|Users)/", word.text):
                yield Found(
                    word.place,
                    f"{word.text} is no key that a step of this document made: Permission denied (publickey)",
                    "name the downloaded key, or leave the option out",
                )
        for word in operands[:1]:
            name = word.text.rpartition("@")[2]
            line = material.printed_by.get(name)
            asked = line.value("--query") if line else None
            is_private = (asked is not None and "Private" in asked.text) or (line is None and "PRIVATE" in name)
            if command.machine == "workstation" and is_private and "-J" not in options:
                yield Found(
                    word.place,
                    f"{name} is known inside the network only: the workstation finds no such host",
                    "log in to the bastion first",
                )


@rule("PG011", "error")
def containers_have_what_they_run(material: Material) -> Iterator[Found]:
    """What runs in a container is there: no sudo, and programs that are called so."""
    for command in material.commands:
        if command.machine == "container" and command.words[0].text == "sudo":
            yield Found(
                command.words[0].place, "sudo: command not found: in a container you are root", "leave sudo out"
            )
    for line in material.docker:
        image = line.operands[0].text.partition(":")[0] if line.operands else ""
        if line.name != "run" or image not in ("ubuntu", "debian"):
            continue
        for word in line.operands[1:2]:
            is_known = word.text.removeprefix("/usr").removeprefix("/bin/") in programs().homes
            right = "" if is_known else nearest(word.text, _SHELLS)
            if word.text.startswith("-"):
                yield Found(
                    word.place,
                    f"docker takes what stands after the image for a program: {word.text} not found",
                    "put options before the image",
                )
            elif right:
                yield Found(word.place, f"exec: {word.text!r}: executable file not found in $PATH", f"write {right}")


_SHELLS = ("bash", "sh", "/bin/bash", "/bin/sh", "apt-get", "cat", "echo", "sleep")


@rule("DK008", "error")
def shells_stay_open(material: Material) -> Iterator[Found]:
    """A shell in a container has a terminal and is connected to it, otherwise it ends at once."""
    for line in material.docker:
        is_shell = len(line.operands) == 2 and re.fullmatch(r"(?:/bin/)?(?:ba|da|z)?sh", line.operands[1].text)
        if line.name == "run" and is_shell and not (line.has("-i", "--interactive") and line.has("-t", "--tty")):
            yield Found(
                line.command.place,
                f"without -i and -t {line.operands[1].text} ends at once, or cannot be typed into",
                "add -ti",
            )


@rule("DK009", "error")
def options_before_the_image(material: Material) -> Iterator[Found]:
    """Options of docker run stand before the image: what stands after it goes to the program inside."""
    known = programs().docker["run"]
    for line in material.docker:
        for word in line.operands[1:] if line.name == "run" else ():
            name = word.text.partition("=")[0]
            if name in known.flags | known.values and len(line.operands) > 1 and not _is_program(line):
                yield Found(
                    word.place,
                    f"docker gives {name} to the program in the container, and does nothing itself",
                    "put it before the image",
                )


def _is_program(line: DockerLine) -> bool:
    """Say whether a program stands right after the image: its options are its own."""
    return not line.operands[1].text.startswith("-")


@rule("DK010", "warning")
def containers_are_confined(material: Material) -> Iterator[Found]:
    """No container gets the rights of its host."""
    for line in material.docker:
        if line.name == "run" and line.has("--privileged"):
            yield Found(
                line.command.place, "--privileged lets the container do to the bastion what it likes", "leave it out"
            )


@rule("DK013", "error")
def published_ports_count(material: Material) -> Iterator[Found]:
    """Ports are published from a network of the container's own: on that of its host there is nothing to publish."""
    for line in material.docker:
        for word in line.values("--network", "--net"):
            if word.text in ("host", "none") and line.has("-p", "--publish", "-P", "--publish-all"):
                yield Found(
                    word.place, f"published ports are discarded with the network {word.text!r}", "leave the option out"
                )


@rule("DK011", "error")
def images_are_not_pushed(material: Material) -> Iterator[Found]:
    """Nobody pushes to a repository of others, nor removes a container as if it were an image."""
    has_login = any(line.name == "login" for line in material.docker)
    for line in material.docker:
        for word in line.operands[:1] if line.name in ("push", "rmi") else ():
            if line.name == "push" and not has_login:
                yield Found(
                    line.command.place,
                    f"denied: requested access to {word.text} needs docker login",
                    f"write docker pull {word.text}",
                )
            elif line.name == "rmi" and "container" in word.text.lower():
                yield Found(word.place, f"No such image: {word.text} is a container's", "write docker rm")


@rule("DK012", "error")
def folders_are_mounted(material: Material) -> Iterator[Found]:
    """A directory is mounted under a path: a bare name is that of a new, empty volume."""
    made = {word for c in material.commands if c.name == "mkdir" for word in c.argv[1:]}
    for line in material.docker:
        for word in line.values("-v", "--volume"):
            source, colon, _ = word.text.partition(":")
            if colon and source in made and "/" not in source:
                yield Found(
                    word.place,
                    f"docker takes {source} for a volume's name and mounts an empty one",
                    f'write "$PWD/{source}" or ./{source}',
                )
