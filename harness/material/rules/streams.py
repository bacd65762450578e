"""What flows between commands, and what a shell makes of words before a program sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.dockerfile import instructions
from harness.material.document import Command, Word
from harness.material.finding import Found, rule
from harness.material.lines import split
from harness.material.material import Material
from harness.material.tables import programs
from harness.material.words import nearest

_FILTERS = ("grep", "egrep", "cut", "sort", "uniq", "wc", "tr", "jq", "head", "tail")
"""Programs that read what they are not given a file for."""
_DEAF = frozenset(
    [
        "docker",
        "aws",
        "ls",
        "cd",
        "mkdir",
        "exit",
        "ssh-add",
        "chmod",
        "hostname",
        "uname",
        "apt",
        "apt-get",
        "echo",
        "date",
    ]
)
"""Programs that read nothing of what is piped into them, some of their verbs aside."""
_READS = ("exec", "run", "load", "import", "login", "build", "cp", "attach")


@rule("SH017", "error")
def pipes_have_two_ends(material: Material) -> Iterator[Found]:
    """What reads from a pipe reads, and what has to read has a pipe or a file."""
    for command in material.commands:
        if command.is_nested or not command.argv:
            continue
        if (
            command.reads is None
            and command.name in ("grep", "egrep", "jq", "cut", "tr")
            and not _files(command)
            and not _is_fed(command)
        ):
            yield Found(
                command.place,
                f"{command.name} waits for what you type: nothing is piped into it",
                "put a | before it, or name a file",
            )
        elif (
            command.reads is not None
            and command.name in _DEAF
            and command.argv[1:2] not in [(verb,) for verb in _READS]
        ):
            yield Found(
                command.place,
                f"{command.name} does not read what {command.reads.name} prints",
                "write it on a line of its own, without the |",
            )
        elif command.reads is not None and command.name in ("grep", "egrep") and _files(command):
            word = _files(command)[0]
            yield Found(
                word.place,
                f"{command.name}: {word.text}: No such file or directory",
                "put a | before it, or quotes around the words",
            )


def _is_fed(command: Command) -> bool:
    return any(one.operator.startswith("<") for one in command.redirects) or any(
        re.fullmatch(r"-\w*[rR]\w*|--recursive|-n|--null-input", word) for word in command.argv[1:]
    )


def _files(command: Command) -> list[Word]:
    """Return the operands that name files: those after the pattern."""
    known = programs().options.get(command.name)
    if known is None:
        words = [word for word in command.bare[1:] if not word.text.startswith("-")]
        return words[1:] if command.name in ("jq", "grep", "egrep") else words if command.name != "tr" else []
    options, operands, _ = split(command.bare[1:], known)
    return list(operands[0 if {"-e", "-f"} & set(options) else 1 :])


@rule("SH018", "warning")
def nothing_in_the_background(material: Material) -> Iterator[Found]:
    """A command is waited for: with & at its end the next one runs before it is done."""
    for block in material.blocks("shell"):
        rows = block.text.split("\n")
        for command in block.commands:
            row = rows[command.place.line - block.place.line]
            if re.search(r"(?<![&>|\\])&\s*(?:#.*)?$", row) and command.name not in (
                "dockerd",
                "nohup",
                "jupyter",
                "code",
                "open",
            ):
                yield Found(
                    command.place,
                    f"{command.name} goes on in the background; the next command does not wait for it",
                    "leave the & out",
                )


@rule("SH019", "error")
def variables_are_set(material: Material) -> Iterator[Found]:
    """A variable is one that the shell has or that a command set; in single quotes it is none."""
    known = {
        name for c in material.commands for text in (*c.assignments, *c.argv) for name in re.findall(r"^(\w+)=", text)
    }
    for command in material.commands:
        for word in command.words if command.machine != "container" else ():
            if (
                word.raw.startswith("'")
                and command.name not in _OWN_DOLLARS
                and re.search(r"\$(?:[A-Z]\w*|\{[A-Z]\w*\}|\(\w)", _quoted(word.raw))
            ):
                yield Found(
                    word.place,
                    f"in single quotes {word.raw[:30]} is no variable: the program gets the dollar sign",
                    "use double quotes",
                )
            for name in re.findall(r"\$\{?([A-Z][A-Z_]+)\b", word.raw) if not word.is_literal else ():
                right = _meant(name) if name not in known and name not in _SHELLS else ""
                if right:
                    yield Found(word.place, f"${name} is empty: there is no such variable", f"write ${right}")


_OWN_DOLLARS = (
    "awk",
    "sed",
    "jq",
    "bash",
    "sh",
    "ssh",
    "grep",
    "egrep",
    "perl",
    "python3",
    "python",
    "xargs",
    "envsubst",
    "alias",
    "docker exec",
)
_SHELLS = frozenset(
    [
        "PWD",
        "HOME",
        "USER",
        "PATH",
        "SHELL",
        "HOSTNAME",
        "OLDPWD",
        "LOGNAME",
        "EDITOR",
        "LANG",
        "TERM",
        "RANDOM",
        "TMPDIR",
        "UID",
    ]
)


def _meant(name: str) -> str:
    """Return the variable that was meant: one of the same letters, or one that is near."""
    return next((one for one in _SHELLS if sorted(one) == sorted(name)), nearest(name, _SHELLS))


def _quoted(raw: str) -> str:
    return "".join(re.findall(r"'([^']*)'", raw)) if not re.search(r"\$\(.*'", raw) else ""


@rule("SH020", "error")
def formats_begin_with_plus(material: Material) -> Iterator[Found]:
    """The program date takes a format after a plus sign."""
    for command in material.commands:
        for word in command.bare[1:2] if command.name == "date" else ():
            if word.text.startswith("%"):
                yield Found(word.place, f"date: invalid date '{word.text}'", f"write +{word.text}")
    for line in material.aws:
        for word in line.values("--start-time", "--end-time"):
            match = re.search(r"\bdate (?:-\w+ )?\+[\"']?([^)\"']*)", word.text)
            if match and match[1] != "%s" and not re.match(r"%(?:Y-%m-%d|F)", match[1]):
                yield Found(word.place, f"{match[1]} is no time that AWS understands", "write date +%s")


@rule("SH021", "error")
def the_system_stays(material: Material) -> Iterator[Found]:
    """No step removes a directory that the system lives in."""
    built = [
        command
        for block in material.blocks("dockerfile")
        for one in instructions(block)
        if one.name == "RUN"
        for command in one.commands
    ]
    for command in (*material.commands, *built):
        for word in command.bare[1:] if command.name == "rm" and _is_recursive(command) else ():
            if _SYSTEM.fullmatch(word.text.rstrip("/*") or "/") and word.text.startswith("/"):
                yield Found(
                    word.place,
                    f"{word.text} belongs to the system: what is left does not work",
                    "name what is to be removed",
                )


_SYSTEM = re.compile(
    r"/|/(?:bin|boot|dev|etc|home|lib|lib64|opt|proc|root|sbin|srv|sys|usr|var)|/(?:usr|var)/(?:bin|lib|sbin|share|local|lib/apt|lib/dpkg)"
)


def _is_recursive(command: Command) -> bool:
    return any(re.fullmatch(r"-\w*[rR]\w*|--recursive", word) for word in command.argv[1:])
