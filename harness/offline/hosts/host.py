"""An embedded host: a directory, an SSH server, doors behind security groups, and the processes of its users."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import socket
import stat
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from harness.leash import Leash
from harness.offline.hosts import clientconfig, confine
from harness.offline.hosts.control import Control
from harness.offline.hosts.door import Door, Visitor, relay, reset
from harness.offline.hosts.lease import AddressLease
from harness.offline.hosts.protocol import Halted, IngressRule, Machine, MachineSpec, Service
from harness.offline.hosts.redirects import redirection_rule, rewrite
from harness.offline.hosts.rules import Addresses, admitted
from harness.offline.hosts.sandbox import STANDINS, Release, Sandbox
from harness.offline.hosts.sftp import HostFiles
from harness.offline.hosts.sshd import SshServer
from harness.offline.hosts.units import Unit, Units

ServiceFactory = Callable[[Machine], Service]

_KEY_KINDS = {"ssh-ed25519": "ed25519", "ecdsa-sha2-nistp256": "ecdsa"}
_PLAIN_UNITS = {"cron.service": "Regular background program processing daemon", "systemd-resolved.service": "Name Resolution"}


@dataclass
class Site:
    """What all hosts of one offline cloud share. ``running`` belongs to the event loop's thread."""

    loop: asyncio.AbstractEventLoop
    leash: Leash
    lease: AddressLease
    base: Path
    ssh_port: int
    boot_delay: float
    services: Mapping[str, ServiceFactory]
    on_halt: Halted
    running: dict[str, EmbeddedHost] = field(default_factory=dict)

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
        self.sandbox = Sandbox(self.root)
        self.addresses = Addresses(spec.public_ip, "", spec.private_ip)
        self.host_keys: list[asyncssh.SSHKey] = [asyncssh.generate_private_key(kind) for kind in _KEY_KINDS]
        self.units = Units()
        self._rules: tuple[IngressRule, ...] = ()
        self._doors: dict[int, tuple[Door, ...]] = {}
        self._relays: set[asyncio.Task[None]] = set()
        self._service_address: str | None = None
        self._console: list[str] = []
        self._client_files = site.base / f"{spec.instance_id}.ssh"
        self._control = Control(site.base / f"{spec.instance_id}.ctl", self._answer)
        self._sshd = SshServer(self, self.host_keys)
        self._lock = asyncio.Lock()
        self.units.add("ssh.service", Unit("OpenBSD Secure Shell server", _SshService(self)))
        for name, description in _PLAIN_UNITS.items():
            self.units.add(name, Unit(description))

    # -- its life -----------------------------------------------------------------------------------------------------

    def assign(self, spec: MachineSpec, rules: tuple[IngressRule, ...]) -> None:
        """Take new addresses and rules before a boot; safe from any thread while the machine is down."""
        if not self.addresses.inside:
            inside = self.site.lease.inside()
            self._service_address = self.site.lease.service()
        else:
            inside = self.addresses.inside
        self.spec, self._rules = spec, rules
        self.addresses = Addresses(spec.public_ip, inside, spec.private_ip)

    async def start(self, *, delay: bool = True) -> None:
        """Boot: after a moment the SSH server listens, then what is enabled starts; user data runs at the first boot."""
        if delay:
            await asyncio.sleep(self.site.boot_delay)
        async with self._lock:
            if self.instance_id in self.site.running:
                return
            is_first = await asyncio.to_thread(self._prepare)
            self.site.running[self.instance_id] = self
            self.site.changed()
            await self._control.start()
            self._log_boot(is_first=is_first)
            await self.units.start_enabled()
        if is_first and self.spec.user_data:
            await self._run_user_data(self.spec.user_data)

    async def stop(self) -> None:
        """Take the machine down: services, connections, ports, processes. Its files stay."""
        async with self._lock:
            if self.site.running.pop(self.instance_id, None) is None:
                return
            await self.units.stop_all()
            await self._sshd.stop()
            for port in list(self._doors):
                self._close_doors(port)
            for task in list(self._relays):
                task.cancel()
            await asyncio.gather(*self._relays, return_exceptions=True)
            await self._control.stop()
            await asyncio.to_thread(self.site.leash.end, "HOST_ROOT", str(self.root))
            self.site.changed()

    async def restart(self) -> None:
        """Reboot."""
        await self.stop()
        await self.start()

    async def discard(self) -> None:
        """Take the machine down for good: remove its files and give its addresses back."""
        await self.stop()
        for path in (self.root, self._client_files):
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
        if self.addresses.inside and self._service_address:
            self.site.lease.release(self.addresses.inside)
            self.site.lease.release(self._service_address)

    def _prepare(self) -> bool:
        """Make or refresh the files; tell whether this is the first boot."""
        hostname = self.spec.private_dns.partition(".")[0]
        self._client_files.mkdir(exist_ok=True)
        if self.root.exists():
            self.sandbox.forget_what_ran()
            self.sandbox.set_hostname(hostname)
            return False
        self.sandbox.create(Release(self.spec.release), hostname, self.spec.authorized_key)
        for key, kind in zip(self.host_keys, _KEY_KINDS.values(), strict=True):
            path = self.root / f"etc/ssh/ssh_host_{kind}_key"
            path.write_bytes(key.export_private_key())
            path.chmod(0o600)
            path.with_suffix(".pub").write_text(self._public_line(key) + "\n")
        return True

    async def _run_user_data(self, script: str) -> None:
        if not script.startswith("#!"):
            self.log("cloud-init: user data that is no script is not run on an embedded host")
            return
        own = self.root / "var/lib/cloud/instance/user-data.txt"
        own.write_text(script)
        run = self.root / "var/lib/cloud/instance/part-001"
        run.write_text(self._rewritten(script, "root"))
        run.chmod(0o700)
        environment = self._user_environment("root")
        argv = confine.command([str(run)], writable=[self.root])
        process = await asyncio.create_subprocess_exec(
            *argv, env=environment, cwd=self.root, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        with (self.root / "var/log/cloud-init-output.log").open("a") as log:
            while line := await process.stdout.readline():
                text = line.decode(errors="replace").rstrip("\n")
                log.write(text + "\n")
                self.log(text)
        await process.wait()
        self.log(f"cloud-init: user data ended with exit code {process.returncode}")

    # -- the console --------------------------------------------------------------------------------------------------

    def log(self, line: str) -> None:
        """Write a line to the console."""
        self._console.append(line)

    def console(self) -> str:
        """Return the console's text. Safe from any thread."""
        return "\r\n".join([*self._console, ""])

    def public_keys(self) -> tuple[str, ...]:
        """Return the host keys in OpenSSH's one-line form, without comment. Safe from any thread."""
        return tuple(" ".join(self._public_line(key).split()[:2]) for key in self.host_keys)

    def _public_line(self, key: asyncssh.SSHKey) -> str:
        return f"{key.export_public_key().decode().strip()} root@{self.spec.private_dns.partition('.')[0]}"

    def _log_boot(self, *, is_first: bool) -> None:
        release = Release(self.spec.release)
        self.log(f"{release.title} {self.spec.private_dns.partition('.')[0]} ttyS0")
        if not is_first:
            return
        if not self.spec.authorized_key:
            self.log("ci-info: no authorized SSH keys fingerprints found for user ubuntu.")
        self.log("-----BEGIN SSH HOST KEY FINGERPRINTS-----")
        for key, kind in zip(self.host_keys, _KEY_KINDS.values(), strict=True):
            self.log(f"256 {key.get_fingerprint()} root@{self.spec.private_dns.partition('.')[0]} ({kind.upper()})")
        self.log("-----END SSH HOST KEY FINGERPRINTS-----")
        self.log("-----BEGIN SSH HOST KEY KEYS-----")
        for key in self.host_keys:
            self.log(self._public_line(key))
        self.log("-----END SSH HOST KEY KEYS-----")

    # -- ports --------------------------------------------------------------------------------------------------------

    def set_rules(self, rules: tuple[IngressRule, ...]) -> None:
        """Put other rules in force."""
        self._rules = rules
        self.apply_rules()

    def apply_rules(self) -> None:
        """Tell every door whom to admit. A host always reaches itself."""
        book = [host.addresses for host in self.site.running.values()]
        for doors in self._doors.values():
            for door in doors:
                # The mapped SSH port stands for 22, which is what rules speak of.
                port = 22 if door.port == self.site.ssh_port else door.port
                own = frozenset({self.addresses.inside}) if door.address == self.addresses.inside else frozenset()
                door.admit(admitted(self._rules, port, book, door.address) | own)

    def open_port(self, port: int, visitor: Visitor) -> None:
        """Listen at both addresses, behind the rules; raises ``OSError`` where the port is taken."""
        if port in self._doors:
            raise OSError(98, "Address already in use")
        doors: list[Door] = []
        try:
            for address in filter(None, (self.addresses.public, self.addresses.inside)):
                doors.append(Door(self.site.loop, address, port, visitor))
        except OSError:
            for door in doors:
                door.close()
            raise
        self._doors[port] = tuple(doors)
        self.apply_rules()

    def _close_doors(self, port: int) -> None:
        for door in self._doors.pop(port, ()):
            door.close()

    def open_ssh(self) -> None:
        """Let the SSH server listen."""
        self.open_port(self.site.ssh_port, self._sshd.visit)

    def close_ssh(self) -> None:
        """Let it listen no longer; sessions go on."""
        self._close_doors(self.site.ssh_port)

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
        short = self.spec.private_dns.partition(".")[0]
        if name in {"localhost", "127.0.0.1", "0.0.0.0", short, own.inside}:  # noqa: S104 - compared, not bound
            return own.inside, own.inside
        for host in self.site.running.values():
            other = host.addresses
            inner = {other.private, host.spec.private_dns, host.spec.private_dns.partition(".")[0], host.spec.public_dns}
            if name in inner:
                return own.inside, other.inside
            if name == other.public and own.public is not None:
                return own.public, other.public
        return None

    # -- what a service may use ---------------------------------------------------------------------------------------

    def path(self, absolute: str, cwd: str = "/") -> Path:
        """Map a path of the host to this machine."""
        return self.sandbox.path(absolute, cwd)

    def environment(self) -> dict[str, str]:
        """Return the variables that tie a process to this host and to the run."""
        return {**self.site.leash.environment(), "HOST_ROOT": str(self.root)}

    def service_address(self) -> str:
        """Return the loopback address for this host's services."""
        assert self._service_address is not None
        return self._service_address

    async def publish(self, port: int, target: tuple[str, int]) -> Callable[[], Awaitable[None]]:
        """Open a port and relay what the rules admit to ``target``."""

        def visit(caller: socket.socket, _address: str) -> None:
            task = self.site.loop.create_task(_relay_to(caller, target))
            self._relays.add(task)
            task.add_done_callback(self._relays.discard)

        self.open_port(port, visit)

        async def close() -> None:
            self._close_doors(port)

        return close

    # -- sessions -----------------------------------------------------------------------------------------------------

    def session_command(self, command: str | None, user: str, *, tty: bool) -> list[str]:
        """Return the argument vector of a command of a user, confined to the host's files."""
        shell = "/bin/bash" if os.access("/bin/bash", os.X_OK) else "bash"
        if command is not None:
            argv = [shell, "-c", self._rewritten(command, user)]
        else:
            argv = [shell, "--rcfile", str(STANDINS / "shell.sh"), "-i"] if tty else [shell]
        return confine.command(argv, writable=[self.root], readable=[self._client_files], tty=tty)

    def _rewritten(self, text: str, user: str) -> str:
        rule = redirection_rule(str(self.root), user if confine.is_available() else "root")
        return rewrite(text, str(self.root), rule)

    def _user_environment(self, user: str) -> dict[str, str]:
        home = f"{self.root}{self.sandbox.home_of(user) or '/'}"
        return {
            **self.environment(),
            "PATH": self.sandbox.search_path(), "HOME": home, "USER": user, "LOGNAME": user, "SHELL": "/bin/bash",
            # A bash that is started by sshd at level 1 reads ~/.bashrc in place of BASH_ENV.
            "SHLVL": "1", "LANG": "C.UTF-8", "TMPDIR": f"{self.root}/tmp", "BASH_ENV": str(STANDINS / "shell.sh"),
            "HOST_USER": user, "HOST_GROUPS": ",".join(self.sandbox.groups_of(user)),
            "HOST_NAME": (self.root / "etc/hostname").read_text().strip(), "HOST_CONTROL": str(self._control.path),
            "HOST_PYTHON": sys.executable, "HOST_STANDINS": str(STANDINS),
        }  # fmt: skip

    def session_environment(self, user: str, connection: asyncssh.SSHServerConnection) -> dict[str, str]:
        """Return the environment as sshd sets it: the caller appears by the address that AWS would see."""
        address, port = connection.get_extra_info("peername")[:2]
        inside = {host.addresses.inside: host.addresses.private for host in self.site.running.values()}
        client = f"{inside.get(address, address)} {port}"
        environment = self._user_environment(user) | {
            "SSH_CLIENT": f"{client} 22",
            "SSH_CONNECTION": f"{client} {self.addresses.private} 22",
        }
        if agent := connection.get_agent_path():
            environment["SSH_AUTH_SOCK"] = agent
        return environment

    def session_home(self, user: str) -> str:
        """Return the directory that a session starts in."""
        home = self.sandbox.path(self.sandbox.home_of(user) or "/")
        return str(home if home.is_dir() else self.root)

    def session_files(self, channel: asyncssh.SSHServerChannel[Any], user: str) -> HostFiles:
        """Return what SFTP and scp serve."""
        return HostFiles(channel, self.sandbox, user, self.sandbox.home_of(user) or "/")

    def greeting(self) -> str:
        """Return the message of the day."""
        if (self.root / "home/ubuntu/.hushlogin").exists():
            return ""
        return f"Welcome to {Release(self.spec.release).title} (GNU/Linux x86_64)\r\n\r\n"

    def claim_directory(self, path: str) -> None:
        """Have the directory of a forwarded agent removed even when this process is killed."""
        self.site.leash.register(Path(path))

    # -- what stand-ins ask -------------------------------------------------------------------------------------------

    def peer(self) -> clientconfig.Peer:
        """Return how others reach this host. Safe from any thread."""
        spec = self.spec
        return clientconfig.Peer(spec.instance_id, self.addresses, spec.public_dns, spec.private_dns, self.public_keys())

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        answers: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "unit": self._answer_unit, "units": self._answer_units, "power": self._answer_power, "host": self._answer_host,
            "route": self._answer_route, "ssh-config": self._answer_ssh_config, "journal": self._answer_journal,
        }  # fmt: skip
        answer = answers.get(str(request.get("request")))
        return await answer(request) if answer is not None else {}

    async def _answer_unit(self, request: dict[str, Any]) -> dict[str, Any]:
        name = str(request["unit"])
        if request["action"] == "install":
            factory = self.site.services.get(name)
            await self.units.install(name, factory(self) if factory is not None else None)
        return await self.units.change(name, str(request["action"]))

    async def _answer_units(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"units": self.units.describe()}

    async def _answer_power(self, request: dict[str, Any]) -> dict[str, Any]:
        act = self.restart if request["action"] == "reboot" else self._power_off
        self.site.loop.call_later(0, lambda: self.site.loop.create_task(act()))
        return {}

    async def _power_off(self) -> None:
        self.log("reboot: Power down")
        await self.stop()
        await asyncio.to_thread(self.site.on_halt, self.instance_id)

    async def _answer_host(self, _request: dict[str, Any]) -> dict[str, Any]:
        sockets = [path for path in (self.root / "run").iterdir() if stat.S_ISSOCK(path.stat().st_mode)]
        ports = sorted(22 if port == self.site.ssh_port else port for port in self._doors)
        return {
            "private_ip": self.addresses.private, "private_dns": self.spec.private_dns, "public_ip": self.addresses.public,
            "ports": ports, "sockets": [f"/run/{path.name}" for path in sockets],
        }  # fmt: skip

    async def _answer_route(self, request: dict[str, Any]) -> dict[str, Any]:
        route = self.route(str(request["host"]), int(request["port"]))
        return {} if route is None else {"source": route[0], "address": route[1], "port": route[2]}

    async def _answer_ssh_config(self, request: dict[str, Any]) -> dict[str, Any]:
        peers = [host.peer() for host in self.site.running.values()]
        user, home = str(request["user"]), Path(str(request["home"]))
        path = self._ssh_config_path(user)
        path.write_text(clientconfig.for_host(self.addresses, peers, self.site.ssh_port, user, home))
        return {"path": str(path)}

    async def _answer_journal(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {"text": "".join(f"{line}\n" for line in self._console)}

    def _ssh_config_path(self, user: str) -> Path:
        return self._client_files / f"{shlex.quote(user)}.conf"


class _SshService:
    """``ssh.service``: stopping it closes the port and leaves the sessions, as on Ubuntu."""

    def __init__(self, host: EmbeddedHost) -> None:
        self._host = host

    async def start(self) -> None:
        self._host.open_ssh()

    async def stop(self) -> None:
        self._host.close_ssh()


async def _relay_to(caller: socket.socket, target: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    peer.setblocking(False)
    try:
        await loop.sock_connect(peer, target)
    except OSError:
        peer.close()
        reset(caller)
        return
    except asyncio.CancelledError:
        peer.close()
        caller.close()
        raise
    with contextlib.suppress(OSError):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await relay(caller, peer)
