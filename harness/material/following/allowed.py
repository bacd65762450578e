"""Which argument vectors are run, and on which machine; everything else is refused with a reason.

On the workstation, which is this machine, a program is on the list with the options that it may be given, and a path
must lie in the run's home directory. The hosts of the run are there to be worked on: there the list keeps what could
reach out of them, or hide another command line in an argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.material.document import Machine
from harness.material.tables import programs


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Services that the homework is about. Beside the services' own operations the aws command has some of its own, which
# may start other programs or write configuration: of these only the listed ones are run.
SERVICES = _set("""
    ec2 iam sts s3 s3api sagemaker sagemaker-runtime service-quotas budgets cloudwatch cloudtrail logs pricing ce
    resourcegroupstaggingapi configure
""")
S3 = _set("ls cp mv rm rb mb sync presign")
CONFIGURE = frozenset({"", "get", "list"})
AWS_NEVER = _set("""
    --endpoint-url --ca-bundle --no-verify-ssl --cli-auto-prompt --priv-launch-key --debug --profile
""")
NONE = r"(?!)"
# Programs of the workstation, and the options that they may have, as a pattern. Their other words are paths for those
# that are also in `ABOUT_FILES`, and text for the others.
LOCAL = {
    "chmod": r"-[vcR]", "cat": r"-[nbs]", "head": r"-\d+|-[nc]\d*|-q", "ls": r"-[lahtr1]+",
    "tail": r"-\d+|-[nc]\d*|-q", "grep": r"-[ivnowEFqcxhHsl]+|-[ABCm]\d*|-e",
    "egrep": r"-[ivnowqcxhHsl]+|-[ABCm]\d*", "wc": r"-[lwc]",
    "sort": r"-[nrufbk]+\d*", "uniq": r"-[cdui]", "cut": r"-[dfcs].*", "tr": r"-[dsc]+",
    "date": r"-u|--utc|-d|-I\w*", "echo": r"-[ne]", "printf": NONE, "mkdir": r"-p",
    "touch": NONE, "pwd": NONE, "cd": NONE, "whoami": NONE,
    "hostname": NONE, "uname": r"-[asrvm]+", "id": r"-[ung]+", "sleep": NONE, "clear": NONE, "exit": NONE,
    "less": NONE, "more": NONE,
}  # fmt: skip
ABOUT_FILES = _set("chmod cat head ls tail wc sort uniq cut mkdir touch cd less more grep egrep")
EDITORS = _set("nano vi vim emacs edit code open xdg-open")
REMOTE = _set("""
    sudo apt apt-get apt-key add-apt-repository apt-cache dpkg dpkg-query lsb_release curl install mkdir cd ls cat
    echo tee chmod chown usermod groupadd newgrp groups gpasswd systemctl service docker uname hostname whoami id
    pwd rm rmdir mv cp touch head tail grep egrep wc sort uniq cut tr gpg ps free df du which date printf sleep exit
    logout su ssh clear nproc uptime ip printenv true test
""")
INSIDE = _set("""
    apt apt-get bash sh cat cd date df echo exit free grep head hostname id ip ls nproc printenv printf ps pwd tail
    true uname uptime wc whoami which clear logout sleep
""")
SHELLS = _set("bash sh su /bin/sh /bin/bash")
SHELL_FLAG = re.compile(r"-[a-z]*c[a-z]*")
_OUTSIDE = re.compile(r"https?://(?:download\.docker\.com|[\w.-]*\.ubuntu\.com)/", re.IGNORECASE)


class Refused(ValueError):
    """Says why a command is not run."""


@dataclass(frozen=True)
class Bounds:
    """What the run has of its own: the home directory, the directory that is current in it, and its hosts."""

    home: Path
    directory: Path
    hosts: Callable[[], Collection[str]]

    def path(self, text: str) -> Path:
        """Return where a path leads; raises :class:`Refused` for one outside the home directory, or hidden in it."""
        path = (self.directory / re.sub(r"^~(?=/|$)", str(self.home), text)).resolve()
        if not path.is_relative_to(self.home.resolve()):
            raise Refused(f"{text} is outside the home directory")
        if any(part.startswith(".") for part in path.relative_to(self.home.resolve()).parts):
            raise Refused(f"{text} is a hidden file, and may be a program's configuration")
        return path

    def host(self, name: str) -> str:
        """Return a host's name; raises :class:`Refused` for one that is not of the run."""
        if name not in self.hosts():
            raise Refused(f"{name} is no host of the run")
        return name


