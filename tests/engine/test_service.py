"""The engine as a service: what it leaves behind, what outlives a restart, and what ends when it is killed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from harness.leash import Leash, environment_of
from harness.offline.engine import Engine
from harness.offline.engine.isolation import NAMESPACES, Isolation
from harness.waiting import until
from tests.engine.conftest import ISOLATIONS
from tests.engine.machine import MARKER, Machine, Running

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=list(ISOLATIONS))
def fresh(request: Any, granted: Isolation) -> Iterator[tuple[Running, docker.DockerClient]]:
    isolation = ISOLATIONS[request.param]
    if isolation is NAMESPACES and granted is not NAMESPACES:
        pytest.skip("this machine grants no namespaces")
    running = Running(isolation)
    running.start()
    client = docker.DockerClient(base_url=running.url, timeout=30)
    client.images.pull("ubuntu", tag="latest")
    yield running, client
    client.close()
    if running.machine.root.exists():
        running.stop()


def marked(value: str) -> list[psutil.Process]:
    """Return the processes that carry a machine's marker."""
    found = []
    for process in psutil.process_iter():
        try:
            if environment_of(process).get(MARKER) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_stop_leaves_nothing(fresh: Any) -> None:
    running, client = fresh
    client.containers.run("ubuntu", ["sh", "-c", "sleep 100 & sleep 200"], detach=True, ports={"80/tcp": None})
    container = client.containers.run("ubuntu", "sleep 300", detach=True, tty=True)
    container.exec_run(["sleep", "400"], detach=True)
    value = str(running.machine.root)
    assert len(marked(value)) >= 4
    assert running.machine.opened
    socket = running.engine.socket
    client.close()
    assert running.stop() == set()
    assert marked(value) == []
    assert not socket.exists()
    assert running.machine.opened == {}
    assert not Path(value).exists()


def test_containers_outlive_a_restart_of_the_service(fresh: Any) -> None:
    running, client = fresh
    client.containers.run("ubuntu", ["sh", "-c", "echo kept; exec sleep 60"], detach=True, name="stays-down")
    client.containers.run("ubuntu", "sleep 60", detach=True, name="comes-up", restart_policy={"Name": "unless-stopped"})
    stopped = client.containers.run(
        "ubuntu", "sleep 60", detach=True, name="was-stopped", restart_policy={"Name": "unless-stopped"}
    )
    until("it has said so", lambda: client.containers.get("stays-down").logs(), timeout=10)
    stopped.kill()
    running.call(running.engine.stop())
    running.call(running.engine.start())
    found = {c.name: c.status for c in client.containers.list(all=True)}
    assert found == {"stays-down": "exited", "comes-up": "running", "was-stopped": "exited"}
    assert client.containers.get("stays-down").logs() == b"kept\n"


def test_processes_carry_the_machines_environment(fresh: Any) -> None:
    running, client = fresh
    container = client.containers.run("ubuntu", "env", detach=True)
    container.wait()
    assert f"{MARKER}={running.machine.root}".encode() in container.logs()


def test_background_processes_end_with_their_container(fresh: Any) -> None:
    running, client = fresh
    container = client.containers.run("ubuntu", ["sh", "-c", "sleep 500 & sleep 0.2"], detach=True)
    assert container.wait(timeout=10)["StatusCode"] == 0
    until("the rest is gone", lambda: not marked(str(running.machine.root)), timeout=5)


@pytest.mark.parametrize("place", ["/root/out", "/lib", "/usr/lib", "/root/../../../../..", "/usr/bin/../lib"])
def test_copying_never_leaves_the_container(fresh: Any, tmp_path: Path, place: str) -> None:
    running, client = fresh
    container = client.containers.create("ubuntu", "true")
    (running.engine.store.container(container.id).root / "root/out").symlink_to(tmp_path)
    with contextlib.suppress(docker.errors.APIError):
        container.put_archive(place, packed())
    assert list(tmp_path.iterdir()) == []
    assert not [path for path in ("/planted", "/usr/lib/planted", "/lib/planted") if Path(path).exists()]


def packed() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("planted"))
    return buffer.getvalue()


def test_killed_engine_takes_its_containers_along(granted: Isolation) -> None:
    """In namespaces the kernel ends a container with its engine; elsewhere the run's leash does, by the marker."""
    if granted is not NAMESPACES:
        pytest.skip("this machine grants no namespaces")
    script = textwrap.dedent("""
        import json, sys, time, docker
        from tests.engine.machine import Running
        running = Running(); running.start()
        client = docker.DockerClient(base_url=running.url)
        client.images.pull("ubuntu", tag="latest")
        client.containers.run("ubuntu", ["sh", "-c", "sleep 600 & sleep 600"], detach=True)
        print(json.dumps(str(running.machine.root)), flush=True)
        sys.stdin.read()
    """)
    with Leash() as leash:
        pipes = {"stdout": subprocess.PIPE, "stdin": subprocess.PIPE}
        engine = leash.popen([sys.executable, "-c", script], cwd=ROOT, **pipes)
        root = json.loads(engine.stdout.readline())
        leash.register(Path(root))
        until("the container and its child run", lambda: len(marked(root)) >= 3, timeout=20)
        os.kill(engine.pid, signal.SIGKILL)
        engine.wait()
        until("the containers are gone", lambda: not marked(root), timeout=10)


def test_socket_path_may_be_long(granted: Isolation) -> None:
    running = Running(granted)
    short = running.machine.root
    running.machine = Machine(short / ("d" * 90))
    running.engine = Engine(running.machine, granted)
    running.start()
    cli = ROOT / "harness/offline/engine/docker_cli.py"
    argv = [sys.executable, "-I", "-S", str(cli), "ps", "-q"]
    done = subprocess.run(argv, env={"DOCKER_HOST": running.url}, capture_output=True, text=True, check=False)
    running.stop()
    shutil.rmtree(short)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
