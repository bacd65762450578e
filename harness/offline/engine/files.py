"""Paths inside a container, and what they are on this machine."""

from __future__ import annotations

import errno
import os
import posixpath
import shutil
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

    def writable(self, path: str) -> Path:
        """Map a path that is to be written; raises ``OSError`` for what the container may not change."""
        found = self.real(path)
        inside = [self.root, *(mount.real for mount in self.mounts if not mount.read_only)]
        if not any(found == place or found.is_relative_to(place) for place in inside):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        return found

    def read_only(self, path: str) -> bool:
        """Tell whether a path lies on a mount that must not be written."""
        found = next((m for m in self.mounts if f"{path}/".startswith(m.destination.rstrip("/") + "/")), None)
        return found is not None and found.read_only


def lay_over(source: Path, root: Path) -> None:
    """Copy the files of a layer over a container's root.

    Nothing is written through a link, neither of the layer nor of the root: both may lead out. A directory stays one.
    """
    view = View(root)
    for here, folders, files in os.walk(source):
        inside = "/" + os.path.relpath(here, source)
        for name in [*folders, *files]:
            one, path = Path(here) / name, posixpath.normpath(posixpath.join(inside, name))
            target = view.writable(posixpath.dirname(path)) / name
            if one.is_dir() and not one.is_symlink():
                view.writable(path).mkdir(parents=True, exist_ok=True)
            elif target.is_symlink() or not target.is_dir():
                target.unlink(missing_ok=True)
                shutil.copy2(one, target, follow_symlinks=False)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]