def check(machine: Machine, argv: Sequence[str], bounds: Bounds) -> None:
    """Raise :class:`Refused` for what is not run on that machine."""
    if not argv or any("\0" in word or "\n" in word for word in argv):
        raise Refused("it is no command line")
    if machine == "workstation":
        _check_here(argv, bounds)
    elif machine == "notebook":
        raise Refused("nothing is run on a notebook instance")
    else:
        _check_there(machine, argv, bounds)


def _check_here(argv: Sequence[str], bounds: Bounds) -> None:
    name, words = argv[0], argv[1:]
    special = HERE.get(name)
    if special is not None:
        special(words, bounds)
    elif name in LOCAL:
        _check_options(name, words, re.compile(LOCAL[name]))
        operands = [word for word in words if not word.startswith("-")]
        is_search = name in ("grep", "egrep") and "-e" not in words
        for word in operands[is_search:] if name in ABOUT_FILES else ():
            if not re.fullmatch(r"[0-7]{3,4}|[ugoa]*[+=-][rwxX]+|\d+", word):
                bounds.path(word)
    else:
        raise Refused(f"{name} is not on the list of programs that are run on the workstation")


def _check_options(name: str, words: Sequence[str], pattern: re.Pattern[str]) -> None:
    for word in words:
        if word.startswith("-") and word != "-" and not pattern.fullmatch(word):
            raise Refused(f"{name} is not run with {word}")


def _aws(words: Sequence[str], bounds: Bounds) -> None:
    for word in words:
        _check_aws_word(word, bounds)
    operands = [word for word in words if not word.startswith("-")]
    service, operation = (*operands, "", "")[:2]
    if words[:1] == ["--version"]:
        return
    if service not in SERVICES:
        raise Refused(f"aws {service} is not about the homework's services")
    if service == "configure" and operation not in CONFIGURE:
        raise Refused(f"aws configure {operation} writes settings that may name a program to run")
    if service == "s3" and operation not in S3:
        raise Refused(f"aws s3 {operation} is not run")
    if service in ("s3", "s3api", "sagemaker-runtime"):
        for word in operands[2:]:
            if "/" in word and not word.startswith(("s3://", "arn:", "{", "[")):
                bounds.path(word)


def _check_aws_word(word: str, bounds: Bounds) -> None:
    if word.partition("=")[0] in AWS_NEVER:
        raise Refused(f"aws is not run with {word.partition('=')[0]}")
    for match in re.finditer(r"fileb?://([^,\s]*)", word):
        bounds.path(match[1])
    if re.search(r"(?:^|=|,|@)https?://", word):  # awscli 1 fetches what such an argument names
        raise Refused(f"aws is not given {word}, which it would fetch")


def _ssh(words: Sequence[str], bounds: Bounds) -> None:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("-i", "-l") and rest:
            value = rest.pop(0)
            if option == "-i":
                bounds.path(value)
        elif not re.fullmatch(r"-[AatTvq46]+", option):
            raise Refused(f"ssh is not run with {option}")
    if not rest:
        raise Refused("ssh is told no host")
    bounds.host(rest[0].rpartition("@")[2])
    if any(word.startswith("-") and word != "-" for word in rest[1:2]):
        raise Refused(f"ssh is not run with {rest[1]} after the host")
    if rest[1:]:
        _check_there("bastion", rest[1:], bounds)


def _ssh_add(words: Sequence[str], bounds: Bounds) -> None:
    _check_options("ssh-add", words, re.compile(r"-[lLDdKAq]|--apple-use-keychain"))
    for word in words:
        if not word.startswith("-"):
            bounds.path(word)


