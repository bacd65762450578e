"""Output to those who listen, and what they type back: frames, detach keys, attached clients."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from harness.offline.engine.errors import bad_parameter

STDOUT, STDERR = 1, 2
DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q"


def frame(stream: int, data: bytes) -> bytes:
    """Return one frame of a multiplexed stream: stream, three zeros, length, data (API: "Attach to a container")."""
    return struct.pack(">BxxxI", stream, len(data)) + data


def parse_detach_keys(text: str) -> bytes:
    """Read keys such as ``ctrl-p,ctrl-q`` or ``a,b``; raises 400 with moby's sentence."""
    keys = b""
    for key in text.split(","):
        if len(key) == 1:
            keys += key.encode()
        elif key.startswith("ctrl-") and len(key) == 6 and (key[5].islower() or key[5] in "@[\\]^_"):
            keys += bytes([ord(key[5].upper()) & 0x1F])
        else:
            raise bad_parameter(f"Invalid detach keys ({text}): Unknown character: '{key}'")
    return keys


@dataclass
class DetachKeys:
    """Watches what is typed for a sequence of keys, across chunks."""

    keys: bytes
    held: bytes = b""

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Return what goes on to the process, and whether the sequence is complete."""
        passed = bytearray()
        for number in data:
            if self.keys and number == self.keys[len(self.held)]:
                self.held += bytes([number])
                if self.held == self.keys:
                    return bytes(passed), True
            else:
                passed += self.held + bytes([number])
                self.held = b""
        return bytes(passed), False


class Client(Protocol):
    """Somebody who receives a process's output."""

    def receive(self, stream: int, data: bytes) -> None: ...


@dataclass
class Hub:
    """Passes a process's output to the log and to everybody attached."""

    log: Callable[[int, bytes], None]
    clients: set[Client] = field(default_factory=set)

    def receive(self, stream: int, data: bytes) -> None:
        """Take output of the process."""
        self.log(stream, data)
        for client in list(self.clients):
            client.receive(stream, data)


class Conversation(asyncio.Protocol):
    """A connection taken over from HTTP: raw bytes both ways, each direction closing by itself.

    Takes the place of aiohttp's protocol on the transport, because that one closes the whole connection as soon as the
    client has no more to say; ``successor`` is told of the end, so that the server forgets the connection.
    """

    def __init__(self, transport: asyncio.Transport, successor: asyncio.Protocol) -> None:
        self.transport = transport
        self.successor = successor
        self.on_data: Callable[[bytes], None] = lambda _: None
        self.on_eof: Callable[[], None] = lambda: None
        self.on_full: Callable[[bool], None] = lambda _: None
        self.lost = asyncio.Event()
        self._early = b""
        self._early_eof = False
        self._is_open = False

    def open(self) -> None:
        """Deliver what arrived so far, and what arrives from now on."""
        self._is_open = True
        if self._early:
            self.on_data(self._early)
        if self._early_eof:
            self.on_eof()

    def data_received(self, data: bytes) -> None:
        if self._is_open:
            self.on_data(data)
        else:
            self._early += data

    def eof_received(self) -> bool:
        if self._is_open:
            self.on_eof()
        else:
            self._early_eof = True
        return True

    def pause_writing(self) -> None:
        self.on_full(True)

    def resume_writing(self) -> None:
        self.on_full(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.on_full(False)
        self.lost.set()
        self.successor.connection_lost(exc)

    def write(self, data: bytes) -> None:
        """Send bytes, unless the client is gone."""
        if not self.transport.is_closing():
            self.transport.write(data)

    async def close(self) -> None:
        """Send what is left and close."""
        if not self.transport.is_closing():
            self.transport.close()
        await self.lost.wait()


@dataclass(eq=False)
class Attached:
    """A client attached to a process over a conversation; ``wanted`` are the streams it asked for."""

    conversation: Conversation
    wanted: set[int]
    raw: bool
    hold: Callable[[object], None] = lambda _: None
    release: Callable[[object], None] = lambda _: None

    def receive(self, stream: int, data: bytes) -> None:
        if stream in self.wanted:
            self.conversation.write(data if self.raw else frame(stream, data))

    def flow(self, is_full: bool) -> None:
        """Hold the process while the client does not read."""
        (self.hold if is_full else self.release)(self)
