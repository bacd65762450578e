"""Who reaches whom: logins, the agent's way to the private instance, and security groups in both directions."""

from __future__ import annotations

import ipaddress
import socket
import subprocess

import pytest

from harness.offline.hosts.protocol import IngressRule
from harness.waiting import until
from tests.docker_hosts.conftest import ANYWHERE, OUT, PRIVATE, SSH

PORT = 8003
# The SDK leaves the sockets of its streams to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def knocked(address, port=PORT, timeout=1.0):
    """Return how a port answers: open, closed (a reset) or silent."""
    try:
        with socket.create_connection((address, port), timeout):
            return "open"
    except TimeoutError:
        return "silent"
    except ConnectionRefusedError:
        return "closed"


def test_key_opens_and_a_strangers_does_not(lab, bastion, keys):
    assert lab.ssh(bastion.public_ip, "id -un").stdout == "ubuntu\n"
    refused = lab.ssh(bastion.public_ip, "id", key=keys[1])
    assert (refused.returncode, "Permission denied" in refused.stderr) == (255, True)


def test_console_vouches_for_the_host_key(lab, bastion):
    scanned = subprocess.run(
        ["ssh-keyscan", "-t", "ed25519", bastion.public_ip], capture_output=True, text=True, check=True
    )
    assert scanned.stdout.split()[2] in lab.hosts.console_output(bastion.instance_id)


def test_agent_leads_to_the_private_instance_and_without_it_nothing_does(lab, bastion, private, tmp_path):
    inner = (
        "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=5 ip-172-31-6-6.ec2.internal hostname -I"
    )
    socket_path = str(tmp_path / "agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket_path], stdout=subprocess.DEVNULL)
    try:
        env = {"SSH_AUTH_SOCK": socket_path, "PATH": "/usr/bin:/bin"}
        until(
            "the key is loaded",
            lambda: subprocess.run(["ssh-add", "-q", lab.key], env=env, check=False).returncode == 0,
            timeout=10,
            every=0.05,
        )
        hop = until(
            "the private instance lets us in", timeout=60, every=0.2,
            probe=lambda: lab.ssh(bastion.public_ip, inner, agent=socket_path, options=["-A"]),
            is_done=lambda done: done.returncode == 0,
        )  # fmt: skip
        assert hop.stdout.split() == [PRIVATE]
        assert lab.ssh(bastion.public_ip, inner, agent=socket_path).returncode == 255
    finally:
        agent.terminate()
        agent.wait()


def test_rules_are_live_and_what_none_admits_is_silent(lab, bastion):
    lab.ssh(bastion.public_ip, f"nohup python3 -m http.server {PORT} > /dev/null 2>&1 & sleep 0")
    assert knocked(bastion.public_ip) == "silent"
    lab.hosts.set_rules(bastion.instance_id, (SSH, IngressRule("tcp", PORT, PORT, ANYWHERE)), OUT)
    until("the port answers", lambda: knocked(bastion.public_ip) == "open", timeout=20, every=0.1)
    assert knocked(bastion.public_ip, 22) == "open"
    elsewhere = ipaddress.ip_network("203.0.113.0/24")
    lab.hosts.set_rules(bastion.instance_id, (SSH, IngressRule("tcp", PORT, PORT, elsewhere)), OUT)
    assert knocked(bastion.public_ip) == "silent"


def test_a_port_that_is_admitted_and_has_no_server_is_closed(lab, bastion):
    lab.hosts.set_rules(bastion.instance_id, (SSH, IngressRule("-1", 0, 65535, ANYWHERE)), OUT)
    assert knocked(bastion.public_ip, 9) == "closed"


def test_egress_is_held_back_too(lab, bastion):
    line = "curl -sS -m 3 -o /dev/null -w '%{http_code}' http://archive.ubuntu.com/ubuntu/"
    assert lab.ssh(bastion.public_ip, line).stdout == "403"
    lab.hosts.set_rules(bastion.instance_id, (SSH,), ())
    held = lab.ssh(bastion.public_ip, line)
    lab.hosts.set_rules(bastion.instance_id, (SSH,), OUT)
    assert (held.returncode, "timed out" in held.stderr.lower()) == (28, True), held.stderr


def test_nothing_leads_out_of_this_machine(lab, bastion, private):
    way = lab.ssh(bastion.public_ip, "curl -sS -m 2 http://198.51.100.7/")
    assert way.returncode in (7, 28), way.stderr
