"""``/containers/NAME/archive``: copying files into and out of a container (``docker cp``)."""

from __future__ import annotations

import asyncio
import base64
import datetime
import io
import json
import os
import stat
import tarfile
from pathlib import Path, PurePosixPath

from aiohttp import web

from harness.offline.engine import filters
from harness.offline.engine.creation import clean
from harness.offline.engine.errors import ApiError, bad_parameter, unsupported
from harness.offline.engine.files import View
from harness.offline.engine.model import Container, Json
from harness.offline.engine.naming import timestamp
from harness.offline.engine.store import Store
from harness.offline.engine.untar import extract_all

GO_DIRECTORY, GO_LINK = 1 << 31, 1 << 27


class ArchivesApi:
    """Handlers of the archive's routes."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without the version before them."""
        place = "/containers/{name}/archive"
        return [
            web.head(place, self.head), web.get(place, self.get, allow_head=False), web.put(place, self.put),
            web.get("/containers/{name}/export", self.export),
        ]  # fmt: skip

    async def head(self, request: web.Request) -> web.StreamResponse:
        _, header = self._look(request)
        return web.Response(headers=header)

    async def get(self, request: web.Request) -> web.StreamResponse:
        path, header = self._look(request)
        name = PurePosixPath(clean(request.query["path"])).name or "/"
        data = await asyncio.to_thread(_archive, path, name)
        return web.Response(body=data, headers=header, content_type="application/x-tar")

    def _look(self, request: web.Request) -> tuple[Path, dict[str, str]]:
        container, text = self.store.container(request.match_info["name"]), request.query.get("path", "")
        if not text:
            raise bad_parameter("missing path query parameter")  # the engine's words differ by version
        path = _real(container, text, follow=text.endswith("/"))
        try:
            found = path.lstat()
        except OSError:
            raise ApiError(404, f"Could not find the file {text} in container {container.id}") from None
        document = _describe(path, found, PurePosixPath(clean(text)).name or "/")
        encoded = base64.b64encode(json.dumps(document).encode()).decode()
        return path, {"X-Docker-Container-Path-Stat": encoded}

    async def put(self, request: web.Request) -> web.StreamResponse:
        container, text = self.store.container(request.match_info["name"]), request.query.get("path", "")
        folder = _real(container, text, follow=True)
        if not folder.exists():
            raise ApiError(404, f"Could not find the file {text} in container {container.id}")
        if not folder.is_dir():
            raise bad_parameter("extraction point is not a directory")
        view = View(container.root, container.mounts)
        if view.read_only(clean(text)):
            raise ApiError(403, "mounted volume is marked read-only")
        if container.host_config["ReadonlyRootfs"]:
            raise ApiError(403, "container rootfs is marked read-only")
        view.writable(text)
        data = await request.read()
        await asyncio.to_thread(_extract, data, folder, filters.flag(request.query, "noOverwriteDirNonDir"))
        return web.Response(status=200)

    async def export(self, request: web.Request) -> web.StreamResponse:
        self.store.container(request.match_info["name"])
        raise unsupported("exporting a container")


def _real(container: Container, text: str, *, follow: bool) -> Path:
    try:
        return View(container.root, container.mounts).real(text, follow_last=follow)
    except OSError:
        raise ApiError(404, f"Could not find the file {text} in container {container.id}") from None


def _describe(path: Path, found: os.stat_result, name: str) -> Json:
    """Return the file's description, its mode as Go writes it."""
    mode = stat.S_IMODE(found.st_mode) & 0o777
    mode |= GO_DIRECTORY if stat.S_ISDIR(found.st_mode) else 0
    link = ""
    if stat.S_ISLNK(found.st_mode):
        mode, link = mode | GO_LINK, str(path.readlink())
    changed = timestamp(datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC))
    return {"name": name, "size": found.st_size, "mode": mode, "mtime": changed, "linkTarget": link}


def _archive(path: Path, name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(path, arcname=name, filter=_as_root)
    return buffer.getvalue()


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _extract(data: bytes, folder: Path, keep_kinds: bool) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as tar:
            for member in tar.getmembers():
                there = folder / member.name
                if keep_kinds and there.exists() and there.is_dir() != member.isdir():
                    kinds = ("directory", "non-directory") if there.is_dir() else ("non-directory", "directory")
                    raise bad_parameter(f"cannot overwrite {kinds[0]} {there.name!r} with {kinds[1]}")
            extract_all(tar, folder, "data")
    except tarfile.TarError as wrong:
        raise bad_parameter(f"Error processing tar file(exit status 1): {wrong}") from None
