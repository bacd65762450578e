"""What a host's stand-ins are told when they ask (:mod:`harness.offline.hosts.control`)."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.offline.hosts import clientconfig

if TYPE_CHECKING:
    from harness.offline.hosts.host import EmbeddedHost


class Answers:
    """Answers for one host."""

    def __init__(self, host: EmbeddedHost) -> None:
        self._host = host

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a request; one that nobody knows is answered with nothing."""
        answers: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "unit": self._unit, "units": self._units, "power": self._power, "host": self._describe,
            "route": self._route, "ssh-config": self._ssh_config, "journal": self._journal,
        }  # fmt: skip
        known = answers.get(str(request.get("request")))
        return await known(request) if known is not None else {}

    async def _unit(self, request: dict[str, Any]) -> dict[str, Any]:
        name = str(request["unit"])
        if request["action"] == "install":
            factory = self._host.site.services.get(name)
            await self._host.units.install(name, factory(self._host) if factory is not None else None)
        return await self._host.units.change(name, str(request["action"]))

    async def _units(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"units": self._host.units.describe()}

    async def _power(self, request: dict[str, Any]) -> dict[str, Any]:
        self._host.cancel_shutdown()
        if request["action"] != "cancel":
            self._host.shut_down(restart=request["action"] == "reboot", minutes=int(request.get("minutes", 0)))
        return {}

    async def _describe(self, _request: dict[str, Any]) -> dict[str, Any]:
        host = self._host
        sockets = [path for path in (host.root / "run").iterdir() if stat.S_ISSOCK(path.stat().st_mode)]
        return {
            "private_ip": host.addresses.private,
            "private_dns": host.spec.private_dns,
            "ports": host.ports.numbers(),
            "sockets": [f"/run/{path.name}" for path in sockets],
        }

    async def _route(self, request: dict[str, Any]) -> dict[str, Any]:
        route = self._host.route(str(request["host"]), int(request["port"]))
        return {} if route is None else {"source": route[0], "address": route[1], "port": route[2]}

    async def _ssh_config(self, request: dict[str, Any]) -> dict[str, Any]:
        host, user = self._host, str(request["user"])
        peers = [other.peer() for other in host.site.named.values()]
        home = Path(str(request["home"]))
        path = host.client_files / f"{shlex.quote(user)}.conf"
        path.write_text(clientconfig.for_host(host.addresses, peers, host.site.ssh_port, user, home))
        return {"path": str(path)}

    async def _journal(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"text": self._host.console.text("\n")}
