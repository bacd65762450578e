"""A small SSH server whose commands run on this machine, and a workstation, to try the client side of hosts with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh

from harness.cloud import OFFLINE, Cloud
from harness.leash import Leash
from harness.workstation import Workstation, set_up

SECONDS = 20


@contextlib.contextmanager
def keyed_workstation() -> Iterator[Workstation]:
    """Set up a workstation with a key, ``key`` in its ssh directory, that its agent has loaded."""
    with Leash() as leash:
        made = set_up(leash, Cloud("moto", "embedded", "123456789012", "eu-west-1", OFFLINE))
        key = made.ssh / "key"
        made.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], timeout=SECONDS)
        made.run(["ssh-add", "-q", str(key)], timeout=SECONDS)
        yield made


class Sshd:
    """Serves one loopback address for one authorized key; ``home`` is where commands run.

    ``commands`` maps a command to a coroutine that is given the asyncssh process and answers for it.
    """

    def __init__(self, home: Path, public_key: str, user: str, address: str = "127.0.0.1") -> None:
        self.home, self.user, self.address = home, user, address
        self.commands = {}
        self.logins = 0
        self._public_key = public_key
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Sshd:
        self._thread.start()
        self._server = self._in_loop(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._in_loop(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _in_loop(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self):
        sshd = self

        class Server(asyncssh.SSHServer):
            def begin_auth(self, username):
                self.user = username
                return True

            def public_key_auth_supported(self):
                return True

            def validate_public_key(self, username, key):
                return username == sshd.user and key == asyncssh.import_public_key(sshd._public_key)

            def auth_completed(self):
                sshd.logins += 1

        self._connections = set()
        return await asyncssh.listen(
            self.address, 0, server_factory=Server, process_factory=self._process, encoding=None,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")], agent_forwarding=True,
            acceptor=self._connections.add,
        )  # fmt: skip

    async def _end(self):
        self._server.close()
        for connection in self._connections:
            connection.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _process(self, process):
        if answer := self.commands.get(process.command):
            await answer(process)
            return
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        if agent := process.channel.get_agent_path():
            environment["SSH_AUTH_SOCK"] = agent
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_shell(
            process.command, cwd=self.home, env=environment, stdin=pipe, stdout=pipe, stderr=pipe,
            start_new_session=True,
        )  # fmt: skip
        feeding = asyncio.ensure_future(_feed(process.stdin, child.stdin))
        try:
            await asyncio.gather(_copy(child.stdout, process.stdout), _copy(child.stderr, process.stderr))
            process.exit(await child.wait())
        finally:
            feeding.cancel()
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                await child.wait()


async def _copy(source, sink):
    with contextlib.suppress(ConnectionError, asyncssh.Error):
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()


async def _feed(source, sink):
    await _copy(source, sink)
    sink.close()
