"""A terminal in a container: what a person types and sees after ``docker attach``."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from typing import Any

LIMIT = 64 * 1024
DETACH = b"\x10\x11"
"""Ctrl-P Ctrl-Q."""


class Terminal:
    """The attached stream of a container that has a TTY.

    ``attached`` is what the docker SDK returns for it; that differs with how the engine was reached, so a duplicate
    of its socket is used. Closing it is not typing anything: the container runs on.
    """

    def __init__(self, attached: Any) -> None:
        self._attached = attached
        self._socket = socket.socket(fileno=os.dup(attached.fileno()))
        self._seen = b""

    def close(self) -> None:
        """Let go of the stream."""
        # Else the SDK takes the connection for an idle one and writes its next request into the container's input.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        # The answer that the stream came with, before the stream: at its own end it would look for it in vain.
        response = getattr(self._attached, "_response", None)
        if response is not None:
            response.close()
        self._attached.close()

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
