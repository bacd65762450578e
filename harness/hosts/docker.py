"""The Docker Engine of a host, through the docker SDK over SSH.

The SDK's own ``ssh://`` transport takes the caller's ssh configuration and keys, and wraps pipes that know no
time-out. Here each of its connections is a socket pair whose other end is ``ssh HOST docker system dial-stdio``, as
the ``docker`` command does it, through the run's own :class:`~harness.hosts.ssh.Ssh`.

The caller's docker configuration, with its registry credentials, is not read: the SDK would send them to the host.
"""

from __future__ import annotations

import datetime
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound
from docker.transport.basehttpadapter import BaseHTTPAdapter
from docker.utils import config as docker_config

from harness.errors import HarnessError
from harness.facts.containers import Container, Image, Mount, Port
from harness.hosts.ssh import Ssh, Target
from harness.hosts.terminal import Terminal

DIAL = "docker system dial-stdio"
DETACH_KEYS = "ctrl-p,ctrl-q"
LOG_LINES = 400
OPENING = 300.0
"""Seconds after its start within which a server has said where it listens."""
TEXT = 300
"""Characters that are kept of a name, a path or a command of the engine's."""

docker_config.find_config_file = lambda _path=None: None


class EngineError(HarnessError):
    """Says that a host's Docker Engine does not answer."""


class _Connection(urllib3.connection.HTTPConnection):
    """An HTTP connection over the input and output of a command on a host."""

    def __init__(self, dialer: _Dialer) -> None:
        super().__init__("localhost", timeout=dialer.timeout)
        self._dialer = dialer

    def connect(self) -> None:
        self.sock = self._dialer.dial()


class _Pool(urllib3.HTTPConnectionPool):
    def __init__(self, dialer: _Dialer) -> None:
        super().__init__("localhost", timeout=dialer.timeout, maxsize=4)
        self._dialer = dialer

    def _new_conn(self) -> _Connection:
        return _Connection(self._dialer)


class _Dialer(BaseHTTPAdapter):  # type: ignore[misc]
    """The adapter of requests that dials an engine over SSH, and ends every ssh process that it started."""

    def __init__(self, ssh: Ssh, target: Target, command: str, timeout: float) -> None:
        self.timeout = timeout
        self._ssh, self._target, self._command = ssh, target, command
        self._dialled: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []
        self._lock = threading.Lock()
        self._pool = _Pool(self)
        super().__init__()

    def dial(self) -> socket.socket:
        """Return a connected socket."""
        ours, process = self._ssh.stream(self._target, self._command)
        ours.settimeout(self.timeout)
        with self._lock:
            self._dialled.append((ours, process))
        return ours

    def get_connection(self, url: str, proxies: Any = None) -> _Pool:  # noqa: ARG002 - requests' signature
        return self._pool

    def request_url(self, request: Any, proxies: Any) -> str:  # noqa: ARG002 - requests' signature
        return str(request.path_url)

    def close(self) -> None:
        super().close()
        self._pool.close()
        with self._lock:
            for connected, process in self._dialled:
                connected.close()  # an attached stream is nobody else's to close
                process.terminate()
                process.wait(self.timeout)
            self._dialled.clear()


class _Api(docker.APIClient):  # type: ignore[misc]
    """The SDK's client with its connections dialled over SSH."""

    def __init__(self, dialer: _Dialer) -> None:
        self._dialer = dialer
        super().__init__(base_url="unix:///over/ssh", version="auto", timeout=dialer.timeout)

    def mount(self, prefix: str, adapter: Any) -> None:
        """Put the dialer where the SDK wants to put its adapter for Unix sockets."""
        self.trust_env = False  # no proxy lies between an engine and its client
        super().mount(prefix, self._dialer if prefix.startswith("http+docker") else adapter)

    def output_of(self, execution: str) -> bytes:
        """Start an execution and return all that it printed.

        The SDK's own ``exec_start`` reads the socket below what has read the answer's head: on a busy machine the
        first lines have come with the head, and are lost. Without an upgrade they are an ordinary body.
        """
        asked = {"Tty": False, "Detach": False}
        answer = self._post_json(self._url("/exec/{0}/start", execution), data=asked, stream=True)
        return b"".join(self._multiplexed_buffer_helper(answer))


