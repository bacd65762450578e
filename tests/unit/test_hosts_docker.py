"""The docker SDK over ssh, against a few routes of the Engine API; and the terminal of a container."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import http.client
import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from harness.cloud import OFFLINE, Cloud
from harness.facts.containers import Command, Container, Image, Images, Port
from harness.hosts.docker import LOG_LINES, Docker, EngineError
from harness.hosts.ssh import Ssh, Target
from harness.hosts.terminal import Terminal
from harness.leash import Leash
from harness.workstation import set_up
from tests.unit.sshd import Sshd

USER = getpass.getuser()
SECONDS = 10
IMAGE = {
    "Id": "sha256:1", "RepoTags": ["httpd:2.4"], "RepoDigests": ["httpd@sha256:2"], "Created": "2026-01-01T00:00:00Z",
    "Config": {"Env": ["HTTPD_VERSION=2.4.66", "SECRET=1"], "ExposedPorts": {"80/tcp": {}}, "Cmd": ["httpd"]},
}  # fmt: skip
CONTAINER = {
    "Id": "abc", "Name": "/my-apache-app", "Image": "sha256:1", "Path": "httpd-foreground", "Args": [],
    "State": {"Status": "running", "ExitCode": 0, "StartedAt": "2026-01-01T00:00:01Z"},
    "Config": {"Image": "httpd:2.4", "Tty": False, "OpenStdin": False},
    "HostConfig": {"NetworkMode": "bridge"},
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8003"}], "443/tcp": None}},
    "Mounts": [{"Type": "bind", "Source": "/home/ubuntu/site", "Destination": "/usr/local/apache2/htdocs", "RW": True}],
}  # fmt: skip
ROUTES = {
    "/version": {"Version": "29.0.2", "ApiVersion": "1.44"},
    "/v1.44/version": {"Version": "29.0.2", "ApiVersion": "1.44"},
    "/v1.44/containers/my-apache-app/json": CONTAINER,
    "/v1.44/containers/abc/json": CONTAINER,
    "/v1.44/images/sha256:1/json": IMAGE,
    "/v1.44/containers/json": [{"Id": "abc", "Names": ["/my-apache-app"], "Created": 1}],
    "/v1.44/exec/e1/json": {"ID": "e1", "ExitCode": 0, "Running": False},
    "/v1.44/images/json": [{"RepoTags": ["httpd:2.4"]}, {"RepoTags": ["<none>:<none>"]}, {"RepoTags": None}],
}


def frame(text: str) -> bytes:
    """Return a piece of standard output as the engine multiplexes it."""
    return struct.pack(">BxxxL", 1, len(text)) + text.encode()


class _Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/start"):
            upgrade = self.headers.get("Upgrade") == "tcp"
            head = b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n" if upgrade else b"HTTP/1.1 200 OK\r\n\r\n"
            self.wfile.write(head + frame("first\n") + frame("second\n"))  # as it comes to a busy client: at once
            self.connection.shutdown(socket.SHUT_WR)
            self.close_connection = True
            return
        body = json.dumps({"Id": "e1"}).encode()
        self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def do_GET(self):
        if "/logs" in self.path:
            # An engine counts lines from the end before it looks at their times.
            body = b"" if "tail=400" in self.path and "until" in self.path else frame("early\n" * 900)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        told = ROUTES.get(self.path.partition("?")[0])
        body = json.dumps({"message": "No such thing"} if told is None else told).encode()
        self.send_response(404 if told is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


async def _dial(process):
    """Answer for ``docker system dial-stdio``: relay to the engine."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: _Engine(theirs, ("", 0), None))
    thread.start()
    reader, writer = await asyncio.open_connection(sock=ours)

    async def copy(source, sink):
        while piece := await source.read(65536):
            sink.write(piece)

    # The command ends when either side hangs up.
    relays = [asyncio.ensure_future(copy(*ends)) for ends in ((reader, process.stdout), (process.stdin, writer))]
    try:
        await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for relay in relays:
            relay.cancel()
        writer.close()
        with contextlib.suppress(OSError):  # hung up already
            theirs.shutdown(socket.SHUT_RDWR)
        thread.join()
        theirs.close()
    process.exit(0)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with Leash() as leash:
        workstation = set_up(leash, Cloud("moto", "embedded", "123456789012", "eu-west-1", OFFLINE))
        key = workstation.ssh / "key"
        workstation.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], timeout=SECONDS)
        workstation.run(["ssh-add", "-q", str(key)], timeout=SECONDS)
        with Sshd(tmp_path_factory.mktemp("home"), (workstation.ssh / "key.pub").read_text(), USER) as sshd:
            (workstation.ssh / "config").write_text(f"Host bastion\n HostName 127.0.0.1\n Port {sshd.port}\n")
            ssh = Ssh(workstation, config=workstation.ssh / "config", patience=5)
            yield sshd, ssh
            ssh.close()


