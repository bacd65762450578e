"""Embedded hosts: instances as SSH servers within this process, each on loopback addresses of its own.

Needs no root, no Docker, nothing but Python, an OpenSSH client and a system that gives every process all of
127.0.0.0/8 (Linux). What such a host cannot do: a port on which nothing listens resets a connection, whatever the rules
say (doors guard listening ports); programs that a host's user starts by hand listen on this machine, not behind the
host's rules; ports below 1024 other than SSH's need the privilege on this machine; what a program other than ``ssh``
and ``curl`` sends to the network is not held back; and what is fetched from the world (packages, images) is fetched
whatever the rules of egress say, which hold between hosts.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from harness.leash import Leash
from harness.offline.hosts import clientconfig
from harness.offline.hosts.host import EmbeddedHost, ServiceFactory, Site
from harness.offline.hosts.lease import AddressLease, find_ssh_port
from harness.offline.hosts.protocol import EgressRule, Halted, IngressRule, Machine, MachineSpec, Service
from harness.offline.naming import public_name

T = TypeVar("T")

_DOWN_SECONDS = 30.0


def _docker_engine(machine: Machine) -> Service:
    from harness.offline.engine import Engine  # not above: most hosts never install Docker

    return Engine(machine)


class EmbeddedHosts:
    """The hosts of one offline cloud; implements :class:`~harness.offline.hosts.protocol.HostKind`.

    ``state`` is a directory for the client configuration and known hosts. ``services`` maps a unit that a package
    brings to what makes its service. ``boot_delay`` says how long, in seconds, a machine takes before it answers.
    """

    def __init__(
        self,
        state: Path,
        on_halt: Halted,
        *,
        leash: Leash | None = None,
        services: Mapping[str, ServiceFactory] | None = None,
        boot_delay: Callable[[], float] = lambda: 0.1,
    ) -> None:
        self._owns_leash = leash is None
        self._leash = leash or Leash()
        self._lock = threading.RLock()
        self._hosts: dict[str, EmbeddedHost] = {}
        self._known: list[str] = []
        self._work: dict[str, Future[None]] = {}
        self._state = state
        state.mkdir(parents=True, exist_ok=True)
        lease = AddressLease()
        port = find_ssh_port(lease.network.partition("/")[0].rpartition(".")[0] + ".254")
        base = self._leash.directory("hosts-")
        loop = asyncio.new_event_loop()
        units = {"docker.service": _docker_engine} if services is None else services
        self._site = Site(loop, self._leash, lease, base, port, boot_delay, units, on_halt)
        self._thread = threading.Thread(target=self._run, name="embedded-hosts", daemon=True)
        self._thread.start()
        self._write_client_files()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop that all hosts and their services live on."""
        return self._site.loop

    def allocate_public_ip(self) -> str:
        """Reserve a loopback address of this cloud."""
        with self._lock:
            return self._site.lease.public()

    def release_public_ip(self, address: str) -> None:
        """Give an address back."""
        with self._lock:
            self._site.lease.release(address)

    def public_name(self, address: str, region: str) -> str:
        """Return the name that AWS would give; the client configuration knows it."""
        return public_name(address, region)

    def boot(self, spec: MachineSpec, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        """Bring a machine up; it answers a moment later."""
        with self._lock:
            host = self._hosts.get(spec.instance_id)
            if host is None:
                host = self._call(self._new_host, spec)
                self._hosts[spec.instance_id] = host
            self._finish(spec.instance_id)
            host.assign(spec, rules, egress)
            if spec.instance_id not in self._known:
                self._known.append(spec.instance_id)
            self._write_client_files()
            self._begin(spec.instance_id, host.start())

    def reboot(self, instance_id: str) -> None:
        """Take a machine down and up again."""
        with self._lock:
            if instance_id in self._hosts:
                self._begin(instance_id, self._hosts[instance_id].restart())

    def halt(self, instance_id: str) -> None:
        """Take a machine down; its files stay."""
        with self._lock:
            if instance_id in self._hosts:
                self._forget_address(instance_id)
                self._begin(instance_id, self._hosts[instance_id].stop())

    def destroy(self, instance_id: str) -> None:
        """Take a machine down and remove its files. What its console said can still be read."""
        with self._lock:
            host = self._hosts.get(instance_id)
            if host is not None:
                self._forget_address(instance_id)
                self._begin(instance_id, host.discard())

    def set_rules(self, instance_id: str, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        """Put rules in force; they hold when this returns."""
        host = self._hosts.get(instance_id)
        if host is not None:
            self._call(host.set_rules, rules, egress)

    def console_output(self, instance_id: str) -> str:
        """Return what a machine wrote to its console; nothing for one that never booted."""
        host = self._hosts.get(instance_id)
        return host.console.text() if host is not None else ""

    def ssh_config(self) -> Path:
        """Return the client configuration; it is written anew whenever a machine comes or goes."""
        return self._state / "ssh_config"

    def close(self) -> None:
        """End every machine, give the addresses back and remove all files."""
        with self._lock:
            if not self._thread.is_alive():
                return
            for instance_id in list(self._hosts):
                self.destroy(instance_id)
            for instance_id in list(self._work):
                self._finish(instance_id)
            self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._site.lease.close()
        shutil.rmtree(self._site.base, ignore_errors=True)
        if self._owns_leash:
            self._leash.close()

    # -- the loop's thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            self.loop.close()

    def _call(self, function: Any, *arguments: Any) -> Any:
        """Call a function in the loop's thread and return its result; it must not wait."""
        if threading.current_thread() is self._thread:
            return function(*arguments)

        async def run() -> Any:
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(_DOWN_SECONDS)

    def _begin(self, instance_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Let a change of a machine's life follow the one before."""
        before = self._work.get(instance_id)

        async def follow() -> None:
            if before is not None:
                await asyncio.gather(asyncio.wrap_future(before), return_exceptions=True)
            try:
                await work
            except Exception as error:
                self._site.loop.call_exception_handler({"message": f"host {instance_id}", "exception": error})
                raise

        self._work[instance_id] = asyncio.run_coroutine_threadsafe(follow(), self.loop)

    def _finish(self, instance_id: str) -> None:
        work = self._work.get(instance_id)
        if work is not None and threading.current_thread() is not self._thread:
            work.exception(_DOWN_SECONDS)

    def _new_host(self, spec: MachineSpec) -> EmbeddedHost:
        return EmbeddedHost(self._site, spec)

    # -- the workstation's files --------------------------------------------------------------------------------------

    def _forget_address(self, instance_id: str) -> None:
        if instance_id in self._known:
            self._known.remove(instance_id)
            self._write_client_files()

    def _write_client_files(self) -> None:
        peers = [self._hosts[instance_id].peer() for instance_id in self._known]
        known_hosts = self._state / "known_hosts"
        _replace(known_hosts, clientconfig.known_hosts(peers))
        _replace(self.ssh_config(), clientconfig.for_workstation(peers, self._site.ssh_port, known_hosts))


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees either the old or the new one."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.chmod(0o644)  # ssh reads no configuration that others may write to, as the umask would have it
    temporary.replace(path)
