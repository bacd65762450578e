"""Published ports: from an address of the host to a port inside a container."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

CHUNK = 65536
Dial = Callable[[], Awaitable[socket.socket | None]]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def relay(
    outer: tuple[asyncio.StreamReader, asyncio.StreamWriter], inner: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    """Pass bytes both ways until both sides are done; where one breaks, both connections are reset."""
    ways = [asyncio.ensure_future(_pump(outer[0], inner[1])), asyncio.ensure_future(_pump(inner[0], outer[1]))]
    try:
        await asyncio.gather(*ways)
    except OSError:
        reset(outer[1])
        reset(inner[1])
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        inner[1].close()


@dataclass
class Relay:
    """Listens at an address of this machine and passes each connection on to what ``dial`` opens."""

    dial: Dial
    server: asyncio.Server | None = None
    conversations: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, address: str, port: int = 0) -> tuple[str, int]:
        """Listen on a port, by default any that is free, and return where."""
        self.server = await asyncio.start_server(self._accept, address, port)
        host, port = self.server.sockets[0].getsockname()[:2]
        return host, port

    async def stop(self) -> None:
        """Listen no more, and end what is going on."""
        if self.server is not None:
            self.server.close()
        for task in list(self.conversations):
            task.cancel()
        await asyncio.gather(*self.conversations, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.conversations.add(task)
        try:
            await self._converse(reader, writer)
        except asyncio.CancelledError:
            pass  # the container ended: there is nobody left to talk to
        finally:
            self.conversations.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = await self.dial()
        if connection is None:
            reset(writer)
            return
        connection.setblocking(False)
        await relay((reader, writer), await asyncio.open_connection(sock=connection))


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a reset, as a port does where nothing listens."""
    if writer.transport.is_closing():
        return
    handle = writer.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
