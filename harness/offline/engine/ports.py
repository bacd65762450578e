"""Which ports of a container are published, and opening them on the host."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from harness.offline.engine.errors import ApiError, bad_parameter
from harness.offline.engine.isolation import Isolation, choose_ports
from harness.offline.engine.model import Container, Json
from harness.offline.engine.process import Process
from harness.offline.engine.relay import Relay
from harness.offline.hosts.protocol import Machine

RANDOM_FROM = 32768
RANDOM_TO = 60999
Close = Callable[[], Awaitable[None]]


def check(bindings: Json) -> None:
    """Raise 400 for port bindings that moby does not accept."""
    for port, hosts in bindings.items():
        number, _, protocol = port.partition("/")
        if not number.isdigit() or not 0 < int(number) < 65536:
            raise bad_parameter(f'invalid port specification: "{port}"')
        if (protocol or "tcp") not in {"tcp", "udp", "sctp"}:
            raise bad_parameter(f"invalid protocol: {protocol}")
        for host in hosts or []:
            if not all(part.isdigit() and int(part) < 65536 for part in (host.get("HostPort") or "0").split("-")):
                raise bad_parameter(f'invalid port specification: "{host.get("HostPort")}"')


def wanted(container: Container) -> dict[str, list[Json]]:
    """Return the bindings asked for, by container port; with ``PublishAllPorts`` the exposed ports too."""
    asked = {_full(port): list(hosts or [{}]) for port, hosts in (container.host_config["PortBindings"] or {}).items()}
    if container.host_config["PublishAllPorts"]:
        for port in container.config["ExposedPorts"] or {}:
            asked.setdefault(_full(port), [{"HostPort": ""}])
    return asked


def _full(port: str) -> str:
    return port if "/" in port else f"{port}/tcp"


@dataclass
class Published:
    """The ports that one running container has opened."""

    closes: list[Close] = field(default_factory=list)
    relays: list[Relay] = field(default_factory=list)
    taken: set[tuple[int, str]] = field(default_factory=set)

    async def close(self) -> None:
        """Close them."""
        for close in self.closes:
            await close()
        for relay in self.relays:
            await relay.stop()
        self.closes.clear()
        self.relays.clear()
        self.taken.clear()


class Publisher:
    """Opens ports for containers and knows which are taken."""

    def __init__(self, machine: Machine, isolation: Isolation) -> None:
        self.machine = machine
        self.isolation = isolation
        self.published: dict[str, Published] = {}

    async def open(self, container: Container, process: Callable[[], Process | None]) -> None:
        """Publish the container's ports; raises moby's 500 where one is taken, with nothing left open."""
        mine = self.published[container.id] = Published()
        container.listens = {} if self.isolation.in_namespaces else choose_ports(container)
        container.ports = {_full(port): [] for port in container.config["ExposedPorts"] or {}}
        try:
            for port, hosts in wanted(container).items():
                container.ports[port] = [await self._bind(container, mine, port, host, process) for host in hosts]
        except BaseException:
            await self.close(container)
            raise

    async def close(self, container: Container) -> None:
        """Close the container's ports."""
        container.ports = {}
        if (mine := self.published.pop(container.id, None)) is not None:
            await mine.close()

    async def _bind(
        self, container: Container, mine: Published, port: str, host: Json, process: Callable[[], Process | None]
    ) -> Json:
        number, _, protocol = port.partition("/")
        address = host.get("HostIp") or "0.0.0.0"  # noqa: S104 - the document's text for all addresses
        last: ApiError | None = None
        for candidate in self._candidates(host.get("HostPort") or ""):
            try:
                await self._open(container, mine, int(number), protocol, candidate, address, process)
            except ApiError as refused:
                last = refused
                continue
            return {"HostIp": address, "HostPort": str(candidate)}
        raise last or _failed(container, f"Bind for {address}:{host.get('HostPort')} failed: all ports are allocated")

    def _candidates(self, asked: str) -> range:
        if asked in {"", "0"}:
            return range(RANDOM_FROM, RANDOM_TO)
        low, _, high = asked.partition("-")
        return range(int(low), int(high or low) + 1)

    async def _open(
        self, container: Container, mine: Published, inner: int, protocol: str, outer: int, address: str,
        process: Callable[[], Process | None],
    ) -> None:  # fmt: skip
        if any((outer, protocol) in one.taken for one in self.published.values()):
            raise _failed(container, f"Bind for {address}:{outer} failed: port is already allocated")
        mine.taken.add((outer, protocol))
        # A port bound to the host's own loopback address is not reached from outside; datagrams are not relayed.
        if protocol != "tcp" or address.startswith("127."):
            return
        try:
            mine.closes.append(await self.machine.publish(outer, await self._target(container, mine, inner, process)))
        except OSError as refused:
            mine.taken.discard((outer, protocol))
            if refused.errno != errno.EADDRINUSE:
                raise
            reason = f"Error starting userland proxy: listen tcp4 {address}:{outer}: bind: address already in use"
            raise _failed(container, reason) from None

    async def _target(
        self, container: Container, mine: Published, inner: int, process: Callable[[], Process | None]
    ) -> tuple[str, int]:
        if not self.isolation.in_namespaces:
            return container.address, container.listens.get(inner, inner)

        async def dial() -> object:
            running = process()
            return None if running is None else await running.connect(inner)

        relay = Relay(dial)  # type: ignore[arg-type]
        mine.relays.append(relay)
        return await relay.start(self.machine.service_address())


def _failed(container: Container, reason: str) -> ApiError:
    return ApiError(
        500, f"driver failed programming external connectivity on endpoint {container.name} ({container.id}): {reason}"
    )
