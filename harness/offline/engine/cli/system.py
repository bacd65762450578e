"""The verbs for the engine itself, volumes and networks; ``inspect``."""

from __future__ import annotations

import json
import os
import select
import sys
import time

from . import templates
from .client import CHUNK, Refused, call, connect, get, request
from .containers import each, filters
from .options import Options, at_least, exactly
from .output import complain, listing, say, table, unescaped
from .running import dump
from .streams import moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def do_version(arguments: list[str]) -> int:
    """Show the versions of command and engine."""
    options, _ = Options("version", "f format=").parse(arguments)
    from .main import VERSION

    client = {"Version": VERSION, "ApiVersion": "1.47", "Os": "linux", "Arch": "amd64", "Context": "default"}
    if options["format"]:
        document = {"Client": client, "Server": get("/version")}
        say(
            json.dumps(document)
            if options["format"] == "json"
            else templates.render(unescaped(options["format"]), document)
        )
        return 0
    say(
        f"Client: Docker stand-in (embedded)\n Version:           {VERSION}\n API version:       1.47\n"
        " OS/Arch:           linux/amd64\n"
    )
    server = get("/version")
    say(
        f"Server: {server['Platform']['Name']}\n Engine:\n  Version:          {server['Version']}\n"
        f"  API version:      {server['ApiVersion']} (minimum version {server['MinAPIVersion']})\n"
        f"  OS/Arch:          {server['Os']}/{server['Arch']}\n  Experimental:     false"
    )
    return 0


def do_info(arguments: list[str]) -> int:
    """Show what the engine has."""
    options, _ = Options("info", "f format=").parse(arguments)
    info = get("/info")
    if options["format"]:
        say(json.dumps(info) if options["format"] == "json" else templates.render(unescaped(options["format"]), info))
        return 0
    say(
        f"Client: Docker stand-in (embedded)\n Context:    default\n\nServer:\n Containers: {info['Containers']}\n"
        f"  Running: {info['ContainersRunning']}\n  Paused: {info['ContainersPaused']}\n"
        f"  Stopped: {info['ContainersStopped']}\n"
        f" Images: {info['Images']}\n Server Version: {info['ServerVersion']}\n Storage Driver: {info['Driver']}\n"
        f" Operating System: {info['OperatingSystem']}\n OSType: linux\n CPUs: {info['NCPU']}\n Name: {info['Name']}\n"
        f" Docker Root Dir: {info['DockerRootDir']}"
    )
    for warning in info["Warnings"]:
        complain(f"WARNING: {warning}")
    return 0


def do_events(arguments: list[str]) -> int:
    """Print what happens."""
    options, _ = Options("events", "since=, until=, f filter*, format=").parse(arguments)
    asked = {
        "since": moment(options["since"]),
        "until": moment(options["until"]),
        "filters": filters(options["filter"]),
    }
    for event in call("GET", "/events", asked).documents():
        form = options["format"]
        if form and form != "json":
            say(templates.render(unescaped(form), event | {"ID": event["Actor"]["ID"]}))
        else:
            say(json.dumps(event) if form else _event_line(event))
        sys.stdout.flush()
    return 0


def _event_line(event: dict[str, Any]) -> str:
    nanos = event["timeNano"]
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanos // 10**9)) + f".{nanos % 10**9:09}Z"
    attributes = ", ".join(f"{name}={value}" for name, value in sorted(event["Actor"]["Attributes"].items()))
    return f"{when} {event['Type']} {event['Action']} {event['Actor']['ID']}" + (
        f" ({attributes})" if attributes else ""
    )


def do_login(arguments: list[str]) -> int:
    """Refuse to log in: no registry is reached from here."""
    Options("login", "u username=, p password=, password-stdin").parse(arguments)
    call("POST", "/auth", None, {"username": "", "password": ""})
    return 1


def do_logout(arguments: list[str]) -> int:
    """Log out, which nobody was logged in for."""
    _, operands = Options("logout", "").parse(arguments)
    say(f"Removing login credentials for {operands[0] if operands else 'https://index.docker.io/v1/'}")
    return 0


# Inspect


def do_inspect(arguments: list[str]) -> int:
    """Show the documents of containers, images, volumes and networks."""
    options, operands = Options("inspect", "f format=, type=, s size").parse(arguments)
    at_least("inspect", operands, 1)
    kinds = [options["type"]] if options["type"] else ["container", "image", "network", "volume"]
    return inspect(operands, kinds, options["format"])


def inspect(names: list[str], kinds: list[str], form: str | None) -> int:
    """Print documents, each found among the kinds in their order."""
    found, complaints = [], []
    for name in names:
        document = _find(name, kinds)
        if document is None:
            complaints.append(f"Error: No such {'object' if len(kinds) > 1 else kinds[0]}: {name}")
        else:
            found.append(document)
    if form is None:
        say(dump(found) if found else "[]")
    else:
        for document in found:
            say(
                json.dumps(document, separators=(",", ":"))
                if form == "json"
                else templates.render(unescaped(form), document)
            )
    for one in complaints:
        complain(one)
    return 1 if complaints else 0


