"""Passing bytes on between two connections, to whatever end they come."""

from __future__ import annotations

import asyncio
import socket

import pytest

from harness.offline.hosts.door import relay, reset


def connected() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a TCP connection, non-blocking."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    near.setblocking(False)
    far.setblocking(False)
    return near, far


async def relayed(act) -> tuple[bytes, set[asyncio.Task]]:
    """Relay between two connections while ``act`` has their outer ends; returns what it did and who still works."""
    (caller, one), (other, server) = connected(), connected()
    work = asyncio.create_task(relay(one, other))
    try:
        result = await act(asyncio.get_running_loop(), caller, server)
        await asyncio.wait_for(work, 10)
        return result, asyncio.all_tasks() - {asyncio.current_task()}
    finally:
        caller.close()
        server.close()


def test_bytes_pass_both_ways_and_each_way_ends_for_itself():
    async def act(loop, caller, server):
        await loop.sock_sendall(caller, b"question")
        asked = await loop.sock_recv(server, 100)
        caller.shutdown(socket.SHUT_WR)
        assert await loop.sock_recv(server, 100) == b""
        await loop.sock_sendall(server, b"answer to " + asked)
        server.shutdown(socket.SHUT_WR)
        return await loop.sock_recv(caller, 100)

    assert asyncio.run(relayed(act)) == (b"answer to question", set())


def test_reset_of_one_side_resets_the_other_and_leaves_nobody_at_work():
    async def act(loop, caller, server):
        await loop.sock_sendall(caller, b"hello")
        await loop.sock_recv(server, 100)
        reset(server)
        with pytest.raises(ConnectionResetError):
            await loop.sock_recv(caller, 100)
        return b""

    assert asyncio.run(relayed(act)) == (b"", set())


def test_relay_that_is_cancelled_closes_both():
    async def act():
        (caller, one), (other, server) = connected(), connected()
        work = asyncio.create_task(relay(one, other))
        await asyncio.get_running_loop().sock_sendall(caller, b"x")
        await asyncio.get_running_loop().sock_recv(server, 1)
        work.cancel()
        await asyncio.wait([work])
        ends = await asyncio.get_running_loop().sock_recv(caller, 1), one.fileno(), other.fileno()
        caller.close()
        server.close()
        return ends

    assert asyncio.run(act()) == (b"", -1, -1)
