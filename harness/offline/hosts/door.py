"""One listening port at one address, open to the callers that the security groups admit and silent to others.

What a refused caller sees is a time-out, as on AWS. Three means, the best that the system permits:

1. a packet filter on the socket drops the caller's SYN (:mod:`harness.offline.hosts.bpf`);
2. where nobody is admitted: a full accept queue of length one, for which the kernel ignores every further SYN;
3. where some are admitted and others are not: the connection is accepted and never answered.

A change holds for connections that begin after it; what runs goes on, as tracked connections do on AWS.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

from harness.offline.hosts.bpf import attach_source_filter

Visitor = Callable[[socket.socket, str], None]
"""Takes over an admitted connection (non-blocking socket) and is told the caller's address."""

_BACKLOG = 128
_MOST_SILENT = 512


class Door:
    """Listens at ``address:port``. All methods belong to the event loop's thread.

    Raises ``OSError`` where the port is taken (``EADDRINUSE``) or not ours to take (``EACCES``).
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, address: str, port: int, visitor: Visitor, *, filters: bool = True
    ) -> None:
        self.address, self.port = address, port
        self._loop = loop
        self._visitor = visitor
        self._filters = filters
        self._admitted: frozenset[str] = frozenset()
        self._filler: socket.socket | None = None
        self._silent: dict[socket.socket, None] = {}
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._listener.setblocking(False)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((address, port))
            self.admit(frozenset())
        except OSError:
            self._listener.close()
            raise

    def admit(self, sources: frozenset[str]) -> None:
        """Let in the callers at these addresses, and no others, from now on."""
        self._admitted = sources
        self._filters = self._filters and attach_source_filter(self._listener, sorted(sources))
        if sources or self._filters:
            self._open()
        else:
            self._shut()

    def close(self) -> None:
        """Stop listening, and let go of everybody who was kept waiting."""
        self._loop.remove_reader(self._listener)
        for caller in list(self._silent):
            self._forget(caller)
        self._listener.close()
        self._remove_filler()

    def _open(self) -> None:
        self._listener.listen(_BACKLOG)
        self._loop.add_reader(self._listener, self._accept_all)

    def _shut(self) -> None:
        if self._filler is not None:
            return
        self._loop.remove_reader(self._listener)
        self._accept_all()
        self._listener.listen(0)
        self._filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._filler.setblocking(False)
        self._filler.bind((self.address, 0))
        self._filler.connect_ex((self.address, self.port))

    def _accept_all(self) -> None:
        while True:
            try:
                caller, (address, port) = self._listener.accept()
            except OSError:  # nobody is left, or one who hung up; also EINVAL before the first listen
                return
            caller.setblocking(False)
            if self._filler is not None and (address, port) == self._filler.getsockname():
                caller.close()
                self._remove_filler()
            elif address in self._admitted:
                caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._visitor(caller, address)
            else:
                self._keep_waiting(caller)

    def _keep_waiting(self, caller: socket.socket) -> None:
        if len(self._silent) >= _MOST_SILENT:
            self._forget(next(iter(self._silent)))
        self._silent[caller] = None
        self._loop.add_reader(caller, self._disregard, caller)

    def _disregard(self, caller: socket.socket) -> None:
        try:
            said = caller.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._forget(caller)

    def _forget(self, caller: socket.socket) -> None:
        self._loop.remove_reader(caller)
        self._silent.pop(caller, None)
        caller.close()

    def _remove_filler(self) -> None:
        if self._filler is not None:
            self._filler.close()
            self._filler = None


def reset(connection: socket.socket) -> None:
    """Close a connection as a port does where nothing listens: with a reset."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways between two non-blocking sockets until both have ended, or one is reset; closes them."""
    try:
        async with asyncio.TaskGroup() as pumps:  # where one fails, the other is at rest before its sockets close
            pumps.create_task(_pump(one, other))
            pumps.create_task(_pump(other, one))
    except* OSError:  # one side was reset: so is the other
        reset(one)
        reset(other)
    finally:
        one.close()
        other.close()


async def _pump(source: socket.socket, sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, 65536):
        await loop.sock_sendall(sink, data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
