"""What is known of a host's containers and images, as the Docker Engine tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.evidence import Evidence

EVERYWHERE = re.compile(r"""--(?:\w+\.)?ip(?:[= ]['"]?(?:0\.0\.0\.0|\*|::)|=['"]*(?=\s|$))""")
"""Jupyter's option for its address, in any of its spellings, with an address that means all interfaces, or none."""
ADDRESS = re.compile(r"--(?:\w+\.)?ip\b")
"""The same option, whatever address it gives; an image without it may have the address in a file."""
ADVICE = re.compile(r"\s*$|(?:See|Run) '.*--help'")
"""What the docker command adds to an error, or leaves blank."""
LOOPBACK = ("127.", "::1", "localhost")
REMEDIES = {
    "created": "docker start {name}",
    "paused": "docker unpause {name}",
    "exited": "docker start {name}, and where it ends again, docker logs {name} says why",
}
"""What to do about a container that does not run, by its state; in any other it comes to an end by itself."""


@dataclass(frozen=True)
class Command:
    """A command on a host and how it ended; the outputs are what was kept of them."""

    line: str
    exit_code: int
    stdout: str = ""
    stderr: str = ""

    @property
    def said(self) -> str:
        """Return the last line of its errors, or of its output where there were none."""
        lines = [line for line in (self.stderr.strip() or self.stdout.strip()).splitlines() if not ADVICE.match(line)]
        return lines[-1][:300] if lines else "nothing"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the line, its exit code and what it said last."""
        return (Evidence("ssh", self.line, f"exit code {self.exit_code}: {self.said}"),)


@dataclass(frozen=True)
class Port:
    """A port of a container that is published on its host; ``address`` is the host's it is bound to."""

    container_port: int
    protocol: str
    address: str
    host_port: int

    @property
    def is_open_to_others(self) -> bool:
        """Say whether it is bound to more than the host's own loopback."""
        return not self.address.startswith(LOOPBACK)

    def __str__(self) -> str:
        return f"{self.address or '0.0.0.0'}:{self.host_port}→{self.container_port}/{self.protocol}"  # noqa: S104 - text


@dataclass(frozen=True)
class Mount:
    """Something of the host inside a container; ``kind`` is the engine's word: ``bind``, ``volume`` or ``tmpfs``."""

    kind: str
    source: str
    target: str
    is_writable: bool


@dataclass(frozen=True)
class Image:
    """An image on the host; ``digests`` are those it was pulled under, empty for one that was built there.

    ``is_reached`` says of one whose command gives its server no address that the server was reached all the same from
    outside its container.
    """

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    environment: dict[str, str] | None = None
    exposed: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    directory: str = ""
    command: tuple[str, ...] = ()
    created: str = ""
    is_reached: bool = False

    @property
    def command_line(self) -> str:
        """Return entry point and command as one line."""
        return " ".join(self.command)

    def has_volume(self, path: str) -> bool:
        """Say whether a path is one of its volumes; a slash at the end, which Docker keeps, means nothing."""
        return path in {volume.rstrip("/") for volume in self.volumes}

    @property
    def home(self) -> str:
        """Return the directory that it works in, without a slash at the end."""
        return self.directory.rstrip("/") or "/"

    @property
    def listens_everywhere(self) -> bool:
        """Say whether Jupyter listens on every interface: its command tells it to, or one sees that it does."""
        return EVERYWHERE.search(self.command_line) is not None or self.is_reached

    @property
    def gives_an_address(self) -> bool:
        """Say whether the command tells Jupyter where to listen."""
        return ADDRESS.search(self.command_line) is not None

    @property
    def repositories(self) -> tuple[str, ...]:
        """Return from where it was pulled, whatever it has been tagged since."""
        return tuple(digest.rpartition("@")[0] for digest in self.digests)

    def is_pulled_from(self, repository: str) -> bool:
        """Say whether it came from that official repository, or a mirror of it, whatever it has been tagged since."""
        return any(name == repository or name.endswith(f"/library/{repository}") for name in self.repositories)

    def is_release(self, reference: str) -> bool:
        """Say whether it is the image that a reference such as ``httpd:2.4`` means.

        Beside the tag, the version that official images carry in their environment counts, so that an image
        run by its digest or by a more precise tag is known too.
        """
        repository, _, release = reference.partition(":")
        version = (self.environment or {}).get(f"{repository.upper()}_VERSION", "")
        is_version = bool(release) and f"{version}.".startswith(f"{release}.")
        return is_version or _plain(reference) in map(_plain, self.tags)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the image's settings."""
        saw = f"exposes {', '.join(self.exposed) or 'nothing'}; volumes {', '.join(self.volumes) or 'none'}; "
        saw += f"directory {self.directory or '/'}; command {self.command_line}"
        return (Evidence("docker", f"image inspect {', '.join(self.tags) or self.id}", saw),)


@dataclass(frozen=True)
class Container:
    """A container as ``docker inspect`` has it; ``image_name`` is what it was started from, word for word."""

    id: str
    name: str
    image_name: str
    image: Image
    status: str
    exit_code: int
    has_terminal: bool
    is_stdin_open: bool
    started_at: str
    restarts: int = 0
    command: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    network: str = ""

    @property
    def is_running(self) -> bool:
        """Say whether it runs; one that keeps being restarted does not."""
        return self.status == "running"

    @property
    def remedy(self) -> str:
        """Return what to do where it does not run."""
        return REMEDIES.get(self.status, "docker logs {name} says why").format(name=self.name)

    def publishes(self, host_port: int, container_port: int) -> bool:
        """Say whether a TCP port is published under that port of the host, for others than the host itself."""
        wanted = (host_port, container_port, "tcp")
        return any((p.host_port, p.container_port, p.protocol) == wanted and p.is_open_to_others for p in self.ports)

    def mounted_at(self, target: str) -> Mount | None:
        """Return the host's directory that is mounted at a path of the container."""
        path = target.rstrip("/")
        return next((m for m in self.mounts if m.kind == "bind" and m.target.rstrip("/") == path), None)

    @property
    def ports_line(self) -> str:
        """Return the published ports as a sentence has them."""
        return ", ".join(map(str, self.ports)) or "no port"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return state, image, ports and mounts."""
        mounts = ", ".join(f"{m.source} at {m.target}" for m in self.mounts) or "nothing"
        saw = f"{self.status}, from {self.image_name}, publishes {self.ports_line}, mounts {mounts}"
        return (Evidence("docker", f"inspect {self.name}", saw),)


@dataclass(frozen=True)
class Engine:
    """The Docker Engine of a host; ``package`` is the installed package that brought it, or empty."""

    package: str
    package_version: str
    is_service_active: bool
    is_service_enabled: bool
    version: str
    api_version: str
    needs_sudo: bool = False

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return package, service and the engine's own word."""
        service = "active" if self.is_service_active else "not active"
        enabled = "enabled" if self.is_service_enabled else "not enabled"
        return (
            Evidence("ssh", "package", f"{self.package} {self.package_version}".strip() or "none installed"),
            Evidence("ssh", "service docker", f"{service}, {enabled}"),
            Evidence("docker", "version", f"engine {self.version}, API {self.api_version}"),
        )


@dataclass(frozen=True)
class Greeting:
    """A run of hello-world: what it printed, how it ended, and which lists of containers show it."""

    container: Container
    output: str
    is_listed: bool
    is_listed_among_all: bool

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the greeting's first line and the exit code."""
        first = next((line for line in self.output.splitlines() if line.strip()), "nothing")
        return (Evidence("docker", f"logs {self.container.name}", f"{first[:200]} (exit {self.container.exit_code})"),)


@dataclass(frozen=True)
class Removal:
    """The removal of a container: what came of it, whether it is still listed, and what a second removal said."""

    removed: Command
    is_gone: bool
    again: Command

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return both commands."""
        return (*self.removed.evidence, *self.again.evidence)


@dataclass(frozen=True)
class Shell:
    """An interactive container: what was typed at its terminal, what only its shell could answer, what it said.

    ``asked`` is the name that it was to be given.
    """

    container: Container
    typed: str
    expected: str
    output: str
    asked: str

    @property
    def has_executed(self) -> bool:
        """Say whether the terminal showed the result that the shell had to compute."""
        return self.expected in self.output

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return what was typed and what the terminal showed."""
        terminal = Evidence("docker", f"attach {self.container.name}: {self.typed}", self.output[-300:])
        return (*self.container.evidence, terminal)


@dataclass(frozen=True)
class Moment:
    """A container right after something was done to it; ``is_stream_closed`` is of the terminal used for it."""

    deed: str
    container: Container
    is_stream_closed: bool = True

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the state after the deed."""
        return (Evidence("docker", f"inspect {self.container.name} after {self.deed}", self.container.status),)


@dataclass(frozen=True)
class ForcedRemoval:
    """The removal of a running container: refused without force, done with it."""

    refused: Command
    status_then: str
    forced: Command
    is_gone: bool

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return both commands."""
        return (*self.refused.evidence, *self.forced.evidence)


@dataclass(frozen=True)
class Images:
    """The images on a host, by their tags."""

    tags: tuple[str, ...]

    def lacks(self, repositories: tuple[str, ...]) -> list[str]:
        """Return those repositories of which no image is there."""
        present = {_plain(tag).rpartition(":")[0] for tag in self.tags}
        return [repository for repository in repositories if repository not in present]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the tags."""
        return (Evidence("docker", "images", ", ".join(self.tags) or "none"),)


def _plain(reference: str) -> str:
    """Return a reference without the registry that is meant when none is named, and with its tag."""
    name = reference.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
