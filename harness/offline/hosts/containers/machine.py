"""One instance as a container: made at its first boot, started and stopped, and removed with its volumes."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any

from docker.errors import APIError, NotFound

from harness.errors import HarnessError
from harness.offline.hosts.containers.filters import ruleset
from harness.offline.hosts.containers.network import Network
from harness.offline.hosts.protocol import EgressRule, IngressRule, MachineSpec
from harness.offline.images.recipes import INSTANCE

RESOLVER = "169.254.169.253"
"""Where a VPC's instances find names ("Amazon DNS server"); the world container answers there."""
USER = "ubuntu"
# What a nested engine needs; a privileged container has it all, and not every machine grants one.
CAPABILITIES = (
    "SETPCAP", "NET_ADMIN", "NET_RAW", "SYS_CHROOT", "SYS_PTRACE", "SYS_ADMIN", "MKNOD", "AUDIT_WRITE", "SETFCAP",
)  # fmt: skip
UNCONFINED = ["seccomp=unconfined", "apparmor=unconfined"]
DATA = {"docker": "/var/lib/docker", "containerd": "/var/lib/containerd"}
"""Where a nested engine keeps its layers: on volumes, as overlays do not lie on overlays."""
FILTER = "etc/instance/filter.nft"
SEED = "var/lib/cloud/seed/nocloud"
INSTANCE_LABEL = "acceptance-instance"
GRACE = 10
"""Seconds in which an instance is to go down by itself."""


class HostTrouble(HarnessError):
    """Says that an instance's container did not do what it was told."""


@dataclass
class ContainerMachine:
    """An instance's container; its methods are called one after the other."""

    client: Any
    network: Network
    prefix: str
    labels: dict[str, str]
    spec: MachineSpec
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()
    is_up: bool = False
    container: Any = field(default=None, repr=False)
    said: str = ""

    @property
    def name(self) -> str:
        """Return the name of the container."""
        return f"{self.prefix}-{self.spec.instance_id}"

    def start(self) -> None:
        """Boot, for the first time or again."""
        if self.container is None:
            self.container = self._created()
        self.container.put_archive("/", _packed(self._seed()))
        self.container.start()
        self.is_up = True

    def stop(self) -> None:
        """Take it down; its files stay."""
        if self.is_up:
            self.is_up = False
            self.container.stop(timeout=GRACE)

    def reboot(self) -> None:
        """Have its first process begin anew; the container stays as it is."""
        if self.is_up:
            self.container.kill(signal="SIGINT")

    def apply(self) -> None:
        """Put the rules in force, for connections that begin from now on."""
        if not self.is_up:
            return
        self.container.put_archive("/", _packed({FILTER: (self._ruleset(), 0o600)}))
        try:
            code, output = self.container.exec_run(["nft", "-f", f"/{FILTER}"])
        except APIError as error:
            if self._has_ended():
                return
            raise HostTrouble(f"{self.name}: its packet filter was not changed: {error.explanation}") from error
        if code:
            raise HostTrouble(f"{self.name}: nft ended with {code}: {output.decode(errors='replace').strip()}")

    def console(self) -> str:
        """Return what it wrote to its console so far."""
        if self.container is not None:
            try:
                self.said = self.container.logs().decode(errors="replace")
            except (NotFound, APIError):
                return self.said
        return self.said

    def remove(self) -> None:
        """Remove the container and its volumes; what its console said is kept."""
        if self.container is None:
            return
        self.console()
        self.is_up = False
        self.container.remove(force=True, v=True)
        self.container = None
        for volume in DATA:
            self.client.api.remove_volume(f"{self.name}-{volume}", force=True)

    def _has_ended(self) -> bool:
        self.container.reload()
        return str(self.container.status) != "running"

    def _created(self) -> Any:
        api, labels = self.client.api, {**self.labels, INSTANCE_LABEL: self.spec.instance_id}
        for volume in DATA:
            api.create_volume(f"{self.name}-{volume}", labels=labels)
        mounts = [f"{self.name}-{volume}:{path}" for volume, path in DATA.items()]
        host = api.create_host_config(
            binds=[*mounts, "/sys/fs/cgroup:/sys/fs/cgroup:rw"], cap_add=list(CAPABILITIES), security_opt=UNCONFINED,
            network_mode=self.network.name, tmpfs={"/run": "exec,mode=755", "/run/lock": ""},
            # The first gateway address is not an instance's way out: it has one of its own, or none.
            sysctls={"net.ipv4.ip_unprivileged_port_start": "1024"},
        )  # fmt: skip
        host |= {"MaskedPaths": [], "ReadonlyPaths": [], "CgroupnsMode": "host"}
        config = api.create_container_config(
            INSTANCE, None, hostname=self.spec.private_dns.partition(".")[0], labels=labels, stop_signal="SIGTERM",
            host_config=host,
        )  # fmt: skip
        return self.client.containers.get(api.create_container_from_config(config, self.name)["Id"])

    def _seed(self) -> dict[str, tuple[str, int]]:
        """Return the files that the next boot reads: what it is told, and its packet filter."""
        spec, length = self.spec, self.network.subnet.prefixlen
        hostname, _, domain = spec.private_dns.partition(".")
        public = [f"{spec.public_ip}/{length}"] if spec.public_ip else []
        told = {
            "instance-id": spec.instance_id,
            "instance-type": spec.instance_type,
            "region": spec.region,
            "local-hostname": hostname,
            "domain": domain,
            "user": USER,
            "public-keys": [spec.authorized_key] if spec.authorized_key else [],
            "addresses": [f"{spec.private_ip}/16", *public],
            "gateway": self.network.world if public else "",
            "resolver": RESOLVER,
        }
        return {
            f"{SEED}/meta-data": (json.dumps(told, indent=1) + "\n", 0o600),
            f"{SEED}/user-data": (spec.user_data or "", 0o600),
            FILTER: (self._ruleset(), 0o600),
        }

    def _ruleset(self) -> str:
        return ruleset(self.ingress, self.egress)


def _packed(files: dict[str, tuple[str, int]]) -> bytes:
    """Return files, by path without the leading slash, as an archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for path, (text, mode) in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            packed.addfile(entry, io.BytesIO(content))
    return archive.getvalue()
