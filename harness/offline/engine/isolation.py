"""How a container's processes are kept apart from the machine.

Two ways, of which the engine takes the first that the machine grants:

* :data:`NAMESPACES`: Linux user namespaces, without root. A container has its own root directory, process ids,
  host name and a network of nothing but its own addresses; no packet leaves it. It ends with its first process.
* :data:`DIRECTORY`: where the kernel refuses that (Linux that restricts unprivileged user namespaces). Processes run in
  a session of their own, in the container's directory, with its environment and commands, confined as an embedded
  host's are. The commands put in its PATH map absolute paths, as they do on a host; other programs, Python's too, see
  the machine's. A process id is the machine's. A server listens at the container's address only if it is httpd or
  Jupyter; what leaves the machine is not held back; a read-only mount is one for the kernel's confinement only.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.offline.engine import distributions
from harness.offline.engine.files import MACHINE, View
from harness.offline.engine.model import Container, Json
from harness.offline.engine.skeleton import Paths, has_python
from harness.offline.engine.spawning import spawn
from harness.offline.hosts import confine
from harness.offline.hosts.sandbox import STANDINS

GATEWAY = "172.17.0.1"
OWN_COMMANDS = {
    "hostname": 'echo "$HOST_NAME"', "whoami": "echo root", "id": "echo 'uid=0(root) gid=0(root) groups=0(root)'",
}  # fmt: skip
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - what semaphores of several processes live in
LOW_PORTS_AT = 20_000
"""In a directory, a port below 1024 of a container, closed to ordinary users, is this much higher."""


@dataclass(frozen=True)
class Isolation:
    """One of the two ways."""

    name: str
    paths: Paths

    @property
    def in_namespaces(self) -> bool:
        return self.name == "namespaces"

    def environment(self, container: Container) -> dict[str, str]:
        """Return what the processes of a container must know in addition to their own environment."""
        if self.in_namespaces:
            return {}
        root = str(container.root)
        return {
            "EMBEDDED_ROOT": root, "EMBEDDED_MACHINE": "", "EMBEDDED_ADDRESS": container.address,
            "EMBEDDED_PORTS": " ".join(f"{inner}:{real}" for inner, real in container.listens.items()),
            "HOST_ROOT": root, "HOST_USER": "root", "HOST_NAME": container.hostname, "HOST_STANDINS": str(STANDINS),
            "HOST_PYTHON": sys.executable,
        }  # fmt: skip

    def prepare(self, container: Container) -> None:
        """Where paths are not the container's by themselves, put the commands there that map them."""
        if self.in_namespaces or container.image.family in {"hello-world", "scratch"}:
            return
        folder = container.root / "usr/bin"
        script = container.root / "usr/local/libexec/embedded/mapped"
        script.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STANDINS / "mapped", script)
        script.chmod(0o755)
        for name in mapping_commands():
            if (folder / name).is_symlink():
                (folder / name).unlink()
                (folder / name).symlink_to(script)
        for name, text in OWN_COMMANDS.items():
            (folder / name).unlink(missing_ok=True)
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        (container.root / "root/.bashrc").unlink(missing_ok=True)

    def localise(self, container: Container, environment: dict[str, str]) -> dict[str, str]:
        """Make paths in the environment those that the processes see."""
        if self.in_namespaces:
            return environment
        root = str(container.root)
        path = ":".join(f"{root}{part}" if part.startswith("/") else part for part in environment["PATH"].split(":"))
        return environment | {"PATH": path, "HOME": root + environment["HOME"]}

    def spec(
        self, container: Container, argv: list[str], environment: dict[str, str], cwd: str, join: int | None
    ) -> Json:
        """Return the specification for ``guest/enter.py``; ``join`` is the pid of a container's first process."""
        common: Json = {"argv": argv, "env": environment, "tty": False, "addresses": [container.address, GATEWAY]}
        if not self.in_namespaces:
            view = View(container.root, container.mounts)
            writable = [
                str(container.root),
                SHARED_MEMORY,
                *(str(mount.real) for mount in container.mounts if not mount.read_only),
            ]
            readable = [str(path) for path in (*python_folders(), STANDINS.parent, *(m.real for m in container.mounts))]
            return common | {
                "how": "plain",
                "cwd": str(view.real(cwd)),
                "confine": [confine.__file__, writable, readable],
            }
        common |= {"cwd": cwd, "root": str(container.root), "hostname": container.hostname}
        if join is not None:
            return common | {"how": "join", "pid": join}
        return common | {"how": "new", "binds": binds(container)}


