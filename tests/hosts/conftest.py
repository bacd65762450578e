"""One laboratory of hosts for each file of tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from harness.waiting import until
from tests.hosts.support import Instance, Lab, make_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with make_lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture(scope="module")
def host(lab: Lab) -> Instance:
    """One host that no test changes for others."""
    return lab.boot()


@pytest.fixture(scope="module")
def agent(lab: Lab) -> Iterator[dict[str, str]]:
    """The environment of a workstation whose agent holds the key."""
    path = lab.leash.directory("agent-") / "a"
    process = lab.leash.popen(
        ["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    environment = {**lab.environment, "SSH_AUTH_SOCK": str(path)}
    # The socket's file is there before the agent listens: only an answer counts.
    add = ["ssh-add", "-q", str(lab.home / "key")]
    added = lambda: subprocess.run(add, env=environment, check=False, capture_output=True).returncode == 0  # noqa: E731
    until("the agent holds the key", added, timeout=10, every=0.005)
    yield environment
    process.terminate()
    process.wait()
