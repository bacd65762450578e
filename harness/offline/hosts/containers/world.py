"""What instances reach of the world: one container with names, packages and images, and no way through it."""

from __future__ import annotations

import io
import tarfile
from typing import Any

from docker.errors import APIError

from harness.offline.hosts.containers.network import Network
from harness.offline.hosts.protocol import MachineSpec
from harness.offline.images.recipes import WORLD

NAMES = "etc/instances"


class World:
    """The container; it runs when this returns, and answers a moment later."""

    def __init__(self, client: Any, network: Network, name: str, labels: dict[str, str]) -> None:
        api = client.api
        endpoint = api.create_endpoint_config(ipv4_address=network.world)
        config = api.create_container_config(
            WORLD, None, labels=labels, environment={"WORLD": network.world, "PUBLIC": str(network.subnet)},
            host_config=api.create_host_config(
                cap_add=["NET_ADMIN"], network_mode=network.name, sysctls={"net.ipv4.ip_forward": "0"}
            ),
            networking_config=api.create_networking_config({network.name: endpoint}),
        )  # fmt: skip
        self.container = client.containers.get(api.create_container_from_config(config, name)["Id"])
        self.container.start()

    def introduce(self, spec: MachineSpec) -> None:
        """Let an instance be found by its private name, from now on."""
        line = f"{spec.private_ip} {spec.private_dns} {spec.private_dns.partition('.')[0]}\n".encode()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as packed:
            entry = tarfile.TarInfo(spec.instance_id)
            entry.size, entry.mode = len(line), 0o644
            packed.addfile(entry, io.BytesIO(line))
        self.container.put_archive(f"/{NAMES}", archive.getvalue())

    def said(self) -> str:
        """Return the last line that it wrote, where it has ended already."""
        try:
            self.container.reload()
            lines = self.container.logs(tail=1).decode(errors="replace").strip()
        except APIError:
            return ""
        return lines if self.container.status != "running" else ""
