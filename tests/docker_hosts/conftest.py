"""What the tests of containers as instances share; without an engine and its images they are skipped, and say why."""

from __future__ import annotations

import gc
import ipaddress
import os
import subprocess

import pytest

from harness.errors import UsageError
from harness.offline.hosts.protocol import EgressRule, IngressRule, MachineSpec
from harness.offline.images import builder
from harness.offline.images.engine import connect
from harness.waiting import until

ANYWHERE = ipaddress.ip_network("0.0.0.0/0")
SSH = IngressRule("tcp", 22, 22, ANYWHERE)
OUT = (EgressRule("-1", 0, 65535, ANYWHERE),)
BASTION, PRIVATE = "172.31.5.5", "172.31.6.6"


@pytest.fixture(scope="session")
def engine():
    try:
        client = connect()
    except UsageError as error:
        pytest.skip(str(error))
    if absent := builder.missing(client):
        client.close()
        pytest.skip(f"the engine lacks {' and '.join(absent)}: make images")
    yield client
    client.close()


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Return the files of two key pairs: the one that instances know, and a stranger's."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    return folder / "ours", folder / "stranger"


class Lab:
    """Hosts of a cloud, and a way into them."""

    def __init__(self, hosts, key, halted) -> None:
        self.hosts, self.key, self.halted = hosts, key, halted

    def spec(self, name, private, public=None, user_data=None):
        line = self.key.with_suffix(".pub").read_text().strip()
        dns = f"ip-{private.replace('.', '-')}.ec2.internal"
        return MachineSpec(name, "t2.micro", public, public, private, dns, line, "24.04", user_data, "us-east-1")

    def boot(self, name, private, *, public=True, rules=(SSH,), egress=OUT, user_data=None):
        spec = self.spec(name, private, self.hosts.allocate_public_ip() if public else None, user_data)
        self.hosts.boot(spec, tuple(rules), egress)
        return spec

    def ssh(self, address, line, *, key=None, options=(), agent=None, timeout=60):
        argv = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
        argv += ["-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=3", *options]
        argv += ["-o", "IdentitiesOnly=yes", "-i", str(key or self.key)] if agent is None else []
        env = {**os.environ, "SSH_AUTH_SOCK": agent or ""}
        argv += [f"ubuntu@{address}", line]
        return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False, env=env)

    def until_in(self, address):
        return until(f"{address} lets us in", lambda: self.ssh(address, "true").returncode == 0, timeout=60, every=0.1)


@pytest.fixture(scope="module")
def lab(engine, keys):
    from harness.offline.hosts.containers.kind import ContainerHosts

    halted = []
    hosts = ContainerHosts(halted.append, run_id="docker-hosts-tests")
    yield Lab(hosts, keys[0], halted)
    hosts.close()
    gc.collect()


@pytest.fixture(scope="module")
def bastion(lab):
    spec = lab.boot("i-bastion", BASTION)
    lab.until_in(spec.public_ip)
    return spec


@pytest.fixture(scope="module")
def private(lab):
    source = ipaddress.ip_network(f"{BASTION}/32")
    return lab.boot("i-private", PRIVATE, public=False, rules=[IngressRule("tcp", 22, 22, source)])