def _curl(words: Sequence[str], bounds: Bounds) -> None:
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-o", "--output") and rest:
            bounds.path(rest.pop(0))
        elif word in ("-m", "--max-time", "--connect-timeout") and rest:
            rest.pop(0)
        elif word.startswith("-"):
            if not re.fullmatch(r"-[sSfiIv4]+|--silent|--fail|--show-error|--include|--head", word):
                raise Refused(f"curl is not run with {word}")
        else:
            _check_address(word, bounds)


def _check_address(word: str, bounds: Bounds) -> None:
    match = re.fullmatch(r"(?:http://)?([\w.-]+)(?::\d{1,5})?(?:[/?][^\s]*)?", word)
    if match is None or any(sign in word for sign in "{}[]@"):
        raise Refused(f"{word} is no address of a host of the run")
    bounds.host(match[1])


HERE: dict[str, Callable[[Sequence[str], Bounds], None]] = {
    "aws": _aws,
    "ssh": _ssh,
    "ssh-add": _ssh_add,
    "curl": _curl,
}


def _check_there(machine: Machine, argv: Sequence[str], bounds: Bounds) -> None:
    words = without_sudo(argv)
    if not words:  # sudo -i, a shell for root
        return
    if words[0] not in (REMOTE if machine == "bastion" else INSIDE):
        raise Refused(f"{words[0]} is not on the list of programs that are run there")
    if words[0] in SHELLS and any(SHELL_FLAG.fullmatch(word) for word in words[1:]):
        raise Refused(f"{words[0]} is not given a command line to read")
    special = THERE.get(words[0])
    if special is not None:
        special(words[1:], bounds)


def without_sudo(argv: Sequence[str]) -> list[str]:
    """Return an argument vector without a leading ``sudo``, its options and variables; empty for root's shell."""
    words = list(argv)
    while words[:1] == ["sudo"]:
        words.pop(0)
        is_shell = False
        while words and (words[0].startswith("-") or re.fullmatch(r"[A-Z_]+=[\w.-]*", words[0])):
            is_shell = is_shell or re.fullmatch(r"-[is]+", words[0]) is not None
            words.pop(0)
        if not words and not is_shell:
            raise Refused("sudo is told no command")
    return words


def _check_download(words: Sequence[str], bounds: Bounds) -> None:
    for word in words:
        if "://" in word and not _OUTSIDE.match(word):
            _check_address(word, bounds)


DOCKER_NEVER = re.compile(
    r"--(?:privileged|device|pid|ipc|userns|security-opt|cap-add|volumes-from)(?:=.*)?|-H.*|--host(?:=.*)?"
)


def _docker(words: Sequence[str], _: Bounds) -> None:
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if DOCKER_NEVER.fullmatch(word):
            raise Refused(f"docker is not run with {word}")
        mount = following if word in ("-v", "--volume", "--mount") else word[2:] if word.startswith("-v") else ""
        if mount.startswith("/") and ":" in mount and not mount.startswith("/home/"):
            raise Refused(f"docker is not run with the mount {mount}")
    program = _inside(words)
    if program and (program[0] not in INSIDE or any(SHELL_FLAG.fullmatch(word) for word in program[1:])):
        raise Refused(f"{' '.join(program)} is not run in a container")


def _inside(words: Sequence[str]) -> list[str]:
    """Return the command line that ``docker run`` or ``docker exec`` runs inside a container."""
    if words[:1] not in (["run"], ["exec"]):
        return []
    known = programs().docker[words[0]]
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        takes = option in known.values or (not option.startswith("--") and f"-{option[-1]}" in known.values)
        is_joined = not option.startswith("--") and any(f"-{letter}" in known.values for letter in option[1:-1])
        if takes and not is_joined and "=" not in option and rest:
            rest.pop(0)
    return rest[1:]


THERE: dict[str, Callable[[Sequence[str], Bounds], None]] = {
    "ssh": _ssh, "curl": _check_download, "docker": _docker,
}  # fmt: skip
