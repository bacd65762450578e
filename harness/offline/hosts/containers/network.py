"""The network of one cloud: a bridge with addresses that this machine routes, and those that are public lent out."""

from __future__ import annotations

import ipaddress
import random
import threading
from typing import Any

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from harness.errors import UsageError

# For tests of networks ("Benchmarking Methodology for Network Interconnect Devices", RFC 2544): in use nowhere.
RANGE = ipaddress.IPv4Network("198.18.0.0/15")
FIRST_PUBLIC = 128
"""The engine gives out the lower half of a network; public addresses are of the upper half, and ours to give."""
TRIES = 20


class Network:
    """One network of the engine; ``gateway`` is this machine on it, ``world`` the container beside the instances."""

    def __init__(self, client: Any, name: str, labels: dict[str, str]) -> None:
        self.network, self.subnet = _created(client, name, labels)
        hosts = list(self.subnet.hosts())
        self.gateway, self.world = str(hosts[0]), str(hosts[1])
        self._free = [str(address) for address in hosts if int(address) % 256 >= FIRST_PUBLIC]
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Return the network's name."""
        return str(self.network.name)

    def lend(self) -> str:
        """Reserve a public address; the one that was given back last is lent last."""
        with self._lock:
            if not self._free:
                raise UsageError("there are no public addresses left: a cloud of containers has 127.")
            return self._free.pop(0)

    def give_back(self, address: str) -> None:
        """Take an address back; others' are none of ours."""
        with self._lock:
            if ipaddress.ip_address(address) in self.subnet and address not in self._free:
                self._free.append(address)

    def remove(self) -> None:
        """Remove the network."""
        self.network.remove()


def _created(client: Any, name: str, labels: dict[str, str]) -> tuple[Any, ipaddress.IPv4Network]:
    candidates = random.sample(list(RANGE.subnets(new_prefix=24)), TRIES)
    refused = ""
    for subnet in candidates:
        lower = next(iter(subnet.subnets(new_prefix=25)))
        pool = IPAMPool(subnet=str(subnet), iprange=str(lower), gateway=str(subnet.network_address + 1))
        try:
            network = client.networks.create(
                name, driver="bridge", labels=labels, ipam=IPAMConfig(pool_configs=[pool]),
                # Nothing that leaves the bridge is given this machine's address: nobody could answer it.
                options={"com.docker.network.bridge.enable_ip_masquerade": "false"},
            )  # fmt: skip
        except APIError as error:
            refused = str(error.explanation)
        else:
            return network, subnet
    raise UsageError(f"the Docker engine gives no network: {refused}.")