PATHS = {
    "container": "/containers/{}/json",
    "image": "/images/{}/json",
    "network": "/networks/{}",
    "volume": "/volumes/{}",
}


def _find(name: str, kinds: list[str]) -> Any:
    for kind in kinds:
        response = request("GET", PATHS[kind].format(name))
        if response.status == 200:
            return response.document()
        if response.status not in {404, 400}:
            raise Refused(response.status, str(response.document()["message"]))
    return None


# docker system …


def do_system_dial_stdio(_arguments: list[str]) -> int:
    """Pass standard input on to the engine's socket, and what it answers to standard output, until both have ended."""
    handle = connect()
    sources: list[Any] = [handle, 0]
    while handle in sources:
        ready = select.select(sources, [], [])[0]
        if handle in ready:
            data = handle.recv(CHUNK)
            if not data:
                sources.remove(handle)
            while data:
                data = data[os.write(1, data) :]
        if 0 in ready:
            data = os.read(0, CHUNK)
            if data:
                handle.sendall(data)
            else:
                sources.remove(0)
                handle.shutdown(1)
    return 0


def do_system_info(arguments: list[str]) -> int:
    """Show what the engine has."""
    return do_info(arguments)


def do_system_events(arguments: list[str]) -> int:
    """Print what happens."""
    return do_events(arguments)


def do_system_df(arguments: list[str]) -> int:
    """Show what takes space."""
    Options("system df", "v verbose, format=").parse(arguments)
    from .output import size

    usage = get("/system/df")
    running = sum(one["State"] == "running" for one in usage["Containers"])
    used = sum(one["Containers"] > 0 for one in usage["Images"])
    rows = [
        ["Images", str(len(usage["Images"])), str(used), size(usage["LayersSize"])],
        ["Containers", str(len(usage["Containers"])), str(running), "0B"],
        [
            "Local Volumes",
            str(len(usage["Volumes"])),
            str(sum(one["UsageData"]["RefCount"] > 0 for one in usage["Volumes"])),
            "0B",
        ],
        ["Build Cache", "0", "0", "0B"],
    ]
    table(["TYPE", "TOTAL", "ACTIVE", "SIZE"], rows)
    return 0


# docker volume …, docker network …


def do_volume_ls(arguments: list[str]) -> int:
    """List volumes."""
    options, _ = Options("volume ls", "q quiet, f filter*, format=").parse(arguments)
    rows = get("/volumes", filters=filters(options["filter"]))["Volumes"]
    listing(rows, {"Driver": "DRIVER", "Name": "VOLUME NAME"}, options["format"], "Name" if options["quiet"] else None)
    return 0


def do_volume_create(arguments: list[str]) -> int:
    """Create a volume."""
    options, operands = Options("volume create", "d driver=, label*, o opt*, name=").parse(arguments)
    labels = dict(text.partition("=")[::2] for text in options["label"])
    body = {
        "Name": operands[0] if operands else options["name"] or "",
        "Driver": options["driver"] or "local",
        "Labels": labels,
    }
    say(call("POST", "/volumes/create", None, body).document()["Name"])
    return 0


def do_volume_rm(arguments: list[str]) -> int:
    """Remove volumes."""
    options, operands = Options("volume rm", "f force").parse(arguments)
    at_least("volume rm", operands, 1)
    return each(operands, lambda name: call("DELETE", f"/volumes/{name}", {"force": options["force"]}).read())


def do_volume_inspect(arguments: list[str]) -> int:
    """Show volumes."""
    options, operands = Options("volume inspect", "f format=").parse(arguments)
    at_least("volume inspect", operands, 1)
    return inspect(operands, ["volume"], options["format"])


def do_network_ls(arguments: list[str]) -> int:
    """List networks."""
    options, _ = Options("network ls", "q quiet, f filter*, format=, no-trunc").parse(arguments)
    found = get("/networks", filters=filters(options["filter"]))
    rows = [one | {"ID": one["Id"] if options["no-trunc"] else one["Id"][:12]} for one in found]
    columns = {"ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE"}
    listing(rows, columns, options["format"], "ID" if options["quiet"] else None)
    return 0


def do_network_create(arguments: list[str]) -> int:
    """Create a network."""
    options, operands = Options("network create", "d driver=, label*, subnet*, gateway*, internal, attachable").parse(
        arguments
    )
    exactly("network create", operands, 1)
    say(
        call(
            "POST", "/networks/create", None, {"Name": operands[0], "Driver": options["driver"] or "bridge"}
        ).document()["Id"]
    )
    return 0


def do_network_rm(arguments: list[str]) -> int:
    """Remove networks."""
    _, operands = Options("network rm", "f force").parse(arguments)
    at_least("network rm", operands, 1)
    return each(operands, lambda name: call("DELETE", f"/networks/{name}").read())


def do_network_inspect(arguments: list[str]) -> int:
    """Show networks."""
    options, operands = Options("network inspect", "f format=, v verbose").parse(arguments)
    at_least("network inspect", operands, 1)
    return inspect(operands, ["network"], options["format"])
