"""The verbs for images."""

# Pathlib would double the time that the command takes to start.
# ruff: noqa: PTH109, PTH110, PTH112, PTH113, PTH118, PTH123

from __future__ import annotations

import os
import sys
import time

from .client import Failed, Refused, call, get, request
from .options import Options, at_least, exactly
from .output import ago, complain, listing, say, size, table
from .paths import host_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

COLUMNS = {"Repository": "REPOSITORY", "Tag": "TAG", "ID": "IMAGE ID", "CreatedSince": "CREATED", "Size": "SIZE"}
NO_DOCKERFILE = (
    "unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat {}: no such file or directory"
)
BUILD_TABLE = """
t tag*, f file=, build-arg*, no-cache, q quiet, rm, force-rm, pull, label*, target=, network=, progress=,
platform=, memory=, m mem=, compress, squash, iidfile=, load, push
"""


def do_images(arguments: list[str]) -> int:
    """List images."""
    options, operands = Options("images", "a all, q quiet, f filter*, format=, no-trunc, digests, tree").parse(
        arguments
    )
    from .containers import filters

    asked = filters(options["filter"]) or {}
    if operands:
        asked.setdefault("reference", []).append(operands[0])
    rows = []
    for image in get("/images/json", all=options["all"], filters=asked or None):
        identity = image["Id"] if options["no-trunc"] else image["Id"].removeprefix("sha256:")[:12]
        for tag in image["RepoTags"] or ["<none>:<none>"]:
            repository, _, name = tag.rpartition(":")
            digest = next((one.partition("@")[2] for one in image["RepoDigests"] or []), "<none>")
            rows.append({
                "Repository": repository, "Tag": name, "ID": identity, "Digest": digest,
                "CreatedSince": ago(image["Created"]),
                "CreatedAt": time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(image["Created"])),
                "Size": size(image["Size"]),
            })  # fmt: skip
    columns = (
        COLUMNS if not options["digests"] else {"Repository": "REPOSITORY", "Tag": "TAG", "Digest": "DIGEST", **COLUMNS}
    )
    listing(rows, columns, options["format"], "ID" if options["quiet"] else None)
    return 0


def do_pull(arguments: list[str]) -> int:
    """Pull an image."""
    options, operands = Options("pull", "a all-tags, q quiet, platform=, disable-content-trust").parse(arguments)
    exactly("pull", operands, 1)
    name = operands[0]
    has_tag = ":" in name.rpartition("/")[2] or "@" in name
    if not has_tag and not options["quiet"]:
        say("Using default tag: latest")
    pull_image(name, stream=None if options["quiet"] else sys.stdout)
    repository = name if "/" in name else f"library/{name}"
    domain = "" if "." in repository.partition("/")[0] else "docker.io/"
    say(f"{domain}{repository}" + ("" if has_tag else ":latest"))
    return 0


def pull_image(name: str, *, stream: TextIO | None) -> None:
    """Pull an image and print the progress without its bars."""
    has_tag = ":" in name.rpartition("/")[2] or "@" in name
    sys.stdout.flush()
    response = call("POST", "/images/create", {"fromImage": name, "tag": None if has_tag else "latest"})
    for message in response.documents():
        if "error" in message:
            raise Failed(message["error"])
        if stream is not None and not message.get("progressDetail"):
            stream.write(f"{message['id']}: {message['status']}\n" if "id" in message else f"{message['status']}\n")
            stream.flush()


def do_push(arguments: list[str]) -> int:
    """Push an image."""
    _, operands = Options("push", "a all-tags, q quiet").parse(arguments)
    exactly("push", operands, 1)
    for message in call("POST", f"/images/{operands[0]}/push").documents():
        if "error" in message:
            raise Failed(message["error"])
        say(message["status"])
    return 0


def do_rmi(arguments: list[str]) -> int:
    """Remove images."""
    options, operands = Options("rmi", "f force, no-prune").parse(arguments)
    at_least("rmi", operands, 1)
    complaints = []
    for name in operands:
        try:
            for entry in call(
                "DELETE", f"/images/{name}", {"force": options["force"], "noprune": options["no-prune"]}
            ).document():
                for verb, what in entry.items():
                    say(f"{verb}: {what}")
        except Refused as refused:
            if not (options["force"] and refused.status == 404):
                complaints.append(refused.message)
    for one in complaints:
        complain(one)
    return 1 if complaints else 0


def do_tag(arguments: list[str]) -> int:
    """Give an image another tag."""
    _, operands = Options("tag", "").parse(arguments)
    exactly("tag", operands, 2)
    head, slash, last = operands[1].rpartition("/")
    repository, _, tag = last.partition(":")
    call("POST", f"/images/{operands[0]}/tag", {"repo": f"{head}{slash}{repository}", "tag": tag or None})
    return 0