class Client(docker.DockerClient):  # type: ignore[misc]
    """The docker SDK's client of a host's engine; close it after use."""

    def __init__(self, ssh: Ssh, target: Target, *, timeout: float, command: str = DIAL) -> None:
        dialer = _Dialer(ssh, target, command, timeout)
        try:
            self.api = _Api(dialer)
        except BaseException:
            dialer.close()
            raise


class Docker:
    """A host's Docker Engine: what is there, and what becomes of it.

    ``needs_sudo`` says that the user may not speak to the engine and that sudo was needed. Raises
    :class:`EngineError` where no engine answers.
    """

    def __init__(self, ssh: Ssh, target: Target, *, timeout: float) -> None:
        self.needs_sudo = False
        try:
            self.client = Client(ssh, target, timeout=timeout)
        except DockerException:
            self.needs_sudo = True
            self.client = _with_sudo(ssh, target, timeout)

    def close(self) -> None:
        """End the connections."""
        self.client.close()

    def version(self) -> tuple[str, str]:
        """Return the engine's version and its API's."""
        told = self.client.version()
        return _cut(told.get("Version")), _cut(told.get("ApiVersion"))

    def container(self, name: str) -> Container | None:
        """Return a container by name or id, or ``None`` where there is none."""
        try:
            told = self.client.api.inspect_container(name)
        except NotFound:
            return None
        return _container(told, self.image(_text(told, "Image")) or Image(_cut(_text(told, "Image"))))

    def words(self, name: str) -> list[str]:
        """Return a container's command and variables, which may hold secrets and are kept nowhere."""
        told = self.client.api.inspect_container(name)
        return [told.get("Path") or "", *(told.get("Args") or ()), *((told.get("Config") or {}).get("Env") or ())]

    def latest_from(self, image: str) -> Container | None:
        """Return the container that was made last from an image, whatever its name and state."""
        listed = self.client.api.containers(all=True, filters={"ancestor": image})
        return self.container(max(listed, key=lambda entry: entry["Created"])["Id"]) if listed else None

    def image(self, name: str) -> Image | None:
        """Return an image by reference or id, or ``None`` where there is none."""
        try:
            return _image(self.client.api.inspect_image(name))
        except NotFound:
            return None

    def names(self, *, all: bool = False) -> tuple[str, ...]:
        """Return the names of the containers that run, or of all."""
        listed = self.client.api.containers(all=all)
        return tuple(_cut(name).lstrip("/") for entry in listed for name in entry.get("Names") or ())

    def tags(self) -> tuple[str, ...]:
        """Return the tags of all images, and the digests of those pulled without one."""
        listed = self.client.api.images()
        return tuple(sorted({_cut(tag) for entry in listed for tag in entry.get("RepoTags") or ()} - {"<none>:<none>"}))

    def logs(self, name: str, *, stdout: bool = True, stderr: bool = True, since: float | None = None) -> str:
        """Return the last lines of a container's log, of those since a moment where one is given."""
        kept = self.client.api.logs(name, stdout=stdout, stderr=stderr, tail=LOG_LINES, since=since)
        return str(kept.decode(errors="replace"))

    def opening(self, name: str, *, stdout: bool = True, stderr: bool = True) -> str:
        """Return what a container printed in the first minutes of its run, which its last lines need not hold."""
        since = self.started(name)
        if since is None:
            return ""
        # The engine counts the lines that it is asked for from the end, before it looks at their times.
        kept = self.client.api.logs(name, stdout=stdout, stderr=stderr, since=since, until=since + OPENING)
        return "\n".join(kept.decode(errors="replace").splitlines()[:LOG_LINES])

    def started(self, name: str) -> float | None:
        """Return the second in which a container was started last; of one that never was, the engine tells year 1."""
        told = self.client.api.inspect_container(name).get("State", {}).get("StartedAt") or ""
        try:
            seconds = datetime.datetime.fromisoformat(told[:19]).replace(tzinfo=datetime.UTC).timestamp()
        except ValueError:
            return None
        return seconds if seconds > 0 else None

    def execute(self, name: str, argv: list[str]) -> tuple[int, str]:
        """Run a command in a running container and return its exit code and output; -1 where it could not be run."""
        try:
            done = self.client.api.exec_create(name, argv)
            output = self.client.api.output_of(done["Id"])
            code = self.client.api.exec_inspect(done["Id"])["ExitCode"]
        except APIError as error:
            return -1, str(error.explanation)
        except (requests.RequestException, OSError) as error:
            return -1, f"{type(error).__name__}: {error}"
        return (-1 if code is None else int(code)), output.decode(errors="replace")

    def attach(self, name: str) -> Terminal:
        """Attach to a container's terminal, to be left with the detach keys or by the end of its process."""
        parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "detachKeys": DETACH_KEYS}
        return Terminal(self.client.api.attach_socket(name, params=parameters))


