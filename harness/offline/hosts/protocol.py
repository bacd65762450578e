"""The interfaces between the offline control plane, a kind of hosts, and the services on a host."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class IngressRule:
    """One way into an instance; ``protocol`` is ``tcp``, ``udp``, ``icmp`` or ``-1`` (all), ports are inclusive.

    A rule that names a source group arrives here resolved to the private addresses of the group's members.
    """

    protocol: str
    from_port: int
    to_port: int
    source: IpNetwork


@dataclass(frozen=True)
class EgressRule:
    """One way out of an instance, in the same terms."""

    protocol: str
    from_port: int
    to_port: int
    destination: IpNetwork


@dataclass(frozen=True)
class MachineSpec:
    """What the control plane knows of an instance when it boots.

    ``authorized_key`` is the public half of its key pair as a line of ``authorized_keys``, or ``None`` where
    it was launched without one. ``release`` is the Ubuntu release of its image, such as ``24.04``. ``network`` is its
    VPC: private addresses mean something within one only.
    """

    instance_id: str
    instance_type: str
    public_ip: str | None
    public_dns: str | None
    private_ip: str
    private_dns: str
    authorized_key: str | None
    release: str
    user_data: str | None
    region: str
    network: str = ""


class HostKind(Protocol):
    """A kind of hosts. Every method returns quickly and may be called from any thread."""

    def allocate_public_ip(self) -> str:
        """Reserve the address under which an instance will be reached from outside, before it is launched."""

    def release_public_ip(self, address: str) -> None:
        """Give an address back."""

    def public_name(self, address: str, region: str) -> str:
        """Return the public DNS name of an address, as those outside can use it."""

    def boot(self, spec: MachineSpec, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        """Bring the machine of a running instance up, for the first time or again after :meth:`halt`."""

    def reboot(self, instance_id: str) -> None:
        """End everything that runs on the machine and bring it up again; its files stay."""

    def halt(self, instance_id: str) -> None:
        """Take the machine of a stopped instance down; its files stay. A later boot may have other addresses."""

    def destroy(self, instance_id: str) -> None:
        """Take the machine of a terminated instance down and remove its files."""

    def set_rules(self, instance_id: str, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        """Put the security groups' rules in force, for connections that begin from now on."""

    def console_output(self, instance_id: str) -> str:
        """Return what the machine wrote to its console, host keys included, as cloud-init prints them."""

    def ssh_config(self) -> Path | None:
        """Return the client configuration that maps the machines' names, or ``None`` where none is needed."""

    def close(self) -> None:
        """End every machine and remove everything that was made for them."""


Halted = Callable[[str], None]
"""Told the instance id when a machine shuts itself down (``sudo poweroff``)."""


class Machine(Protocol):
    """What a service on an embedded host may use of it. Coroutines belong to the hosts' event loop."""

    instance_id: str
    root: Path
    """The host's file system on this machine: the host's ``/home/ubuntu`` is ``root / "home/ubuntu"``."""

    def path(self, absolute: str, cwd: str = "/") -> Path:
        """Map a path of the host into ``root``; symbolic links and ``..`` never lead out of it."""

    def environment(self) -> dict[str, str]:
        """Return the environment that every process of the host must carry, so that it ends with the run."""

    def service_address(self) -> str:
        """Return a loopback address of this host's own that no caller outside knows, for a process to listen on."""

    async def publish(self, port: int, target: tuple[str, int]) -> Callable[[], Awaitable[None]]:
        """Open a TCP port of the host's public and private address, behind its security groups, and relay it.

        A connection that the rules admit is relayed to ``target``; where nothing listens there it is reset, as
        Docker's proxy does. Returns the way to close it; raises ``OSError(EADDRINUSE)`` where the port is taken.
        """


class Service(Protocol):
    """Something that ``systemctl`` starts and stops on an embedded host."""

    async def start(self) -> None:
        """Start; return once it answers."""

    async def stop(self) -> None:
        """Stop, and end every process of it."""
