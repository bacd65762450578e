"""The embedded engine answers as a real one: the same calls of the docker SDK, the same outcomes.

Each row is played on the embedded engine, in both of its isolations, and judged by what the row expects. Where a real
engine answers (``DOCKER_HOST``, else its usual socket) and has the images of ``images.sh``, the row is played there
too, and must come to the same status, a message of the same shape, the same value, and the same state afterwards.
"""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from harness.offline.engine.isolation import DIRECTORY, NAMESPACES, detect
from tests.engine.machine import Running
from tests.engine.parity import containers, images, looking, streams  # noqa: F401 - they fill the table
from tests.engine.parity.bench import CASES, Case, Outcome, perform

# The SDK leaves the sockets of its streams to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
NEEDED = ("ubuntu:latest", "hello-world:latest")
# Without namespaces processes see the machine's own process ids and mounts, and shells its own root.
ONLY_IN_NAMESPACES = {
    "first_process", "volume_read_only", "commit", "build_everything", "execute_in_missing_folder",
    "start_not_executable", "start_directory", "environment_and_hostname", "execute_unknown_command",
}  # fmt: skip


@pytest.fixture(scope="module", params=["namespaces", "directory"])
def embedded(request: Any) -> Iterator[Any]:
    isolation = {"namespaces": NAMESPACES, "directory": DIRECTORY}[request.param]
    if isolation is NAMESPACES and asyncio.run(detect()) is not NAMESPACES:
        pytest.skip("this machine grants no namespaces")
    running = Running(isolation)
    running.start()
    client = docker.DockerClient(base_url=running.url, timeout=30)
    client.images.pull("ubuntu", tag="latest")
    yield client, isolation
    client.close()
    gc.collect()  # while the sockets that the SDK left are still forgiven
    running.stop()


def real_engine() -> docker.DockerClient | str:
    """A client of the real engine, or why there is none: an exception would keep the client's socket alive."""
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except docker.errors.DockerException as absent:
        return str(absent)
    return client


@pytest.fixture(scope="session")
def real() -> Iterator[docker.DockerClient]:
    client = real_engine()
    gc.collect()  # a socket of a client that found no engine, while it is still forgiven
    if isinstance(client, str):
        pytest.skip(f"no real engine answers: {client}")
    tags = {tag for image in client.images.list() for tag in image.tags}
    if missing := [name for name in NEEDED if name not in tags]:
        client.close()
        pytest.skip(f"the real engine lacks {', '.join(missing)}: run tests/engine/images.sh")
    yield client
    client.close()
    gc.collect()


def check(one: Case, outcome: Outcome) -> None:
    assert outcome.status == one.status, f"{one.name}: {outcome}"
    assert re.search(one.message, outcome.message, re.DOTALL), f"{one.name}: {outcome.message!r} is not {one.message!r}"


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_embedded(one: Case, embedded: Any) -> None:
    client, isolation = embedded
    if isolation is DIRECTORY and one.name in ONLY_IN_NAMESPACES:
        pytest.skip("holds in namespaces only")
    check(one, perform(one, client))


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_real(one: Case, embedded: Any, real: docker.DockerClient) -> None:
    client, isolation = embedded
    if isolation is DIRECTORY:
        pytest.skip("the comparison is made in namespaces")
    expected, outcome = perform(one, real), perform(one, client)
    if not one.differs:
        check(one, expected)
        assert outcome.value == expected.value
    assert outcome.state == expected.state or one.differs


def test_table_is_large_enough() -> None:
    refused = [one for one in CASES if one.status is not None]
    assert len(CASES) >= 60
    assert len(refused) >= 30
    assert len({one.name for one in CASES}) == len(CASES)
