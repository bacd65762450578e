"""A terminal in a container: what a person types and sees after ``docker attach``."""

from __future__ import annotations

import os
import select
import socket
import time
from types import TracebackType

LIMIT = 64 * 1024
DETACH = b"\x10\x11"
"""Ctrl-P Ctrl-Q."""


class Terminal:
    """The attached stream of a container that has a TTY.

    Takes a duplicate of the socket with that file descriptor: the docker SDK wraps its socket in ways that differ
    with how it was reached.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._seen = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def type(self, line: str) -> None:
        """Type a line and Return."""
        self._socket.sendall(line.encode() + b"\r")

    def detach(self) -> None:
        """Press the detach keys."""
        self._socket.sendall(DETACH)

    def read_until(self, text: str, timeout: float) -> str:
        """Return what the terminal has shown, as soon as that holds ``text``, has ended, or time is up."""
        deadline = time.monotonic() + timeout
        while text.encode() not in self._seen and self._read(deadline):
            pass
        return self._seen.decode(errors="replace")

    def is_closed_within(self, timeout: float) -> bool:
        """Say whether the stream has ended, or ends within that many seconds."""
        deadline = time.monotonic() + timeout
        while self._read(deadline):
            pass
        return time.monotonic() < deadline

    def _read(self, deadline: float) -> bool:
        """Read what there is; return false at the end of the stream or of time."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._socket], [], [], left)[0]:
            return False
        try:
            piece = self._socket.recv(LIMIT)
        except ConnectionError:
            return False
        self._seen = (self._seen + piece)[-LIMIT:]
        return bool(piece)