def _with_sudo(ssh: Ssh, target: Target, timeout: float) -> Client:
    try:
        return Client(ssh, target, timeout=timeout, command=f"sudo -n {DIAL}")
    except (DockerException, requests.RequestException) as error:
        said = ssh.run(target, "docker version", timeout=timeout)
        raise EngineError(_cut(said.stderr.strip() or said.stdout.strip() or str(error))) from error


def _image(told: dict[str, Any]) -> Image:
    config = told.get("Config") or {}
    variables = (entry.partition("=") for entry in config.get("Env") or ())
    return Image(
        id=_cut(told.get("Id")),
        tags=_cuts(told.get("RepoTags")),
        digests=_cuts(told.get("RepoDigests")),
        # Other variables may hold secrets, and nothing asks for them.
        environment={_cut(name): _cut(value) for name, _, value in variables if name.endswith("_VERSION")},
        exposed=_cuts(config.get("ExposedPorts")),
        volumes=_cuts(config.get("Volumes")),
        directory=_cut(config.get("WorkingDir")),
        command=_cuts([*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]),
        created=_cut(told.get("Created")),
    )


def _container(told: dict[str, Any], image: Image) -> Container:
    config, state = told.get("Config") or {}, told.get("State") or {}
    settings = told.get("NetworkSettings") or {}
    return Container(
        id=_cut(told.get("Id")),
        name=_cut(told.get("Name")).lstrip("/"),
        image_name=_cut(config.get("Image")),
        image=image,
        status=_cut(state.get("Status")),
        exit_code=int(state.get("ExitCode") or 0),
        has_terminal=bool(config.get("Tty")),
        is_stdin_open=bool(config.get("OpenStdin")),
        started_at=_cut(state.get("StartedAt")),
        restarts=int(told.get("RestartCount") or 0),
        command=_cuts([told.get("Path") or "", *(told.get("Args") or ())]),
        ports=tuple(_ports(settings.get("Ports") or {})),
        mounts=tuple(_mount(entry) for entry in told.get("Mounts") or ()),
        network=_cut((told.get("HostConfig") or {}).get("NetworkMode")),
    )


def _ports(told: dict[str, Any]) -> Iterator[Port]:
    for name, bindings in told.items():
        port, _, protocol = name.partition("/")
        for binding in bindings or ():
            yield Port(int(port), _cut(protocol), _cut(binding.get("HostIp")), int(binding.get("HostPort") or 0))


def _mount(told: dict[str, Any]) -> Mount:
    return Mount(_text(told, "Type"), _text(told, "Source"), _text(told, "Destination"), bool(told.get("RW")))


def _text(told: dict[str, Any], key: str) -> str:
    return _cut(told.get(key))


def _cut(value: object) -> str:
    return "" if value is None else str(value)[:TEXT]


def _cuts(values: object) -> tuple[str, ...]:
    return tuple(_cut(value) for value in values) if isinstance(values, list | tuple | dict) else ()
