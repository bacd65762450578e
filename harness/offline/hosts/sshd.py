"""The SSH server of a host: who may log in, and where connections through it lead."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import types
from typing import Any, Protocol

import asyncssh
from asyncssh.stream import SSHReader, SSHTCPStreamSession, SSHWriter

from harness.leash import temporary
from harness.offline.hosts.rules import Addresses
from harness.offline.hosts.sandbox import Sandbox
from harness.offline.hosts.session import HostSession
from harness.offline.hosts.userland import Userland

_CONNECT_SECONDS = 20.0
# What every client has. ChaCha20, which OpenSSH prefers, takes Python four times as long for each packet.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")


def _directory(prefix: str) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=prefix, dir=temporary())


# A forwarded agent's socket is made where temporary files are: too long a TMPDIR, and asyncssh forwards no agent.
# It has no option for another place, and makes the connections that make the directory: a subclass of theirs would need
# more of its internals than this one name. `tempfile.tempdir` is everybody's in this process.
vars(asyncssh.connection)["tempfile"] = types.SimpleNamespace(TemporaryDirectory=_directory)


class LoginHost(Protocol):
    """What the server needs of its host."""

    sandbox: Sandbox
    userland: Userland
    addresses: Addresses

    def caller_as_seen(self, address: str) -> str:
        """Return a caller's address as AWS would show it."""

    def route(self, name: str, port: int) -> tuple[str, str, int] | None:
        """Return from which address, to which address and port a connection of this host goes."""


class SshServer:
    """Serves SSH on connections that a door has admitted."""

    def __init__(self, host: LoginHost, host_keys: list[asyncssh.SSHKey]) -> None:
        self._host = host
        self._keys = host_keys
        self._options: asyncssh.SSHServerConnectionOptions | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._logins: set[asyncio.Task[None]] = set()

    def visit(self, caller: socket.socket, _address: str) -> None:
        """Take over a connection."""
        task = asyncio.get_running_loop().create_task(self._log_in(caller))
        self._logins.add(task)
        task.add_done_callback(self._logins.discard)

    async def stop(self) -> None:
        """Drop every connection."""
        for task in list(self._logins):
            task.cancel()
        await asyncio.gather(*self._logins, return_exceptions=True)
        for connection in list(self._connections):
            connection.abort()
            with contextlib.suppress(OSError, asyncssh.Error):
                await connection.wait_closed()

    async def _log_in(self, caller: socket.socket) -> None:
        if self._options is None:
            self._options = asyncssh.SSHServerConnectionOptions(
                server_factory=lambda: _Server(self._host, self._connections),
                server_host_keys=self._keys,
                encoding=None,
                line_editor=False,
                agent_forwarding=True,
                x11_forwarding=False,
                gss_host=None,
                server_version="OpenSSH_9.6p1",
                encryption_algs=_CIPHERS,
            )
        try:
            await asyncssh.run_server(caller, options=self._options)
        except (OSError, asyncssh.Error):  # refused, or gone before the login was through
            caller.close()


class _Server(asyncssh.SSHServer):
    def __init__(self, host: LoginHost, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._host = host
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's signature
        self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        """Look up the user's keys, now: a student may add some. Root has ubuntu's, and is told to use ubuntu."""
        home = self._host.sandbox.home_of("ubuntu" if username == "root" else username)
        if home is not None:
            with contextlib.suppress(OSError, ValueError):  # no such file, or no key in it: nobody logs in
                self._connection.set_authorized_keys(str(self._host.sandbox.path(f"{home}/.ssh/authorized_keys")))
        return True

    def public_key_auth_supported(self) -> bool:
        """Offer keys and nothing else, to users without any as well."""
        return True

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        address, port = self._connection.get_extra_info("peername")[:2]
        caller = f"{self._host.caller_as_seen(address)} {port} {self._host.addresses.private}"
        return HostSession(self._host.userland, self._connection, caller)

    def connection_requested(self, dest_host: str, dest_port: int, *_origin: object) -> Any:
        """Connect through, as ``ssh -J`` and ``-L`` ask: from this host's address, behind the other one's rules."""
        return self._connect(dest_host, dest_port)

    async def _connect(self, name: str, port: int) -> asyncssh.SSHTCPSession[bytes]:
        route = self._host.route(name, port)
        if route is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, f"{name}: Name or service not known")
        source, address, real_port = route
        try:
            connection = await _connect_from(source, address, real_port)
        except OSError as error:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, str(error)) from error
        return SSHTCPStreamSession(lambda reader, writer: _forward(reader, writer, connection))


async def _connect_from(source: str, address: str, port: int) -> socket.socket:
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.bind((source, 0))
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except BaseException:
        connection.close()
        raise
    return connection


async def _forward(reader: SSHReader[bytes], writer: SSHWriter[bytes], peer: socket.socket) -> None:
    """Pass bytes between a channel and a socket until both have ended."""
    loop = asyncio.get_running_loop()

    async def outwards() -> None:
        while data := await reader.read(65536):
            await loop.sock_sendall(peer, data)
        with contextlib.suppress(OSError):
            peer.shutdown(socket.SHUT_WR)

    async def inwards() -> None:
        while data := await loop.sock_recv(peer, 65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    try:
        await asyncio.gather(outwards(), inwards())
    except (OSError, asyncssh.Error):
        pass  # either side was reset: so is the other
    finally:
        peer.close()
        writer.close()
