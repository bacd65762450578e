"""Paths inside a container, and what they are on this machine."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from harness.offline.engine.model import Mount

LINKS_FOLLOWED = 40
MACHINE = "/.machine"
"""Where a container in namespaces sees this machine's ``/usr``, below which its commands and libraries are."""


class View:
    """The file system of one container: its directory, and the mounts laid over it."""

    def __init__(self, root: Path, mounts: Sequence[Mount] = ()) -> None:
        self.root = root
        self.mounts = sorted(mounts, key=lambda mount: -len(mount.destination))

    def physical(self, path: str) -> Path:
        """Map a path without links or ``..``."""
        for mount in self.mounts:
            if path == mount.destination or path.startswith(mount.destination.rstrip("/") + "/"):
                return mount.real / path[len(mount.destination) :].lstrip("/")
        if path.startswith(f"{MACHINE}/"):
            return Path(path[len(MACHINE) :])
        return self.root / path.lstrip("/")

    def real(self, path: str, *, follow_last: bool = True) -> Path:
        """Map any path; links are followed as the container would, and never lead out of it.

        Parts that do not exist map to where they would be. Raises ``OSError`` for a loop of links.
        """
        waiting, done, followed = _parts(path), "/", 0
        while waiting:
            part = waiting.pop(0)
            if part == "..":
                done = posixpath.dirname(done)
                continue
            here = posixpath.join(done, part)
            physical = self.physical(here)
            if self._is_link(here, physical) and (waiting or follow_last):
                if (followed := followed + 1) > LINKS_FOLLOWED:
                    raise OSError(f"too many links in {path}")
                target = self._target(physical)
                waiting = _parts(target) + waiting
                done = "/" if target.startswith("/") else done
            else:
                done = here
        return self.physical(done)

    def _target(self, link: Path) -> str:
        """Return where a link leads; without namespaces the engine's own links carry the root's path."""
        target = link.readlink().as_posix()
        return target.removeprefix(str(self.root)) if target.startswith(f"{self.root}/") else target

    def _is_link(self, path: str, physical: Path) -> bool:
        if path.startswith(f"{MACHINE}/") or any(mount.destination == path for mount in self.mounts):
            return False
        return physical.is_symlink()

    def read_only(self, path: str) -> bool:
        """Tell whether a path lies on a mount that must not be written."""
        found = next((m for m in self.mounts if f"{path}/".startswith(m.destination.rstrip("/") + "/")), None)
        return found is not None and found.read_only


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]
