"""The document's commands on the hosts: typed into a login on the bastion, and into shells that are opened in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.hosts.session import Session
from harness.material.document import Machine
from harness.material.following.allowed import Bounds, Refused, check
from harness.material.following.deeds import Outcome

DETACH = b"\x10\x11"
UNSEEN = 10.0
"""Seconds after which a login that says nothing is taken for one that nobody answers."""


@dataclass(frozen=True)
class Line:
    """A pipeline for a shell on a host: argument vectors to be checked, the text to be typed, where its output goes."""

    pipeline: tuple[tuple[str, ...], ...]
    text: str

    @property
    def argv(self) -> tuple[str, ...]:
        """Return the first argument vector, a leading ``sudo`` left out."""
        words = self.pipeline[0]
        return words[1:] if words[:1] == ("sudo",) else words


@dataclass
class Remote:
    """The login on the bastion; ``connect`` opens it when it is first needed, and again when it has ended."""

    connect: Callable[[bool], Session]
    bounds: Callable[[], Bounds]
    build: float
    session: Session | None = None
    forwards: bool = False

    def login(self, *, forwards: bool) -> Session:
        """Log in, leaving an earlier login."""
        self.close()
        self.session = self.connect(forwards)
        self.forwards = forwards
        return self.session

    def close(self) -> None:
        """Hang up."""
        if self.session is not None:
            self.session.close()
            self.session = None

    @property
    def depth(self) -> int:
        """Return how many shells are open inside the login's own."""
        return self.session.depth if self.session is not None else 0

    def opened(self) -> Session:
        """Return the login; a reader who has none logs in first."""
        if self.session is None or not self.session.is_alive:
            return self.login(forwards=True)
        return self.session

    def run(self, machine: Machine, line: Line) -> Outcome:
        """Type a line and return how it ended; a shell that it opened stays open."""
        try:
            for argv in line.pipeline:
                check(machine, argv, self.bounds())
        except Refused as refusal:
            return Outcome(126, refused=str(refusal))
        session = self.opened()
        if line.argv[:1] in (("exit",), ("logout",)):
            return self._leave(session)
        if machine == "bastion" and session.is_elsewhere:  # the text has sent its reader back: to another window
            session = self.login(forwards=self.forwards)
        if opens_shell(line.pipeline[-1]):
            done = session.open(line.text, UNSEEN if "ssh" in line.argv[:1] else self.build)
        else:
            done = session.run(line.text, self.build)
        return Outcome(done.exit_code, done.output, "" if done.exit_code == 0 else done.output, done.output)

    def _leave(self, session: Session) -> Outcome:
        depth = session.depth
        left = session.leave()
        if depth == 0:
            self.close()
            return Outcome(0, left.output)
        return Outcome(0 if session.depth < depth else 1, left.output)

    def press(self, keys: str) -> Outcome:
        """Press keys in the innermost shell; the only ones that mean something are Docker's detach keys."""
        if not re.search(r"(?:ctrl|control)\W*p\W+(?:ctrl|control)?\W*q", keys, re.IGNORECASE):
            return Outcome(126, refused=f"nobody knows how to press {keys.strip()[:40]}")
        session = self.opened()
        if session.depth == 0:
            return Outcome(1, stderr="no container's terminal is open")
        pressed = session.press(DETACH, "Ctrl-P Ctrl-Q")
        return Outcome(
            pressed.exit_code, pressed.output, "" if pressed.exit_code == 0 else "the terminal stayed attached"
        )

    def write(self, path: str, text: str) -> Outcome:
        """Write a file, relative to the current directory of the shell, as an editor there would."""
        if not re.fullmatch(r"(?:~/)?[\w.-]+(?:/[\w.-]+)*", path) or ".." in path.split("/"):
            return Outcome(126, refused=f"{path} is outside the home directory")
        session = self.opened()
        where = session.run("pwd").output.strip().splitlines()[-1:] or ["."]
        target = path[2:] if path.startswith("~/") else f"{where[0]}/{path}"
        done = session.ssh.run(session.target, f"cat > {shlex.quote(target)}", timeout=self.build, input=text)
        return Outcome(done.exit_code, done.stdout, done.stderr)


def opens_shell(argv: Sequence[str]) -> bool:
    """Say whether a command leaves the reader in another shell."""
    words = list(argv)
    if words[:1] == ["sudo"]:
        words = words[1:]
        if words[:1] and re.fullmatch(r"-[is]+", words[0]):
            return True
    name = words[0] if words else ""
    if name in ("su", "newgrp", "bash", "sh"):
        return True
    if name == "ssh":
        return len([word for word in words[1:] if not word.startswith("-")]) == 1
    if name != "docker" or len(words) < 3:
        return False
    flags = "".join(word[1:] for word in words[2:] if re.fullmatch(r"-[a-z]+", word))
    is_terminal = ("i" in flags or "--interactive" in words) and ("t" in flags or "--tty" in words) and "d" not in flags
    return words[1] == "attach" or (words[1] in ("run", "exec") and is_terminal)
