"""A login with a terminal, as a person has it: one shell after another, each inside the one before.

What is typed is a line that the caller has put together from an argument vector. How a line ended is asked of the shell
itself: after it the shell prints a word that nobody else knows, and ``$?``. The word is typed in two halves, so that
the terminal's echo of it is not taken for the answer.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import select
import socket
import subprocess
import time
from dataclasses import dataclass, field

from harness.hosts.ssh import LIMIT, Ssh, Target

PROMPTS = (
    (re.compile(r"\(yes/no(?:/\[fingerprint\])?\)\? ?$"), "yes"),
    (re.compile(r"\[Y/n\] ?$"), "Y"),
    (re.compile(r"\[y/N\] ?$"), "y"),
    (re.compile(r"Press \[ENTER\] to continue.*$"), ""),
)
"""What programs ask in a terminal, and what a reader who wants to go on answers."""
_CODES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[=>()][A-Z0-9]?)|\r")
PAUSE = 0.25
"""Seconds of silence after which a new shell is asked whether it is there."""
REACTION = 15.0
"""Seconds within which a shell that is there has answered."""


@dataclass(frozen=True)
class Typed:
    """A line that was typed: how it ended and what the terminal showed; 124 where it did not end in time.

    ``opened`` says that it has not ended because another shell was opened by it.
    """

    line: str
    exit_code: int
    output: str
    opened: bool = False


@dataclass
class _Open:
    """A line that has opened a shell and will end with it, and the mark that its own shell prints then."""

    line: str
    mark: str


@dataclass
class Session:
    """A terminal on a host; ``forwards`` says whether the ssh agent goes along.

    Raises :class:`ConnectionError` where the login fails, with ssh's last words.
    """

    ssh: Ssh
    target: Target
    forwards: bool = True
    timeout: float = 60.0
    _levels: list[_Open] = field(default_factory=list)
    _seen: str = ""

    def __post_init__(self) -> None:
        options = (
            "IdentityFile=none", f"ForwardAgent={'yes' if self.forwards else 'no'}", "RequestTTY=force",
            "EscapeChar=none",
        )  # fmt: skip
        self._socket, theirs = socket.socketpair()
        argv = self.ssh.shell_argv(self.target, options)
        with theirs:
            self._process = self.ssh.popen(argv, theirs.fileno(), theirs.fileno(), subprocess.PIPE)
        try:
            self._settle()
        except ConnectionError:
            self.close()
            raise

    @property
    def depth(self) -> int:
        """Return how many shells were opened inside the login's own."""
        return len(self._levels)

    @property
    def is_elsewhere(self) -> bool:
        """Say whether the innermost shell is on another host."""
        return bool(self._levels) and self._levels[-1].line.startswith("ssh ")

    @property
    def is_alive(self) -> bool:
        """Say whether the login is still there."""
        return self._process.poll() is None

    def run(self, line: str, timeout: float | None = None) -> Typed:
        """Type a line and wait until it has ended."""
        mark = self._type(line)
        output, code = self._until(mark, timeout or self.timeout)
        if code is None:
            self._interrupt(mark)
            return Typed(line, 124, output)
        return Typed(line, code, output)

    def open(self, line: str, timeout: float | None = None) -> Typed:
        """Type a line that opens another shell, and wait until that shell answers, or the line has ended."""
        outer = self._type(line)
        deadline = time.monotonic() + (timeout or self.timeout)
        shown, inner = "", ""
        while time.monotonic() < deadline:
            # A shell that still starts, or a question before it, swallows what is typed: it is asked when all is quiet.
            piece, code = self._until(inner or outer, PAUSE if not inner else 4 * PAUSE, other=outer)
            shown += piece
            if code is not None and self._last == outer:
                if inner:
                    self._quieten()
                return Typed(line, code, shown)
            if code is not None:
                self._levels.append(_Open(line, outer))
                self._quieten()
                return Typed(line, 0, shown, opened=True)
            if not piece:
                inner = self._type("")
        self._interrupt(outer)
        return Typed(line, 124, shown)

    def leave(self, line: str = "exit", timeout: float | None = None) -> Typed:
        """Type what ends the innermost shell; how the line ended that had opened it is returned."""
        self._send(f"{line}\n".encode())
        return self._left(line, timeout or REACTION)

    def press(self, keys: bytes, name: str, timeout: float | None = None) -> Typed:
        """Press keys that lead out of the innermost shell without ending it."""
        self._send(keys)
        return self._left(name, timeout or REACTION)

    def _left(self, line: str, timeout: float) -> Typed:
        if not self._levels:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
            return Typed(line, self._process.returncode if not self.is_alive else 124, self._seen)
        level = self._levels[-1]
        output, code = self._until(level.mark, timeout)
        if code is None:
            return Typed(line, 124, output)
        self._levels.pop()
        return Typed(line, code, output)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    # What is typed and what comes back.

    def _settle(self) -> None:
        """Wait for the first shell; one that says nothing is no login."""
        mark = self._type("")
        _, code = self._until(mark, self.timeout)
        if code is None:
            raise ConnectionError(self._last_words() or f"ssh {self.target}: no shell answered")
        self._quieten()

    def _quieten(self) -> None:
        """Have the shell show neither what is typed nor a prompt: only what programs print is wanted."""
        quiet = self._type(
            "stty -echo 2>/dev/null; bind 'set enable-bracketed-paste off' 2>/dev/null; PS1= PS2= PROMPT_COMMAND="
        )
        self._until(quiet, REACTION)

    def _type(self, line: str) -> str:
        """Type a line and what makes the shell say how it ended; returns the word to look for."""
        left, right = secrets.token_hex(4), secrets.token_hex(4)
        self._send(f"{line}{'; ' if line else ''}printf '\\n%s%s:%s\\n' {left} {right} $?\n".encode())
        return left + right

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # what has ended says so where its answer is awaited
            self._socket.sendall(data)

    def _until(self, mark: str, timeout: float, other: str = "") -> tuple[str, int | None]:
        """Return what was shown until the shell named ``mark`` (or ``other``), and the exit code that it said then."""
        deadline = time.monotonic() + timeout
        answered = 0
        wanted = re.compile(rf"\n?({mark}{f'|{other}' if other else ''}):(\d+)\n")
        while True:
            self._notice_ends(mark)
            match = wanted.search(self._seen)
            if match:
                shown, self._seen = self._seen[: match.start()], self._seen[match.end() :]
                self._last = match[1]
                return shown, int(match[2])
            answered = self._answer(answered)
            if not self._read(deadline):
                shown, self._seen = self._seen, ""
                return shown, None

    def _notice_ends(self, mark: str) -> None:
        """Take note of lines that have ended by themselves with the shells that they had opened: a host went away."""
        for depth, level in enumerate(self._levels):
            match = re.search(rf"\n?{level.mark}:\d+\n", self._seen)
            if match and level.mark != mark:
                self._seen = self._seen[: match.start()] + "\n" + self._seen[match.end() :]
                del self._levels[depth:]
                return

    def _answer(self, answered: int) -> int:
        """Answer what a program asks; returns up to where questions have been answered."""
        for pattern, answer in PROMPTS:
            match = pattern.search(self._seen)
            if match and match.end() > answered:
                self._send(f"{answer}\n".encode())
                return match.end()
        return answered

    def _read(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._socket], [], [], left)[0]:
            return False
        try:
            piece = self._socket.recv(LIMIT)
        except OSError:
            return False
        self._seen = _CODES.sub("", (self._seen + piece.decode(errors="replace"))[-LIMIT:])
        return bool(piece)

    def _interrupt(self, mark: str) -> None:
        """Press Ctrl-C, so that the next line meets a shell."""
        self._send(b"\x03")
        self._until(mark, 1.0)
        again = self._type("")
        self._until(again, REACTION)

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        if self.is_alive or self._process.stderr is None:
            return ""
        said = self._process.stderr.read(LIMIT).decode(errors="replace").strip().splitlines()
        return said[-1] if said else ""
