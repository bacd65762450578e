"""The docker command: the stand-in, and where it is installed the real one, against the embedded engine."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.engine.machine import Running

CLI = Path(__file__).parents[2] / "harness/offline/engine/docker_cli.py"
Run = Callable[..., subprocess.CompletedProcess[str]]
FOUND = shutil.which("docker")


@pytest.fixture(params=["stand-in", "real"])
def argv(request: Any) -> list[str]:
    if request.param == "stand-in":
        return [sys.executable, "-I", "-S", str(CLI)]
    if FOUND is None:
        pytest.skip("the docker command is not installed")
    return [FOUND]


@pytest.fixture
def environment(running: Running, tmp_path: Path) -> dict[str, str]:
    return {"DOCKER_HOST": running.url, "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm"}


@pytest.fixture
def run(client: docker.DockerClient, argv: list[str], environment: dict[str, str], tmp_path: Path) -> Run:
    def call(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*argv, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=60,
            check=False,
            **options,
        )

    return call


@pytest.fixture(autouse=True)
def tidy(client: docker.DockerClient) -> Any:
    yield
    for container in client.containers.list(all=True):
        container.remove(force=True)


def test_hello_world_is_pulled_and_greets(run: Run, client: docker.DockerClient) -> None:
    if client.images.list("hello-world"):
        client.images.remove("hello-world")
    done = run("run", "hello-world")
    assert done.returncode == 0
    assert "Hello from Docker!" in done.stdout
    assert done.stderr.startswith(
        "Unable to find image 'hello-world:latest' locally\nlatest: Pulling from library/hello-world\n"
    )
    assert "Status: Downloaded newer image for hello-world:latest" in done.stderr
    assert "hello-world" not in run("ps").stdout
    listed = run("ps", "-a").stdout.splitlines()
    assert re.match(r"CONTAINER ID   IMAGE         COMMAND    CREATED\s+STATUS\s+PORTS\s+NAMES", listed[0])
    assert re.search(r'hello-world   "/hello"   .* ago\s+Exited \(0\) .* ago', listed[1])


def test_remove_and_remove_again(run: Run) -> None:
    identity = run("create", "ubuntu").stdout.strip()
    assert run("rm", identity[:12]).stdout == f"{identity[:12]}\n"
    again = run("rm", identity[:12])
    assert again.returncode == 1
    assert again.stderr.strip() == f"Error response from daemon: No such container: {identity[:12]}"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "ubuntu", "no-such-command"], 127, "docker: Error response from daemon: failed to create task"),
        (["run", "ubuntu", "sh", "-c", "exit 7"], 7, ""),
        (
            ["run", "no-such-image-at-all"],
            125,
            "pull access denied for no-such-image-at-all, repository does not exist",
        ),
        (["run", "ubuntu:1.0"], 125, "manifest for ubuntu:1.0 not found: manifest unknown"),
        (["run", "--no-such-option", "ubuntu"], 125, "unknown flag: --no-such-option"),
        (["run", "-it", "ubuntu"], 1, "the input device is not a TTY"),
        (["start", "missing-one"], 1, "No such container: missing-one"),
        (["exec", "missing-one", "ls"], 1, "Error response from daemon: No such container: missing-one"),
        (["logs", "missing-one"], 1, "Error response from daemon: No such container: missing-one"),
        (["inspect", "missing-one"], 1, "No such object: missing-one"),
        (["attach", "missing-one"], 1, "No such container: missing-one"),
        (["pull", "ubuntu:1.0"], 1, "Error response from daemon: manifest for ubuntu:1.0 not found"),
        (["rm", "-f", "missing-one"], 0, "No such container: missing-one"),
        (["no-such-verb"], 1, "docker: unknown command: docker no-such-verb"),
        (["stop"], 1, "requires at least 1 argument"),
    ],
)
def test_failures_as_docker_words_them(run: Run, arguments: list[str], code: int, said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_life_of_a_detached_container(run: Run) -> None:
    identity = run(
        "run", "-d", "--name", "box", "-e", "A=1", "-w", "/tmp", "-p", "18003:80", "ubuntu", "sleep", "100"
    ).stdout.strip()
    assert re.fullmatch(r"[0-9a-f]{64}", identity)
    assert run("exec", "box", "sh", "-c", "echo $A; pwd; exit 4").returncode == 4
    assert run("port", "box").stdout.startswith("80/tcp -> 0.0.0.0:18003")
    assert "0.0.0.0:18003->80/tcp" in run("ps").stdout
    refused = run("rm", "box")
    assert refused.returncode == 1
    assert "container is running: stop the container before removing or force remove" in refused.stderr
    assert run("stop", "-t", "0", "box").stdout == "box\n"
    assert (
        run("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{json .Config.Cmd}}", "box").stdout
        == 'exited 137 ["sleep","100"]\n'
    )
    assert run("start", "box").stdout == "box\n"
    assert run("rename", "box", "other").returncode == 0
    assert run("ps", "--format", "{{.Names}} {{.Image}}").stdout == "other ubuntu\n"
    assert run("rm", "-f", "other").stdout == "other\n"


def test_standard_input_output_and_error(run: Run) -> None:
    done = run("run", "--rm", "-i", "ubuntu", "sh", "-c", "cat; echo err >&2", input="typed\n")
    assert (done.stdout, done.stderr, done.returncode) == ("typed\n", "err\n", 0)
    large = "0123456789" * 100_000
    assert run("run", "--rm", "-i", "ubuntu", "cat", input=large).stdout == large
    assert run("ps", "-aq").stdout == ""


def test_logs_keep_streams_apart(run: Run) -> None:
    run("run", "--name", "talks", "ubuntu", "sh", "-c", "echo out; echo err >&2")
    done = run("logs", "talks")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    assert run("logs", "--tail", "0", "-f", "talks").stdout == ""


def test_copying(run: Run, tmp_path: Path) -> None:
    run("create", "--name", "box", "ubuntu", "cat", "/root/dir/note")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/note").write_text("carried\n")
    assert run("cp", "dir", "box:/root/").returncode == 0
    assert run("start", "-a", "box").stdout == "carried\n"
    assert run("cp", "box:/root/dir/note", "back").returncode == 0
    assert (tmp_path / "back").read_text() == "carried\n"
    assert "No such container: nobody" in run("cp", "back", "nobody:/x").stderr


def test_build(run: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    environment["DOCKER_BUILDKIT"] = "0"
    (tmp_path / "Dockerfile").write_text(
        "FROM ubuntu\nRUN apt-get update && apt-get install -y curl\nCOPY . /ctx/\nCMD ls /ctx\n"
    )
    (tmp_path / ".dockerignore").write_text("*.log\n!keep.log\n")
    for name in ("a.log", "keep.log", "b.txt"):
        (tmp_path / name).touch()
    done = run("build", "-t", "made", ".")
    assert done.returncode == 0, done.stderr
    assert "Step 1/4 : FROM ubuntu" in done.stdout
    assert "Checked and recorded by the embedded engine, not executed; installs: curl" in done.stdout
    assert done.stdout.rstrip().endswith("Successfully tagged made:latest")
    assert run("run", "--rm", "made").stdout.split() == ["Dockerfile", "b.txt", "keep.log"]
    assert re.search(r"^made\s+latest\s+[0-9a-f]{12}", run("images").stdout, re.MULTILINE)
    (tmp_path / "Dockerfile").write_text("FROM ubuntu\n\nRNU true\n")
    wrong = run("build", ".")
    assert wrong.returncode == 1
    assert "Error response from daemon: dockerfile parse error on line 3: unknown instruction: RNU" in wrong.stderr
    assert run("rmi", "made").stdout.startswith("Untagged: made:latest\n")


def test_build_without_buildx_needs_no_setting(run: Run, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM ubuntu\nLABEL plain=yes\n")
    done = run("build", "-q", ".")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sha256:")


def test_build_from_a_dockerfile_beside_the_context(run: Run, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "Dockerfile.web").write_text("FROM ubuntu\nLABEL beside=yes\n")
    done = run("build", "-q", "-f", "Dockerfile.web", "context")
    assert done.returncode == 0, done.stderr


def test_pruning_says_what_it_removed(run: Run) -> None:
    ended = run("create", "--label", "prune=me", "ubuntu").stdout.strip()
    run("network", "create", "nobodys")
    run("volume", "create", "nobodys")
    assert run("container", "prune", "-f", "--filter", "label=prune=me").stdout == (
        f"Deleted Containers:\n{ended}\n\nTotal reclaimed space: 0B\n"
    )
    assert "Deleted Networks:\nnobodys\n" in run("network", "prune", "-f").stdout
    assert run("volume", "prune", "-f").stdout == "Total reclaimed space: 0B\n"
    assert "Deleted Volumes:\nnobodys\n" in run("volume", "prune", "-f", "-a").stdout


@pytest.mark.parametrize("group", ["container", "image", "volume", "network", "system"])
def test_pruning_asks_first(run: Run, group: str) -> None:
    asked = run(group, "prune", input="n\n")
    assert "Are you sure you want to continue? [y/N]" in asked.stdout
    assert "Total reclaimed space" not in asked.stdout


def test_images_pruned_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM ubuntu\nLABEL at={time.time()}\n")
    assert run("build", "-q", ".").returncode == 0
    pruned = run("image", "prune", "-f").stdout
    assert re.search(r"(?m)^Deleted Images:\ndeleted: sha256:", pruned), pruned


def test_images_of_a_reference_are_listed_under_it_only(run: Run) -> None:
    run("pull", "-q", "httpd")
    run("pull", "-q", "httpd:2.4")
    assert run("images", "httpd:2.4", "--format", "{{.Tag}}").stdout == "2.4\n"
    assert sorted(run("images", "httpd", "--format", "{{.Tag}}").stdout.split())[:2] == ["2.4", "latest"]


def test_version_info_and_events(run: Run) -> None:
    assert run("version", "--format", "{{.Server.Version}}").stdout == "27.5.1\n"
    assert "Server Version: 27.5.1" in run("info").stdout
    run("run", "--rm", "--name", "short", "ubuntu", "true")
    lines = run(
        "events", "--since", "1m", "--until", str(int(time.time()) + 1), "--filter", "container=short"
    ).stdout.splitlines()
    actions = [line.split()[2] for line in lines]
    assert [one for one in actions if one in {"create", "start", "die", "destroy"}][-4:] == [
        "create",
        "start",
        "die",
        "destroy",
    ]


class Terminal:
    """A user at a terminal."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, environment)
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = b""

    def until(self, mark: bytes, seconds: float = 20) -> bytes:
        limit = time.monotonic() + seconds
        while mark not in self.seen:
            ready = select.select([self.handle], [], [], max(0, limit - time.monotonic()))[0]
            try:
                data = os.read(self.handle, 4096) if ready else b""
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"{mark!r} did not come: {self.seen!r}")
            self.seen += data
        before, _, self.seen = self.seen.partition(mark)
        return before

    def type(self, keys: bytes) -> None:
        os.write(self.handle, keys)

    def end(self) -> int:
        while True:
            try:
                if not os.read(self.handle, 4096):
                    break
            except OSError:
                break
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.handle)
        return code


