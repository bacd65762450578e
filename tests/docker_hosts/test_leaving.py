"""A process that made containers leaves nothing: by itself, killed, and swept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.offline.hosts.containers import removal
from harness.waiting import until

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
PROGRAM = """
import sys
from harness.offline.hosts.containers.kind import ContainerHosts
from harness.offline.hosts.protocol import MachineSpec
hosts = ContainerHosts(print, run_id="killed")
print(hosts.token, flush=True)
spec = MachineSpec("i-k", "t2.micro", None, None, "172.31.5.5", "ip-172-31-5-5.ec2.internal", None, "24.04", None, "r")
hosts.boot(spec, ())
sys.stdin.read()
hosts.close()
"""


@pytest.fixture
def program(engine):
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    token = child.stdout.readline().strip()
    assert token
    yield child, f"{removal.LABEL}={token}"
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()


def test_what_closes_leaves_nothing(engine, program):
    child, label = program
    assert removal.names(engine, label)
    child.communicate("")
    assert (child.returncode, removal.names(engine, label)) == (0, [])


def test_what_is_killed_is_cleared_away(engine, program):
    child, label = program
    os.kill(child.pid, signal.SIGKILL)
    until("nothing is left", lambda: not removal.names(engine, label), timeout=60, every=0.2)


def test_the_abandoned_are_known_by_their_process(engine):
    network = engine.networks.create(
        "acceptance-abandoned", labels={removal.LABEL: "abandoned", removal.OWNER: "1:0.0", removal.RUN: "r123"}
    )
    try:
        assert removal.abandoned(engine)["abandoned"] == "r123"
        assert removal.remove(engine, f"{removal.LABEL}=abandoned") == []
        assert "abandoned" not in removal.abandoned(engine)
    finally:
        if removal.names(engine, f"{removal.LABEL}=abandoned"):
            network.remove()