def do_history(arguments: list[str]) -> int:
    """Show the history of an image."""
    options, operands = Options("history", "q quiet, no-trunc, H human, format=").parse(arguments)
    exactly("history", operands, 1)
    from .output import ellipsis

    rows = []
    for entry in get(f"/images/{operands[0]}/history"):
        identity = entry["Id"].removeprefix("sha256:")[:12]
        by = entry["CreatedBy"].replace("\t", " ")
        rows.append(
            [identity, ago(entry["Created"]), by if options["no-trunc"] else ellipsis(by, 45), size(entry["Size"]), ""]
        )
    table(["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"], rows)
    return 0


def do_search(arguments: list[str]) -> int:
    """Search the engine's library."""
    _, operands = Options("search", "f filter*, limit=, no-trunc, format=").parse(arguments)
    exactly("search", operands, 1)
    rows = [
        [one["name"], one["description"], str(one["star_count"]), "[OK]"]
        for one in get("/images/search", term=operands[0])
    ]
    table(["NAME", "DESCRIPTION", "STARS", "OFFICIAL"], rows)
    return 0


def do_commit(arguments: list[str]) -> int:
    """Make an image of a container."""
    options, operands = Options("commit", "a author=, c change*, m message=, p pause").parse(arguments)
    at_least("commit", operands, 1)
    repository, _, tag = (operands[1] if len(operands) > 1 else "").partition(":")
    parameters = {
        "container": operands[0],
        "repo": repository or None,
        "tag": tag or None,
        "comment": options["message"],
    }
    say(call("POST", "/commit", parameters, {}).document()["Id"])
    return 0


# Build


def do_build(arguments: list[str]) -> int:
    """Build an image from a directory, or from a Dockerfile on standard input."""
    options, operands = Options("build", BUILD_TABLE).parse(arguments)
    exactly("build", operands, 1)
    archive, dockerfile = _context(operands[0], options["file"])
    if not options["quiet"]:
        say(f"Sending build context to Docker daemon  {size(len(archive))}")
    pairs = (text.partition("=") for text in options["build-arg"])
    given = {name: value if equals else os.environ.get(name) for name, equals, value in pairs}
    parameters = {
        "t": options["tag"], "dockerfile": dockerfile, "nocache": options["no-cache"], "q": options["quiet"],
        "rm": True, "pull": options["pull"] or None, "buildargs": given, "target": options["target"],
        "labels": dict(text.partition("=")[::2] for text in options["label"]), "version": "1",
    }  # fmt: skip
    response = request("POST", "/build", parameters, archive)
    if response.status >= 400:
        from .client import message_of

        raise Refused(response.status, message_of(response))
    return _follow(response.documents(), options)


def _follow(messages: Any, options: dict[str, Any]) -> int:
    for message in messages:
        if "error" in message:
            sys.stdout.flush()
            raise Failed(message["error"], int(message["errorDetail"].get("code") or 1))
        if "aux" in message and options["iidfile"]:
            with open(options["iidfile"], "w") as file:
                file.write(message["aux"]["ID"])
        sys.stdout.write(message.get("stream", ""))
        sys.stdout.flush()
    return 0


def _context(place: str, file: str | None) -> tuple[bytes, str]:
    """Pack the build context, and return it with the Dockerfile's name in it."""
    import io
    import tarfile

    from .ignore import Ignore

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        if place == "-":
            _add(tar, "Dockerfile", sys.stdin.buffer.read())
            return _closed(tar, buffer), "Dockerfile"
        folder = host_path(place)
        if not os.path.isdir(folder):
            raise Failed(f'unable to prepare context: path "{place}" not found')
        name = _dockerfile(folder, file, place)
        ignore = Ignore.of(folder)
        for path in ignore.kept(folder, always={name, ".dockerignore"}):
            tar.add(os.path.join(folder, path), arcname=path, recursive=False)
        if file == "-" or name.startswith("..") or not os.path.exists(os.path.join(folder, name)):
            name = ".dockerfile.stdin"
            with sys.stdin.buffer if file == "-" else open(host_path(str(file)), "rb") as source:
                _add(tar, name, source.read())
    return buffer.getvalue(), name


def _closed(tar: Any, buffer: Any) -> bytes:
    tar.close()
    return bytes(buffer.getvalue())


def _dockerfile(folder: str, file: str | None, place: str) -> str:

    if file is None:
        if not os.path.isfile(os.path.join(folder, "Dockerfile")):
            shown = os.path.normpath(os.path.join(os.getcwd(), place))
            raise Failed(NO_DOCKERFILE.format(f"{shown}/Dockerfile"))
        return "Dockerfile"
    if file == "-":
        return "-"
    path = os.path.normpath(os.path.join(os.getcwd(), host_path(file)))
    if not os.path.isfile(path):
        raise Failed(NO_DOCKERFILE.format(path))
    return os.path.relpath(path, os.path.normpath(os.path.join(os.getcwd(), folder)))


def _add(tar: Any, name: str, data: bytes) -> None:
    import io
    import tarfile

    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