@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
def test_interactive_life_of_a_container(run: Run, argv: list[str], environment: dict[str, str]) -> None:
    user = Terminal([*argv, "run", "--name", "my_ubuntu", "-ti", "ubuntu", "bash"], environment)
    user.until(b":/# ")
    user.type(b"echo $((40+2)); apt-get update\n")
    user.until(b"42\r\n")
    user.until(b"Reading package lists...")
    user.until(b"# ")
    user.type(b"\x10\x11")
    assert user.end() == 0
    assert "my_ubuntu" in run("ps").stdout

    user = Terminal([*argv, "attach", "my_ubuntu"], environment)
    user.type(b"exit\n")
    user.until(b"exit")
    assert user.end() == 0
    assert "my_ubuntu" not in run("ps").stdout

    assert run("start", "my_ubuntu").stdout == "my_ubuntu\n"
    user = Terminal([*argv, "attach", "my_ubuntu"], environment)
    user.type(b"\n")
    user.until(b"# ")
    user.type(b"\x10\x11")
    user.end()
    assert "is running" in run("rm", "my_ubuntu").stderr
    assert run("rm", "-f", "my_ubuntu").returncode == 0
    assert run("ps", "-aq").stdout == ""


def test_stand_in_imports_little_to_start() -> None:
    """A homework calls it dozens of times; each of these modules would double its start."""
    argv = [sys.executable, "-I", "-S", "-X", "importtime", str(CLI), "--version"]
    told = subprocess.run(argv, check=True, capture_output=True, text=True).stderr
    read = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines()}
    assert "json" in read
    heavy = {"argparse", "asyncio", "email", "harness", "http", "inspect", "logging", "ssl", "subprocess", "typing"}
    assert not read & heavy
