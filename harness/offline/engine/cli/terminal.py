"""The user's end of a container's streams."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import sys

from .client import Failed, Refused, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Iterator
    from typing import Any

CHUNK = 65536
DETACH_KEYS = b"\x10\x11"


class Demultiplexer:
    """Sorts the frames of a stream to standard output and standard error; a terminal's stream has none."""

    def __init__(self, raw: bool) -> None:
        self.raw = raw
        self.waiting = b""

    def feed(self, data: bytes) -> None:
        """Print what is complete."""
        if self.raw:
            _write(1, data)
            return
        self.waiting += data
        while len(self.waiting) >= 8:
            stream, length = struct.unpack(">BxxxI", self.waiting[:8])
            if len(self.waiting) < 8 + length:
                return
            _write(2 if stream == 2 else 1, self.waiting[8 : 8 + length])
            self.waiting = self.waiting[8 + length :]


def _write(descriptor: int, data: bytes) -> None:
    sys.stdout.flush()
    while data:
        data = data[os.write(descriptor, data) :]


def detach_keys(text: str | None) -> bytes:
    """Read ``--detach-keys``."""
    if not text:
        return DETACH_KEYS
    keys = b""
    for key in text.split(","):
        if len(key) != 1 and not key.startswith("ctrl-"):
            raise Failed(f"invalid detach keys ({text}) provided")
        keys += key.encode() if len(key) == 1 else bytes([ord(key[5].upper()) & 0x1F])
    return keys


@contextlib.contextmanager
def raw_terminal(wanted: bool) -> Iterator[None]:
    """Pass every key on as it is typed."""
    if not wanted:
        yield
        return
    import termios
    import tty

    saved = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)


def terminal_size() -> tuple[int, int] | None:
    """Return the height and width of the user's terminal."""
    try:
        width, height = os.get_terminal_size(1)
    except OSError:
        return None
    return (height, width) if height and width else None


def resize(path: str) -> None:
    """Tell the engine the size of the terminal, now and whenever it changes."""

    def tell(*_: object) -> None:
        measured = terminal_size()
        if measured is not None:
            with contextlib.suppress(Refused):
                call("POST", f"{path}/resize", {"h": measured[0], "w": measured[1]})

    tell()
    signal.signal(signal.SIGWINCH, tell)


def converse(handle: socket, early: bytes, *, tty: bool, stdin: bool, keys: bytes) -> bool:
    """Pass bytes both ways until the container's end closes the stream; tells whether the user detached."""
    output = Demultiplexer(tty)
    output.feed(early)
    typed = b""
    sources: list[Any] = [handle, 0] if stdin else [handle]
    with raw_terminal(tty and stdin and os.isatty(0)):
        while True:
            ready = select.select(sources, [], [])[0]
            if handle in ready:
                data = handle.recv(CHUNK)
                if not data:
                    return False
                output.feed(data)
            if 0 in ready:
                data = os.read(0, CHUNK)
                if not data:
                    sources.remove(0)
                    handle.shutdown(1)  # SHUT_WR
                    continue
                handle.sendall(data)
                typed = (typed + data)[-len(keys) :]
                if tty and typed == keys:
                    sys.stderr.write("read escape sequence\n" if not os.isatty(2) else "read escape sequence\r\n")
                    return True


def check_terminal(tty: bool, stdin: bool) -> None:
    """Refuse a terminal for a container where the user has none."""
    if tty and stdin and not os.isatty(0):
        raise Failed("the input device is not a TTY")
