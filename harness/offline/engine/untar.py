"""Unpacking archives that somebody else made."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Literal


def extract_all(tar: tarfile.TarFile, folder: Path, rule: Literal["data", "tar"]) -> None:
    """Unpack into a folder and nowhere else; ``rule`` is a filter of PEP 706.

    Raises ``tarfile.TarError`` for a member that leads out of the folder. Debian 12's Python 3.11.2 has no
    filters yet: there each member's place is looked at before it is written.
    """
    if hasattr(tarfile, "data_filter"):
        tar.extractall(folder, filter=rule)  # noqa: S202 - the filter is what makes it safe
        return
    folder.mkdir(parents=True, exist_ok=True)
    inside = folder.resolve()
    for member in tar:
        member.name = member.name.lstrip("/")
        _keep_inside(inside, member)
        tar.extract(member, folder, set_attrs=not member.issym())


def _keep_inside(folder: Path, member: tarfile.TarInfo) -> None:
    place = folder / member.name
    places = [place.parent.resolve() / place.name]
    if member.issym():
        places.append((place.parent / member.linkname).resolve())
    elif member.islnk():
        places.append((folder / member.linkname).resolve())
    elif not (member.isfile() or member.isdir()):
        raise tarfile.TarError(f"{member.name!r} is a special file")
    for target in places:
        if ".." in Path(member.name).parts or not target.is_relative_to(folder):
            raise tarfile.TarError(f"{member.name!r} would be extracted outside the destination")
