"""A host's open ports: a door at each of its addresses for every one of them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterable

from harness.offline.hosts.door import Door, Visitor, relay, reset
from harness.offline.hosts.protocol import IngressRule
from harness.offline.hosts.rules import Addresses, Book, admitted


class Ports:
    """Opens and closes ports, and keeps the rules in force. All methods belong to the event loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ssh_port: int) -> None:
        self._loop = loop
        self._ssh_port = ssh_port
        self._doors: dict[int, tuple[Door, ...]] = {}
        self._relays: set[asyncio.Task[None]] = set()
        self._admitted: Callable[[int, str], frozenset[str]] = lambda _port, _address: frozenset()

    def numbers(self) -> list[int]:
        """Return the open ports as the host knows them: SSH's is 22, wherever it is mapped to."""
        return sorted(22 if port == self._ssh_port else port for port in self._doors)

    def admit(self, rules: tuple[IngressRule, ...], own: Addresses, book: Book) -> None:
        """Put rules in force at every door, now open or opened later. A host always reaches itself."""

        def callers(port: int, address: str) -> frozenset[str]:
            myself = frozenset({own.inside}) if address == own.inside else frozenset()
            return admitted(rules, 22 if port == self._ssh_port else port, book, address) | myself

        self._admitted = callers
        for doors in self._doors.values():
            self._apply(doors)

    def open(self, port: int, own: Addresses, visitor: Visitor) -> None:
        """Listen at both addresses; raises ``OSError`` where the port is taken."""
        if port in self._doors:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        doors: list[Door] = []
        try:
            for address in filter(None, (own.public, own.inside)):
                doors.append(Door(self._loop, address, port, visitor))  # noqa: PERF401 - those that opened are closed
        except OSError:
            for door in doors:
                door.close()
            raise
        self._doors[port] = tuple(doors)
        self._apply(self._doors[port])

    def close(self, port: int) -> None:
        """Listen no longer; connections that were let in go on."""
        for door in self._doors.pop(port, ()):
            door.close()

    def relay_to(self, target: tuple[str, int]) -> Visitor:
        """Return what relays each caller to ``target``."""

        def visit(caller: socket.socket, _address: str) -> None:
            task = self._loop.create_task(_relay_to(caller, target))
            self._relays.add(task)
            task.add_done_callback(self._relays.discard)

        return visit

    async def close_all(self) -> None:
        """Close every port and cut what is relayed."""
        for port in list(self._doors):
            self.close(port)
        for task in list(self._relays):
            task.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    def _apply(self, doors: Iterable[Door]) -> None:
        for door in doors:
            door.admit(self._admitted(door.port, door.address))


async def _relay_to(caller: socket.socket, target: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    peer.setblocking(False)
    try:
        await loop.sock_connect(peer, target)
    except OSError:
        peer.close()
        reset(caller)
        return
    except asyncio.CancelledError:
        peer.close()
        caller.close()
        raise
    with contextlib.suppress(OSError):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await relay(caller, peer)
