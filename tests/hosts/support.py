"""Hosts to log in to, and the client that does."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.leash import Leash
from harness.offline.hosts.embedded import EmbeddedHosts
from harness.offline.hosts.protocol import EgressRule, IngressRule, MachineSpec
from harness.waiting import until

ANYWHERE = "0.0.0.0/0"
SILENCE = 0.5


def rule(source: str = ANYWHERE, port: int = 22, to: int | None = None, protocol: str = "tcp") -> IngressRule:
    return IngressRule(protocol, port, to or port, ipaddress.ip_network(source))


def way_out(destination: str = ANYWHERE, port: int = -1, to: int | None = None, protocol: str = "-1") -> EgressRule:
    return EgressRule(protocol, port, to or port, ipaddress.ip_network(destination))


def connects(address: str, port: int, timeout: float = SILENCE) -> str:
    """Say what a caller sees: ``open``, ``refused`` or ``silent`` (no answer, or none in spite of a connection)."""
    with socket.socket() as caller:
        caller.settimeout(timeout)
        try:
            caller.connect((address, port))
            return "open" if caller.recv(1) else "closed"
        except TimeoutError:
            return "silent"
        except ConnectionRefusedError:
            return "refused"


class EchoService:
    """Stands for the container engine: says so on its socket."""

    def __init__(self, machine: object) -> None:
        self.machine = machine
        self.started = 0
        self.running = False

    async def start(self) -> None:
        self.started += 1
        self.running = True
        (self.machine.root / "run/docker.sock").write_text("")

    async def stop(self) -> None:
        self.running = False


@dataclass
class Instance:
    lab: Lab
    spec: MachineSpec

    @property
    def public(self) -> str:
        return self.spec.public_ip

    @property
    def private(self) -> str:
        return self.spec.private_ip

    @property
    def root(self) -> Path:
        return self.lab.hosts._hosts[self.spec.instance_id].root

    def ssh_argv(self, *options: str, user: str = "ubuntu", key: str = "key") -> list[str]:
        identity = ["-i", str(self.lab.home / key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
        return ["ssh", "-F", str(self.lab.hosts.ssh_config()), *identity, *options, f"{user}@{self.public}"]

    def run(self, command: str, *options: str, user: str = "ubuntu", key: str = "key", **more: object):
        more.setdefault("stdin", subprocess.DEVNULL) if "input" not in more else None
        more.setdefault("text", True)
        argv = [*self.ssh_argv(*options, user=user, key=key), command]
        return subprocess.run(argv, capture_output=True, timeout=60, env=self.lab.environment, check=False, **more)

    def out(self, command: str, *options: str) -> str:
        done = self.run(command, *options)
        assert done.returncode == 0, (command, done)
        return done.stdout.strip()

    def allow(self, *rules: IngressRule, egress: tuple[EgressRule, ...] = (way_out(),)) -> None:
        self.lab.hosts.set_rules(self.spec.instance_id, rules, egress)

    def ssh_answers(self, timeout: float = SILENCE) -> str:
        return connects(self.public, self.lab.port, timeout)


@dataclass
class Lab:
    home: Path
    hosts: EmbeddedHosts
    leash: Leash
    halted: list[str]
    services: list[EchoService]
    environment: dict[str, str] = field(default_factory=dict)
    count: int = 0

    @property
    def port(self) -> int:
        return self.hosts._site.ssh_port

    def boot(
        self, *rules: IngressRule, user_data: str | None = None, key: str | None = "key.pub", wait=True
    ) -> Instance:
        self.count += 1
        address = f"172.31.7.{self.count}"
        public = self.hosts.allocate_public_ip()
        spec = MachineSpec(
            instance_id=f"i-{self.count:017x}",
            instance_type="t2.micro",
            public_ip=public,
            public_dns=f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com",
            private_ip=address,
            private_dns=f"ip-{address.replace('.', '-')}.ec2.internal",
            authorized_key=(self.home / key).read_text() if key else None,
            release="24.04",
            user_data=user_data,
            region="us-east-1",
        )
        self.hosts.boot(spec, rules or (rule(),), (way_out(),))
        instance = Instance(self, spec)
        if wait:
            self.until_up(instance)
        return instance

    def until_up(self, instance: Instance) -> None:
        until("the host is up", lambda: instance.spec.instance_id in self.hosts._site.running, timeout=20, every=0.005)
        ports = self.hosts._hosts[instance.spec.instance_id].ports
        until("ssh answers", ports.numbers, timeout=20, every=0.005)


def make_key(path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, stdin=subprocess.DEVNULL
    )


@contextlib.contextmanager
def make_lab(home: Path, **options: object) -> Iterator[Lab]:
    for name in ("key", "other"):
        make_key(home / name)
    halted: list[str] = []
    services: list[EchoService] = []

    def service(machine: object) -> EchoService:
        services.append(EchoService(machine))
        return services[-1]

    with Leash() as leash:
        hosts = EmbeddedHosts(
            home / "state",
            halted.append,
            leash=leash,
            services={"docker.service": service},
            boot_delay=lambda: 0.01,
            **options,
        )
        try:
            lab = Lab(home, hosts, leash, halted, services)
            lab.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_SECRET_ACCESS_KEY": "leaked"}
            yield lab
        finally:
            hosts.close()
