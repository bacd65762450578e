"""The build context: the archive that a client sends, and copying files out of it."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

from harness.offline.engine.errors import ApiError, bad_parameter
from harness.offline.engine.untar import extract_all


class CopyFailed(Exception):
    """Says what a COPY or ADD did not find or may not do."""


BLOCK = 512


def unpack(archive: bytes, folder: Path) -> None:
    """Unpack a context; raises 400 where it is no archive.

    Where docker's command puts a Dockerfile from elsewhere into the context, the archive ends with the last byte of its
    last file: neither the file's block nor the archive is brought to its end.
    """
    whole = archive + bytes(-len(archive) % BLOCK + 2 * BLOCK)
    try:
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:*") as tar:
            extract_all(tar, folder, "tar")
    except tarfile.ReadError:
        raise bad_parameter("Error processing tar file(exit status 1): unexpected EOF") from None
    except tarfile.TarError as refused:
        raise ApiError(500, f"Error processing tar file(exit status 1): {refused}") from None


def find(root: Path, pattern: str) -> list[Path]:
    """Return what a source of COPY names below a directory, sorted; raises :class:`CopyFailed` for nothing."""
    relative = Path(pattern.lstrip("/"))
    if ".." in relative.parts:
        raise CopyFailed(f"forbidden path outside the build context: {pattern} ()")
    if not any(sign in pattern for sign in "*?["):
        if not (root / relative).exists():
            raise CopyFailed(
                f"file not found in build context or excluded by .dockerignore: stat {pattern}: file does not exist"
            )
        return [root / relative]
    folder = root / relative.parent
    matched = (
        sorted(path for path in folder.iterdir() if fnmatch.fnmatchcase(path.name, relative.name))
        if folder.is_dir()
        else []
    )
    if not matched:
        raise CopyFailed("no source files were specified")
    return matched


def checksum(paths: Iterable[Path]) -> str:
    """Return a digest of files: their names, modes and contents."""
    digest = hashlib.sha256()
    for path in paths:
        for one in sorted([path, *path.rglob("*")] if path.is_dir() else [path]):
            digest.update(f"{one.relative_to(path.parent)}\0{one.lstat().st_mode}\0".encode())
            if one.is_file() and not one.is_symlink():
                digest.update(one.read_bytes())
    return digest.hexdigest()


def copy(sources: list[Path], destination: Path, *, into: bool, extract: bool) -> None:
    """Copy files and the contents of directories; ``into`` means that the destination is a directory."""
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)
        elif extract and _is_archive(source):
            destination.mkdir(parents=True, exist_ok=True)
            with tarfile.open(source) as tar:
                extract_all(tar, destination, "tar")
        else:
            target = destination / source.name if into else destination
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _is_archive(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except OSError:
        return False
