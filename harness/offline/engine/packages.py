"""What RUN lines install: commands of apt packages, and the package names in ``apt-get`` and ``pip`` lines."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.offline.engine.distributions import normalise

# The commands of Ubuntu's minimal image that people use; those that this machine has are linked into a container.
ESSENTIAL = (
    "[", "apt", "arch", "awk", "b2sum", "base32", "base64", "basename", "bash", "cat", "chgrp", "chmod", "chown",
    "chroot", "cksum", "clear", "cmp", "comm", "cp", "csplit", "cut", "dash", "date", "dd", "df", "diff", "dir",
    "dircolors", "dirname", "dmesg", "du", "echo", "egrep", "env", "expand", "expr", "factor", "false", "fgrep",
    "find", "flock", "fmt", "fold", "getent", "getopt", "grep", "groups", "gunzip", "gzip", "head", "hostname",
    "iconv", "id", "install", "ionice", "join", "kill", "ldconfig", "ldd", "link", "ln", "locale", "logger", "login",
    "logname", "ls", "lsblk", "md5sum", "mkdir", "mkfifo", "mknod", "mktemp", "more", "mount", "mv", "nice", "nl",
    "nohup", "nproc", "numfmt", "od", "paste", "pathchk", "perl", "pidof", "pinky", "pr", "printenv", "printf", "ps",
    "ptx", "pwd", "readlink", "realpath", "rev", "rm", "rmdir", "sed", "seq", "setpriv", "setsid", "sh", "sha1sum",
    "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shred", "shuf", "sleep", "sort", "split", "stat", "stdbuf",
    "stty", "sum", "sync", "tac", "tail", "tar", "tee", "test", "timeout", "top", "touch", "tr", "true", "truncate",
    "tsort", "tty", "tzselect", "umount", "uname", "unexpand", "uniq", "unlink", "uptime", "vdir", "w", "watch", "wc",
    "which", "whoami", "xargs", "yes", "zcat", "free", "pgrep", "pkill", "pmap", "vmstat",
)  # fmt: skip
COMMANDS = {
    "curl": ("curl",), "wget": ("wget",), "git": ("git",), "make": ("make",), "nano": ("nano",), "less": ("less",),
    "vim": ("vim", "vi"), "unzip": ("unzip",), "zip": ("zip",), "procps": ("ps", "top", "free"), "gcc": ("gcc", "cc"),
    "iputils-ping": ("ping",), "net-tools": ("netstat", "ifconfig"), "iproute2": ("ip", "ss"), "jq": ("jq",),
    "build-essential": ("gcc", "g++", "cc", "c++", "make", "ld", "as", "ar"), "openssh-client": ("ssh", "scp"),
}  # fmt: skip
PYTHON_PACKAGES = {
    "python3",
    "python3-minimal",
    "python3-full",
    "python3-pip",
    "python3-venv",
    "python3-dev",
    "python-is-python3",
}
FROM_APT = {"python3-sklearn": "scikit-learn", "python3-tables": "tables", "jupyter-notebook": "notebook"}
_PIP_VALUES = {"-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-t", "--target",
               "-f", "--find-links", "--root", "--prefix", "--timeout", "--retries", "--trusted-host"}  # fmt: skip
_APT_VALUES = {"-o", "-t", "--target-release", "-c"}
_PIP = re.compile(r"pip(3(\.\d+)?)?")
_PYTHON = re.compile(r"python(3(\.\d+)?)?")


@dataclass
class Recorded:
    """What one RUN line would install, and the requirement files that it reads."""

    apt: list[str] = field(default_factory=list)
    pip: list[str] = field(default_factory=list)
    requirement_files: list[str] = field(default_factory=list)


def syntax_error(shell: list[str], script: str) -> str | None:
    """Return the shell's complaint about a script that it cannot parse; nothing of the script is run."""
    if shell[0].rpartition("/")[2] not in {"sh", "bash", "dash"}:
        return None
    program = shutil.which(shell[0]) or "/bin/sh"
    checked = subprocess.run([program, "-n", "-c", script], capture_output=True, text=True, check=False, timeout=10)
    return checked.stderr.strip() if checked.returncode else None


