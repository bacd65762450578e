"""An embedded host: a directory, an SSH server, doors behind security groups, and the processes of its users."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.leash import Leash
from harness.offline.hosts import clientconfig
from harness.offline.hosts.answers import Answers
from harness.offline.hosts.console import Console, HostKeys
from harness.offline.hosts.control import Control
from harness.offline.hosts.lease import AddressLease
from harness.offline.hosts.ports import Ports
from harness.offline.hosts.protocol import EgressRule, Halted, IngressRule, Machine, MachineSpec, Service
from harness.offline.hosts.rules import Addresses
from harness.offline.hosts.sandbox import Release, Sandbox
from harness.offline.hosts.sshd import SshServer
from harness.offline.hosts.units import Unit, Units
from harness.offline.hosts.userland import Userland

ServiceFactory = Callable[[Machine], Service]

_PLAIN_UNITS = {
    "cron.service": "Regular background program processing daemon",
    "systemd-resolved.service": "Network Name Resolution",
}


@dataclass
class Site:
    """What all hosts of one offline cloud share.

    ``running`` are those that have booted, ``named`` also those that are about to: a name leads to an instance before
    anything answers there. Both belong to the event loop's thread.
    """

    loop: asyncio.AbstractEventLoop
    leash: Leash
    lease: AddressLease
    base: Path
    ssh_port: int
    boot_delay: Callable[[], float]
    services: Mapping[str, ServiceFactory]
    on_halt: Halted
    running: dict[str, EmbeddedHost] = field(default_factory=dict)
    named: dict[str, EmbeddedHost] = field(default_factory=dict)

    def changed(self) -> None:
        """Put the rules of all hosts in force again: who is who among the callers has changed."""
        for host in self.running.values():
            host.apply_rules()


class EmbeddedHost:
    """One machine. It implements :class:`~harness.offline.hosts.protocol.Machine` for its services.

    Methods belong to the event loop's thread unless they say otherwise.
    """

    def __init__(self, site: Site, spec: MachineSpec) -> None:
        self.site, self.spec = site, spec
        self.instance_id = spec.instance_id
        self.root = site.base / spec.instance_id
        self.client_files = site.base / f"{spec.instance_id}.ssh"
        self.sandbox = Sandbox(self.root)
        self.addresses = Addresses(spec.public_ip, "", spec.private_ip, spec.network)
        self.keys = HostKeys()
        self.console = Console()
        self.ports = Ports(site.loop, site.ssh_port)
        self.units = Units()
        self._control = Control(site.base / f"{spec.instance_id}.ctl", Answers(self).answer)
        self.userland = Userland(
            self.sandbox, self.client_files, Release(spec.release), self.environment, self._control.path,
            site.leash.register,
        )  # fmt: skip
        self._sshd = SshServer(self, self.keys.pairs)
        self._ingress: tuple[IngressRule, ...] = ()
        self._egress: tuple[EgressRule, ...] = ()
        self._service_address = ""
        self._lock = asyncio.Lock()
        self._shutdown: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._first_boot: asyncio.Task[None] | None = None
        self._is_discarded = False
        self.units.add("ssh.service", Unit("OpenBSD Secure Shell server", _SshService(self)))
        for name, description in _PLAIN_UNITS.items():
            self.units.add(name, Unit(description))

    # -- its life -----------------------------------------------------------------------------------------------------

    def assign(self, spec: MachineSpec, ingress: tuple[IngressRule, ...], egress: tuple[EgressRule, ...]) -> None:
        """Take addresses and rules before a boot; safe from any thread while the machine is down."""
        self._service_address = self._service_address or self.site.lease.service()
        inside = self.addresses.inside or self.site.lease.inside()
        self.spec, self._ingress, self._egress = spec, ingress, egress
        self.addresses = Addresses(spec.public_ip, inside, spec.private_ip, spec.network)

    async def start(self) -> None:
        """Boot: after a moment what is enabled starts, SSH first; user data runs at the first boot."""
        if not self._is_discarded:
            self.site.named[self.instance_id] = self
        await asyncio.sleep(self.site.boot_delay())
        async with self._lock:
            if self._is_discarded or self.instance_id in self.site.running:
                return
            is_first = await asyncio.to_thread(self._prepare)
            self.site.running[self.instance_id] = self
            self.site.changed()
            await self._control.start()
            self.console.log_boot(self.spec, self.keys, is_first=is_first)
            await self.units.start_enabled()
            if is_first and self.spec.user_data:
                self._first_boot = self.site.loop.create_task(self._run_user_data(self.spec.user_data))

    async def stop(self) -> None:
        """Take the machine down: services, connections, ports, processes. Its files stay."""
        async with self._lock:
            self.site.named.pop(self.instance_id, None)
            if self.site.running.pop(self.instance_id, None) is None:
                return
            self.cancel_shutdown()
            await self.units.stop_all()
            await self._sshd.stop()
            await self.ports.close_all()
            await self._control.stop()
            await asyncio.to_thread(self.site.leash.end, "HOST_ROOT", str(self.root))
            if self._first_boot is not None:
                await self._first_boot  # its process has ended
            self.site.changed()

    async def restart(self) -> None:
        """Reboot."""
        await self.stop()
        await self.start()

    async def discard(self) -> None:
        """Take the machine down for good: remove its files and give its addresses back."""
        self._is_discarded = True
        await self.stop()
        for path in (self.root, self.client_files):
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        if self.addresses.inside:
            self.site.lease.release(self.addresses.inside)
            self.site.lease.release(self._service_address)

    def shut_down(self, *, restart: bool, minutes: int = 0) -> None:
        """Go down a moment or some minutes later, as the host's own user asked, and come back or report it."""
        if minutes:
            self._timer = self.site.loop.call_later(60 * minutes, lambda: self.shut_down(restart=restart))
            return
        self._shutdown = self.site.loop.create_task(self.restart() if restart else self._power_off())

    def cancel_shutdown(self) -> None:
        """Take a shutdown back that was to come later."""
        if self._timer is not None:
            self._timer.cancel()

    async def _power_off(self) -> None:
        self.console.log("reboot: Power down")
        await self.stop()
        await asyncio.to_thread(self.site.on_halt, self.instance_id)

    def _prepare(self) -> bool:
        """Make or refresh the files; tell whether this is the first boot."""
        hostname = self.spec.private_dns.partition(".")[0]
        self.client_files.mkdir(exist_ok=True)
        if self.root.exists():
            self.sandbox.forget_what_ran()
            self.sandbox.set_hostname(hostname)
            return False
        self.sandbox.create(Release(self.spec.release), hostname, self.spec.authorized_key)
        self.keys.save(self.sandbox, f"root@{hostname}")
        return True

    async def _run_user_data(self, script: str) -> None:
        if not script.startswith("#!"):
            self.console.log("cloud-init: user data that is no script is not run on an embedded host")
            return
        (self.root / "var/lib/cloud/instance/user-data.txt").write_text(script)
        part = self.root / "var/lib/cloud/instance/part-001"
        part.write_text(self.userland.rewritten(script, "root"))
        part.chmod(0o700)
        process = await asyncio.create_subprocess_exec(
            *self.userland.confined([str(part)]), env=self.userland.user_environment("root"), cwd=self.root,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        with (self.root / "var/log/cloud-init-output.log").open("a") as log:
            async for line in process.stdout:
                log.write(line.decode(errors="replace"))
                self.console.log(line.decode(errors="replace").rstrip("\n"))
        self.console.log(f"cloud-init: user data ended with exit code {await process.wait()}")

    # -- the network --------------------------------------------------------------------------------------------------

    def set_rules(self, ingress: tuple[IngressRule, ...], egress: tuple[EgressRule, ...]) -> None:
        """Put other rules in force; what this host lets out counts at the doors of the others."""
        has_changed = egress != self._egress
        self._ingress, self._egress = ingress, egress
        self.apply_rules()
        if has_changed:
            self.site.changed()

    def apply_rules(self) -> None:
        """Put the rules in force again, now that callers may have come or gone."""
        book = {host.addresses: host._egress for host in self.site.running.values()}
        self.ports.admit(self._ingress, self.addresses, book)

    def open_ssh(self) -> None:
        """Let the SSH server listen."""
        self.ports.open(self.site.ssh_port, self.addresses, self._sshd.visit)

    def close_ssh(self) -> None:
        """Let it listen no longer; sessions go on."""
        self.ports.close(self.site.ssh_port)

    def peer(self) -> clientconfig.Peer:
        """Return how others reach this host. Safe from any thread."""
        names = self.spec.public_dns, self.spec.private_dns
        return clientconfig.Peer(self.instance_id, self.addresses, *names, self.keys.public())

    def route(self, name: str, port: int) -> tuple[str, str, int] | None:
        """Return from which address, to which address and port a connection of this host to ``name`` goes.

        ``None`` is a name or address that is none of the cloud's: nothing leaves the machine.
        """
        target = self._resolve(name.lower())
        if target is None:
            return None
        source, address = target
        return source, address, self.site.ssh_port if port == 22 else port

    def _resolve(self, name: str) -> tuple[str, str] | None:
        own = self.addresses
        if name in {"localhost", "127.0.0.1", "0.0.0.0", own.inside}:  # noqa: S104 - compared, not bound
            return own.inside, own.inside
        for host in self.site.running.values():
            peer = host.peer()
            if name in peer.names_within and peer.addresses.network == own.network:
                return own.inside, host.addresses.inside
            if name in (host.addresses.public, host.spec.public_dns) and own.public and host.addresses.public:
                return own.public, host.addresses.public
        return None

    def caller_as_seen(self, address: str) -> str:
        """Return a caller's address as AWS would show it."""
        inside = {host.addresses.inside: host.addresses.private for host in self.site.running.values()}
        return inside.get(address, address)

    # -- what a service may use ---------------------------------------------------------------------------------------

    def path(self, absolute: str, cwd: str = "/") -> Path:
        """Map a path of the host to this machine."""
        return self.sandbox.path(absolute, cwd)

    def environment(self) -> dict[str, str]:
        """Return the variables that tie a process to this host and to the run."""
        return {**self.site.leash.environment(), "HOST_ROOT": str(self.root)}

    def service_address(self) -> str:
        """Return the loopback address for this host's services."""
        return self._service_address

    async def publish(self, port: int, target: tuple[str, int]) -> Callable[[], Awaitable[None]]:
        """Open a port and relay what the rules admit to ``target``."""
        self.ports.open(port, self.addresses, self.ports.relay_to(target))

        async def close() -> None:
            self.ports.close(port)

        return close


class _SshService:
    """``ssh.service``: stopping it closes the port and leaves the sessions, as on Ubuntu."""

    def __init__(self, host: EmbeddedHost) -> None:
        self._host = host

    async def start(self) -> None:
        self._host.open_ssh()

    async def stop(self) -> None:
        self._host.close_ssh()
