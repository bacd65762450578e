"""How long a bastion of ``--hosts=docker`` takes: ``python -m bench.containers [RUNS]``; at most 3 times a bare container.

The bare one is ``docker run`` of the same image with nothing but its host keys and sshd; both are timed until the SSH
server says who it is. Nothing fails here: a figure means something on a machine that does nothing else.
"""

from __future__ import annotations

import secrets
import socket
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.parity import OUT, RULES
from harness.offline.hosts.containers.kind import ContainerHosts
from harness.offline.hosts.protocol import MachineSpec
from harness.offline.images.engine import connect
from harness.offline.images.recipes import INSTANCE
from harness.waiting import until

LIMIT = 3.0
BARE = [
    "/bin/sh",
    "-c",
    "mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key && exec /usr/sbin/sshd -D",
]


def greeted(address: str) -> bool:
    """Say whether an SSH server answers there."""
    try:
        with socket.create_connection((address, 22), 1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def timed(begin: Callable[[], str]) -> float:
    """Return the seconds from the beginning until the SSH server answers at the address that is returned."""
    begun = time.perf_counter()
    address = begin()
    until("ssh answers", lambda: greeted(address), timeout=60, every=0.01)
    return time.perf_counter() - begun


def bare(client: Any) -> float:
    """Time ``docker run`` of the image with nothing but sshd."""
    made: list[Any] = []

    def begin() -> str:
        made.append(client.containers.run(INSTANCE, BARE, entrypoint=[], detach=True))
        made[0].reload()
        return str(made[0].attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"])

    try:
        return timed(begin)
    finally:
        for container in made:
            container.remove(force=True, v=True)


def bastion(hosts: ContainerHosts) -> float:
    """Time an instance, from the control plane's word on."""
    id, address = f"i-{secrets.token_hex(4)}", hosts.allocate_public_ip()
    spec = MachineSpec(
        id, "t2.large", address, address, "172.31.5.5", "ip-172-31-5-5.ec2.internal", None, "24.04", None, ""
    )

    def begin() -> str:
        hosts.boot(spec, RULES, OUT)
        return address

    try:
        return timed(begin)
    finally:
        hosts.destroy(id)


def main(runs: int) -> None:
    """Time both in turn, after a warm-up, and print medians and their ratio."""
    client = connect()
    hosts = ContainerHosts(lambda _: None, run_id="bench")
    try:
        pairs = [(bare(client), bastion(hosts)) for _ in range(runs + 1)][1:]
    finally:
        hosts.close()
        client.close()
    alone, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"bare docker run until sshd answers: {alone:.2f} s; bastion: {ours:.2f} s ({runs} runs each, medians)")
    print(f"ratio {ours / alone:.2f}, at most {LIMIT} {'kept' if ours <= LIMIT * alone else 'EXCEEDED'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