def commands(script: str) -> Iterator[list[str]]:
    """Yield the simple commands of a script as argument lists, without redirections' operators."""
    lexer = shlex.shlex(script.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    current: list[str] = []
    for token in lexer:
        if set(token) <= set("();&|"):
            yield from _simple(current)
            current = []
        else:
            current.append(token)
    yield from _simple(current)


def _simple(words: list[str]) -> Iterator[list[str]]:
    """Yield the command without what may stand before it: assignments, ``sudo``, keywords of the shell."""
    prefixes = {"sudo", "exec", "then", "do", "else", "if", "!", "env", "time", "nohup"}
    while words and (words[0] in prefixes or re.fullmatch(r"\w+=.*", words[0])):
        words = words[1:]
    if words:
        yield words


def program(words: list[str]) -> tuple[str, list[str]]:
    """Return a command's bare name and arguments; ``python3 -m pip`` counts as ``pip3``."""
    name = words[0].rpartition("/")[2]
    if _PYTHON.fullmatch(name) and words[1:2] == ["-m"] and len(words) > 2:
        return ("pip3" if words[2] == "pip" else words[2]), words[3:]
    return name, words[1:]


def needs_python(words: list[str]) -> str | None:
    """Return the name of a Python command that must be installed for this line to run."""
    name = words[0]
    return name if _PIP.fullmatch(name) or _PYTHON.fullmatch(name) else None


def recorded(script: str) -> Recorded:
    """Read what a RUN line installs."""
    found = Recorded()
    for words in commands(script):
        name, arguments = program(words)
        if name in {"apt-get", "apt", "aptitude"} and "install" in arguments:
            found.apt += list(_operands(arguments[arguments.index("install") + 1 :], _APT_VALUES))
        elif _PIP.fullmatch(name) and "install" in arguments:
            _read_pip(arguments[arguments.index("install") + 1 :], found)
    found.apt = [name.partition("=")[0].partition("/")[0].partition(":")[0] for name in found.apt]
    return found


def _read_pip(arguments: list[str], found: Recorded) -> None:
    for option, value in itertools.pairwise(arguments):
        if option in {"-r", "--requirement"}:
            found.requirement_files.append(value)
    found.pip += [name for word in _operands(arguments, _PIP_VALUES) if (name := requirement_name(word))]


def _operands(arguments: list[str], with_value: set[str]) -> Iterator[str]:
    words = iter(arguments)
    for word in words:
        if word in with_value:
            next(words, None)
        elif word.startswith((">", "<")):
            next(words, None) if word in {">", "<", ">>"} else None
        elif not word.startswith("-"):
            yield word


def requirement_name(text: str) -> str | None:
    """Return the normalised name in a requirement such as ``ipython<6``; ``None`` for a path, URL or option."""
    text = text.partition("#")[0].strip()
    if text.startswith(("-", ".", "/")) or "://" in text.partition("@")[0]:
        return None
    named = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)
    return normalise(named[0].rstrip("._-")) if named else None


def distributions_of(apt: list[str]) -> list[str]:
    """Return the Python distributions that apt packages bring."""
    return [
        FROM_APT.get(name) or name.removeprefix("python3-")
        for name in apt
        if name in FROM_APT or (name.startswith("python3-") and name not in PYTHON_PACKAGES)
    ]


def has_python(apt: list[str]) -> bool:
    """Tell whether the packages bring ``python3``."""
    return any(name.startswith("python3") or name in PYTHON_PACKAGES or name in FROM_APT for name in apt)


def has_pip(apt: list[str]) -> bool:
    """Tell whether the packages bring ``pip3``; with python3-venv every virtual environment has one of its own."""
    return any(name in apt for name in ("python3-pip", "python3-full", "python3-venv"))