@pytest.fixture
def docker(host):
    sshd, ssh = host
    sshd.commands = {"docker system dial-stdio": _dial}
    engine = Docker(ssh, Target(USER, "bastion"), timeout=SECONDS)
    yield engine
    engine.close()


def test_engine_says_its_version(docker):
    assert docker.version() == ("29.0.2", "1.44")
    assert not docker.needs_sudo


def test_output_that_comes_with_the_head_of_the_answer_is_not_lost(docker):
    assert docker.execute("abc", ["true"]) == (0, "first\nsecond\n")


def test_opening_is_read_by_its_time_and_cut(docker):
    assert docker.opening("my-apache-app").splitlines() == ["early"] * LOG_LINES


def test_container_is_read_with_its_image(docker):
    container = docker.container("my-apache-app")

    assert (container.name, container.status, container.image.tags) == ("my-apache-app", "running", ("httpd:2.4",))
    assert container.ports == (Port(80, "tcp", "0.0.0.0", 8003),)
    assert container.mounted_at("/usr/local/apache2/htdocs/").source == "/home/ubuntu/site"
    assert container.image.environment == {"HTTPD_VERSION": "2.4.66"}


def test_what_is_not_there_is_none(docker):
    assert docker.container("other") is None
    assert docker.image("other") is None


def test_lists_are_names_and_tags(docker):
    assert docker.names(all=True) == ("my-apache-app",)
    assert docker.tags() == ("httpd:2.4",)
    assert docker.latest_from("httpd").id == "abc"


