"""What the engine's tests share: an engine in each isolation that this machine grants."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import docker
import pytest

from harness.offline.engine.isolation import DIRECTORY, NAMESPACES, Isolation, detect
from tests.engine.machine import Running

ISOLATIONS = {"namespaces": NAMESPACES, "directory": DIRECTORY}


@pytest.fixture(scope="session")
def granted() -> Isolation:
    return asyncio.run(detect())


@pytest.fixture(scope="module", params=list(ISOLATIONS))
def running(request: pytest.FixtureRequest, granted: Isolation) -> Iterator[Running]:
    isolation = ISOLATIONS[request.param]
    if isolation is NAMESPACES and granted is not NAMESPACES:
        pytest.skip("this machine grants no namespaces")
    found = Running(isolation)
    found.start()
    yield found
    assert found.stop() == set()


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[docker.DockerClient]:
    found = docker.DockerClient(base_url=running.url, timeout=30)
    found.images.pull("ubuntu", tag="latest")
    yield found
    found.close()
