"""``docker cp``."""

# Pathlib would double the time that the command takes to start.
# ruff: noqa: PTH112, PTH118, PTH119, PTH120

from __future__ import annotations

import io
import json
import os
import sys

from .client import Failed, call, get, request
from .options import Options, exactly
from .paths import host_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def do_cp(arguments: list[str]) -> int:
    """Copy files between a container and the host."""
    options, operands = Options("cp", "a archive, L follow-link, q quiet").parse(arguments)
    exactly("cp", operands, 2)
    source, target = (_place(text) for text in operands)
    if source[0] and target[0]:
        raise Failed("copying between containers is not supported")
    if not source[0] and not target[0]:
        raise Failed("must specify at least one container source")
    if source[0]:
        _copy_out(source[0], source[1], target[1])
    else:
        _copy_in(source[1], target[0], target[1], options["follow-link"])
    return 0


def _place(text: str) -> tuple[str, str]:
    name, colon, path = text.partition(":")
    return (name, path) if colon and not text.startswith((".", "/")) else ("", text)


def _copy_out(name: str, path: str, target: str) -> None:
    import tarfile

    response = call("GET", f"/containers/{name}/archive", {"path": path})
    if target == "-":
        sys.stdout.flush()
        for piece in response.pieces():
            os.write(1, piece)
        return
    place = host_path(target)
    into = os.path.isdir(place)
    if not into and target.endswith("/"):
        raise Failed(f'destination "{target}" must be a directory')
    rule: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11.2 has no filters
    with tarfile.open(fileobj=io.BytesIO(response.read())) as tar:
        first = tar.getmembers()[0].name
        for member in tar.getmembers():
            rest = member.name[len(first) :].lstrip("/")
            own = os.path.basename(path.rstrip("/")) if into and not path.endswith("/.") else ""
            member.name = os.path.join(own or ("" if into else os.path.basename(place)), rest) or "."
            tar.extract(member, place if into else os.path.dirname(place) or ".", **rule)


def _copy_in(source: str, name: str, path: str, follow: bool) -> None:
    import tarfile

    if source == "-":
        call("PUT", f"/containers/{name}/archive", {"path": path}, sys.stdin.buffer.read())
        return
    place = host_path(source)
    if not os.path.lexists(place):
        raise Failed(f"lstat {source}: no such file or directory")
    is_folder = _stat_is_folder(name, path)
    folder, own = (path, os.path.basename(os.path.normpath(place))) if is_folder else os.path.split(path.rstrip("/"))
    if is_folder and source.endswith("/."):
        own = "."
    elif not is_folder and path.endswith("/") and not os.path.isdir(place):
        raise Failed(f"no such directory: {path}")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=follow) as tar:
        tar.add(place, arcname=own)
    call("PUT", f"/containers/{name}/archive", {"path": folder or "/", "noOverwriteDirNonDir": True}, buffer.getvalue())


def _stat_is_folder(name: str, path: str) -> bool:
    import base64

    response = request("HEAD", f"/containers/{name}/archive", {"path": path})
    header = response.headers.get("x-docker-container-path-stat")
    if header is None:
        get(f"/containers/{name}/json")
        return False
    return bool(json.loads(base64.b64decode(header))["mode"] >> 31 & 1)