def test_caller_s_docker_configuration_is_not_read(host, tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text('{"auths": {"https://index.docker.io/v1/": {"auth": "dTpzZWNyZXQ="}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    sshd, ssh = host
    sshd.commands = {"docker system dial-stdio": _dial}
    engine = Docker(ssh, Target(USER, "bastion"), timeout=SECONDS)
    engine.close()

    assert engine.client.api._auth_configs.is_empty


def test_closing_ends_every_ssh_process(host):
    sshd, ssh = host
    sshd.commands = {"docker system dial-stdio": _dial}
    engine = Docker(ssh, Target(USER, "bastion"), timeout=SECONDS)
    dialled = list(engine.client.api._dialer._dialled)
    engine.close()

    assert dialled
    assert all(process.returncode is not None for _, process in dialled)


def test_sudo_is_tried_where_the_user_may_not(host):
    sshd, ssh = host
    sshd.commands = {"sudo -n docker system dial-stdio": _dial}
    engine = Docker(ssh, Target(USER, "bastion"), timeout=SECONDS)
    engine.close()

    assert engine.needs_sudo


def test_no_engine_is_an_error_with_the_host_s_word(host):
    sshd, ssh = host

    async def version(process):
        process.stderr.write(b"docker: command not found\n")
        process.exit(127)

    sshd.commands = {"docker version": version}
    with pytest.raises(EngineError, match="docker: command not found"):
        Docker(ssh, Target(USER, "bastion"), timeout=SECONDS)


class _Attached:
    """What the SDK returns for an attached stream, as far as a terminal uses it."""

    def __init__(self):
        self.socket, self.container = socket.socketpair()
        self.fileno = self.socket.fileno
        self.close = self.socket.close


@pytest.fixture
def attached():
    attached = _Attached()
    yield attached
    attached.container.close()


@pytest.fixture
def terminal(attached):
    terminal = Terminal(attached)
    yield terminal
    terminal.close()


def test_terminal_reads_until_it_has_seen(terminal, attached):
    terminal.type("echo $((1+2))")
    attached.container.sendall(b"root@1:/# echo $((1+2))\r\n3\r\n")

    assert terminal.read_until("\r\n3", SECONDS).endswith("3\r\n")
    assert attached.container.recv(100) == b"echo $((1+2))\r"


def test_terminal_gives_up_in_time(terminal, attached):
    attached.container.sendall(b"busy")

    assert terminal.read_until("done", 0.05) == "busy"


def test_detach_keys_are_control_p_control_q(terminal, attached):
    terminal.detach()

    assert attached.container.recv(100) == b"\x10\x11"
    assert not terminal.is_closed_within(0.05)
    attached.container.shutdown(socket.SHUT_RDWR)
    assert terminal.is_closed_within(SECONDS)


VERSION = {"HTTPD_VERSION": "2.4.66"}


def test_closed_terminal_closes_the_stream_that_it_shares(attached):
    terminal = Terminal(attached)
    shared = attached.socket.dup()
    terminal.close()

    with shared:
        assert shared.recv(1) == b""


def test_closed_terminal_closes_the_answer_that_the_stream_came_with():
    """Else Python 3.13 tells of a closed file when it is collected."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 101 UPGRADED\r\n\r\n")
        response = http.client.HTTPResponse(ours)
        response.begin()
        attached = response.fp.raw
        attached._response = response
        Terminal(attached).close()

        assert response.closed
        assert response.isclosed()


def test_command_says_its_error_and_not_its_advice():
    told = "docker: Error response from daemon: Conflict.\n\nRun 'docker run --help' for more information\n"

    assert Command("docker run", 125, stderr=told).said == "docker: Error response from daemon: Conflict."
    assert Command("true", 0).said == "nothing"


HTTPD = Image("sha256:1", tags=("httpd:2.4",), digests=("httpd@sha256:2",), environment=VERSION)


@pytest.mark.parametrize(
    ("image", "is_right"),
    [
        (HTTPD, True),
        (Image("1", tags=("httpd:2.4.66",), digests=("httpd@sha256:2",), environment=VERSION), True),
        (Image("1", digests=("docker.io/library/httpd@sha256:2",), environment=VERSION), True),
        (Image("1", tags=("httpd:2.4",), digests=("nginx@sha256:3",)), False),
        (Image("1", tags=("httpd:latest",), digests=("httpd@sha256:4",), environment={"HTTPD_VERSION": "2.5"}), False),
        (Image("1", tags=("httpd:2.4", "mine:latest")), False),
    ],
)  # fmt: skip
def test_image_is_told_by_what_it_is(image, is_right):
    assert (image.is_release("httpd:2.4") and image.is_pulled_from("httpd")) is is_right


def _container(**changed):
    told = {"id": "1", "name": "c", "image_name": "i", "image": HTTPD, "status": "running", "exit_code": 0}
    return Container(**told | {"has_terminal": False, "is_stdin_open": False, "started_at": ""} | changed)


@pytest.mark.parametrize(
    ("port", "is_right"),
    [
        (Port(80, "tcp", "0.0.0.0", 8003), True),
        (Port(80, "tcp", "::", 8003), True),
        (Port(80, "tcp", "", 8003), True),
        (Port(80, "tcp", "127.0.0.1", 8003), False),
        (Port(80, "tcp", "0.0.0.0", 8030), False),
        (Port(8003, "tcp", "0.0.0.0", 80), False),
        (Port(80, "udp", "0.0.0.0", 8003), False),
    ],
)
def test_port_is_published_for_others(port, is_right):
    assert _container(ports=(port,)).publishes(8003, 80) is is_right


def test_container_that_keeps_restarting_does_not_run():
    assert not _container(status="restarting").is_running


@pytest.mark.parametrize(
    ("command", "is_right"),
    [
        ("jupyter notebook --no-browser --ip=0.0.0.0 --allow-root", True),
        ("/bin/sh -c jupyter lab --ip 0.0.0.0", True),
        ("jupyter notebook --ServerApp.ip='*'", True),
        ("jupyter notebook --ip=::", True),
        ("jupyter notebook --ip='' --allow-root", True),
        ("jupyter notebook --ip= --allow-root", True),
        ("jupyter notebook --allow-root", False),
        ("jupyter notebook --ip=127.0.0.1", False),
        ("jupyter notebook --zip=0.0.0.0", False),
    ],
)
def test_command_listens_everywhere(command, is_right):
    assert Image("1", command=tuple(command.split())).listens_everywhere is is_right


@pytest.mark.parametrize(("is_reached", "is_right"), [(True, True), (False, False)])
def test_address_that_is_in_a_file_is_known_by_who_is_reached(is_reached, is_right):
    image = Image("1", command=("jupyter", "notebook", "--no-browser"), is_reached=is_reached)

    assert not image.gives_an_address
    assert image.listens_everywhere is is_right


def test_images_lack_what_no_tag_names():
    images = Images(("docker.io/library/ubuntu:24.04", "hello-world:latest", "me/httpd:2.4"))

    assert images.lacks(("ubuntu", "hello-world", "httpd")) == ["httpd"]
