"""The embedded engine as a service of a host: its socket, its routes, its state."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX
from socket import socket as Listener  # noqa: N812 - the engine has a property called socket

from aiohttp import web

from harness.offline.engine.api.archives import ArchivesApi
from harness.offline.engine.api.containers import ContainersApi
from harness.offline.engine.api.http import speak_as_engine
from harness.offline.engine.api.images import LARGEST_CONTEXT, ImagesApi
from harness.offline.engine.api.streams import StreamsApi
from harness.offline.engine.api.system import SystemApi, predefined_networks
from harness.offline.engine.containers import Containers
from harness.offline.engine.errors import ApiError
from harness.offline.engine.executions import Executions
from harness.offline.engine.images import Images
from harness.offline.engine.isolation import Isolation, detect
from harness.offline.engine.store import Store
from harness.offline.hosts.protocol import Machine

LONGEST_SOCKET_PATH = 100


class Engine:
    """A container engine of one embedded host.

    Serves the Docker Engine API on ``run/docker.sock`` of the host. All methods belong to the hosts' event loop.
    ``isolation`` is chosen by what the machine grants unless one is given. Containers, images and volumes outlive
    :meth:`stop` as they outlive a restart of the daemon: a later :meth:`start` of the same engine has them again.
    """

    def __init__(self, machine: Machine, isolation: Isolation | None = None) -> None:
        self.machine = machine
        self.isolation = isolation
        self.store = Store(machine.root / "var/lib/docker")
        self._containers: Containers | None = None
        self._runner: web.AppRunner | None = None
        self._ran: set[str] = set()

    @property
    def socket(self) -> Path:
        """Return the path of the engine's socket on this machine."""
        return self.machine.root / "run/docker.sock"

    async def start(self) -> None:
        """Serve the API; containers that are to run again do so."""
        self.store.directory.mkdir(parents=True, exist_ok=True)
        self.isolation = self.isolation or await detect(self.store.directory)
        if self._containers is None:
            self._containers = Containers(self.store, self.machine, self.isolation)
            self.store.networks = predefined_networks()
        application = self._application(self._containers)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._bind()).start()
        await self._start_again(self._containers)

    async def stop(self) -> None:
        """End every container and every connection, and remove the socket."""
        self._ran = {one.id for one in self.store.containers.values() if one.state.running}
        if self._containers is not None:
            await self._containers.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.socket.unlink(missing_ok=True)

    def _application(self, containers: Containers) -> web.Application:
        images = Images(self.store)
        parts = (
            SystemApi(containers, images, self._hostname()), ContainersApi(containers), ArchivesApi(self.store),
            StreamsApi(containers, Executions(containers)), ImagesApi(self.store, images),
        )  # fmt: skip
        application = web.Application(middlewares=[speak_as_engine], client_max_size=LARGEST_CONTEXT)
        for part in parts:
            for route in part.routes():
                for prefix in ("", r"/v{version:\d+\.\d+}"):
                    application.router.add_route(route.method, f"{prefix}{route.path}", route.handler)
        return application

    def _hostname(self) -> str:
        try:
            return (self.machine.root / "etc/hostname").read_text().strip() or self.machine.instance_id
        except OSError:
            return self.machine.instance_id

    def _bind(self) -> Listener:
        """Make the socket; its path may be longer than a socket's address can be."""
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        handle = Listener(AF_UNIX)
        handle.setblocking(False)
        with _reachable(self.socket) as path:
            handle.bind(path)
        self.socket.chmod(0o666)
        legacy = self.machine.root / "var/run"
        if not legacy.exists() and not legacy.is_symlink():
            legacy.parent.mkdir(parents=True, exist_ok=True)
            legacy.symlink_to("../run")
        return handle

    async def _start_again(self, containers: Containers) -> None:
        for container in self.store.containers.values():
            policy = container.host_config["RestartPolicy"]["Name"]
            if policy == "always" or (policy == "unless-stopped" and container.id in self._ran):
                with contextlib.suppress(ApiError):
                    await containers.start(container)


@contextlib.contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """Give a path for a socket that is short enough, by way of an open descriptor of its directory where need be."""
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
