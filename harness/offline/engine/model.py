"""What the engine keeps: images, containers, exec instances, volumes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.offline.engine.naming import ZERO_TIME

Json = dict[str, Any]


@dataclass
class Image:
    """An image: its configuration, and what this engine must know to lay out a container of it.

    ``family`` is the library image at its root. ``layers`` are directories whose files are copied over the family's
    skeleton, in order. ``apt`` and ``pip`` are what its RUN lines installed, by name.
    """

    id: str
    family: str
    release: str
    config: Json
    created: str
    size: int
    parent: str = ""
    tags: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)
    diff_ids: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    apt: list[str] = field(default_factory=list)
    pip: list[str] = field(default_factory=list)
    comment: str = ""


@dataclass
class Mount:
    """A mount of a container; ``source`` is the host's path as its users see it, ``real`` that of this machine."""

    kind: str
    source: str
    real: Path
    destination: str
    read_only: bool = False
    name: str | None = None
    anonymous: bool = False


@dataclass
class State:
    """The state of a container, in the fields of its inspect document."""

    running: bool = False
    paused: bool = False
    restarting: bool = False
    removing: bool = False
    dead: bool = False
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    started: str = ZERO_TIME
    finished: str = ZERO_TIME

    @property
    def status(self) -> str:
        """Return the one word that moby derives from the fields."""
        for word in ("paused", "restarting", "running", "removing", "dead"):
            if getattr(self, word):
                return word
        return "created" if self.started == ZERO_TIME else "exited"


@dataclass
class Container:
    """A container; what is not of its documents is in ``harness.offline.engine.containers``."""

    id: str
    name: str
    image: Image
    image_name: str
    created: str
    config: Json
    host_config: Json
    directory: Path
    mounts: list[Mount]
    address: str
    state: State = field(default_factory=State)
    restart_count: int = 0
    ports: dict[str, list[Json]] = field(default_factory=dict)
    networks: Json = field(default_factory=dict)
    listens: dict[int, int] = field(default_factory=dict)
    """Without namespaces: at which port of ``address`` a program of the container listens for one of its ports."""
    execs: list[str] = field(default_factory=list)
    stopped_by_hand: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def root(self) -> Path:
        """Return the directory that is the container's ``/``."""
        return self.directory / "rootfs"

    @property
    def tty(self) -> bool:
        return bool(self.config["Tty"])

    @property
    def hostname(self) -> str:
        return str(self.config["Hostname"])


@dataclass
class Exec:
    """A command to be run in a running container."""

    id: str
    container: Container
    config: Json
    running: bool = False
    exit_code: int | None = None
    pid: int = 0
    started: bool = False


@dataclass
class Volume:
    """A named or anonymous volume."""

    name: str
    real: Path
    mountpoint: str
    created: str
    labels: dict[str, str] | None = None
    options: dict[str, str] | None = None
    anonymous: bool = False