NAMESPACES = Isolation("namespaces", Paths(MACHINE))
DIRECTORY = Isolation("directory", Paths(""))


def choose_ports(container: Container) -> dict[int, int]:
    """Return where programs of a container without a network of its own are to listen for its TCP ports.

    Its own number where that is free at the container's address and open to ordinary users, else another.
    """
    wanted = {*(container.config["ExposedPorts"] or {}), *(container.host_config["PortBindings"] or {})}
    numbers = sorted(int(port.partition("/")[0]) for port in wanted if not port.endswith(("/udp", "/sctp")))
    return {number: _free(container.address, number if number >= 1024 else number + LOW_PORTS_AT) for number in numbers}


def _free(address: str, preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind((address, port))
            return int(trial.getsockname()[1])
    return preferred


def mapping_commands() -> list[str]:
    """Return the commands that the embedded hosts' script can run with mapped paths."""
    lines = (STANDINS / "commands.txt").read_text().splitlines()
    return [name for line in lines if line.startswith("mapped:") for name in line.split()[1:]]


def binds(container: Container) -> list[tuple[str, str, bool]]:
    """Return what is shown in the container's root: of this machine, read-only, and its mounts."""
    shown = [("/usr", f"{MACHINE}/usr", True)]
    if has_python(container.image) or container.image.family == "httpd":
        shown += [(str(folder), str(folder), True) for folder in python_folders()]
    ordered = sorted(container.mounts, key=lambda mount: mount.destination)
    return shown + [(str(mount.real), mount.destination, mount.read_only) for mount in ordered]


def python_folders() -> list[Path]:
    """Return the folders outside ``/usr`` that the interpreter and this environment's distributions are in."""
    interpreter = distributions.interpreter().parent.parent
    folders = {interpreter, Path(sys.prefix)}
    folders |= {one.folder for name in ("ipykernel", "numpy") if (one := distributions.installed(name)) is not None}
    outside = [folder for folder in folders if not folder.is_relative_to("/usr")]
    return [one for one in outside if not any(one != other and one.is_relative_to(other) for other in outside)]


async def detect(within: Path | None = None) -> Isolation:
    """Try whether this machine grants namespaces, by starting a process in them, at home in a directory ``within``."""
    if not sys.platform.startswith("linux") or not Path("/usr/lib").is_dir() or not Path("/lib").is_symlink():
        return DIRECTORY
    with tempfile.TemporaryDirectory(prefix="namespaces-", dir=within) as root:
        spec = {
            "how": "new", "argv": [f"{MACHINE}/usr/bin/true"], "env": {}, "cwd": "/", "tty": False, "root": root,
            "binds": [("/usr", f"{MACHINE}/usr", True)], "hostname": "trial", "addresses": ["172.17.0.2", GATEWAY],
        }  # fmt: skip
        for name in ("dev/pts", "dev/shm", "usr"):
            (Path(root) / name).mkdir(parents=True)
        for name in ("lib", "lib64"):
            (Path(root) / name).symlink_to(f"{MACHINE}/usr/{name}")
        return NAMESPACES if await _succeeds(spec) else DIRECTORY


async def _succeeds(spec: Json) -> bool:
    none = asyncio.subprocess.DEVNULL
    process, control = await spawn(spec, none, none, none)
    try:
        return await process.wait() == 0
    finally:
        control.close()
