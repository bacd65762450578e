"""The verbs for containers that exist."""

# Pathlib would double the time that the command takes to start.

from __future__ import annotations

import json

from .client import Failed, Refused, call, get
from .options import Options, at_least, exactly
from .output import ago, complain, ellipsis, listing, say, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PS_COLUMNS = {
    "ID": "CONTAINER ID", "Image": "IMAGE", "Command": "COMMAND", "CreatedAgo": "CREATED", "Status": "STATUS",
    "Ports": "PORTS", "Names": "NAMES",
}  # fmt: skip


def filters(given: list[str]) -> dict[str, list[str]] | None:
    """Return ``--filter`` options as the API takes them."""
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise Failed('invalid argument "' + text + '" for "-f, --filter" flag: invalid filter \'' + text + "'", 125)
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found or None


def do_ps(arguments: list[str]) -> int:
    """List containers."""
    options, operands = Options("ps", "a all, q quiet, f filter*, format=, no-trunc, n last=, l latest, s size").parse(
        arguments
    )
    exactly("ps", operands, 0)
    limit = 1 if options["latest"] else int(options["last"] or -1)
    found = get(
        "/containers/json", all=options["all"], limit=limit if limit > 0 else None, filters=filters(options["filter"])
    )
    rows = [_row(one, whole=options["no-trunc"]) for one in found]
    columns = {**PS_COLUMNS, **({"Size": "SIZE"} if options["size"] else {})}
    listing(rows, columns, options["format"], "ID" if options["quiet"] else None)
    return 0


def _row(one: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    created = one["Created"]
    command = one["Command"] if whole else ellipsis(one["Command"], 20)
    image = one["Image"]
    if image.startswith("sha256:") and not whole:
        image = image[7:19]
    import time

    return {
        "ID": one["Id"] if whole else one["Id"][:12], "Image": image,
        "Command": json.dumps(command, ensure_ascii=False),
        "CreatedAt": time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(created)), "RunningFor": ago(created),
        "CreatedAgo": ago(created), "Status": one["Status"], "State": one["State"], "Ports": ports_text(one["Ports"]),
        "Names": ",".join(name.lstrip("/") for name in one["Names"]), "Size": "0B",
        "Labels": ",".join(f"{k}={v}" for k, v in one["Labels"].items()),
        "Networks": ",".join(one["NetworkSettings"]["Networks"]),
        "Mounts": ",".join(mount.get("Name") or mount["Source"] for mount in one["Mounts"]), "LocalVolumes": "0",
    }  # fmt: skip


def ports_text(ports: list[dict[str, Any]]) -> str:
    """Return the ports column."""
    texts = []
    for port in sorted(ports, key=lambda p: (p["PrivatePort"], p.get("PublicPort", 0))):
        inner = f"{port['PrivatePort']}/{port['Type']}"
        texts.append(f"{port['IP']}:{port['PublicPort']}->{inner}" if "PublicPort" in port else inner)
    return ", ".join(texts)


def each(names: list[str], action: Callable[[str], object]) -> int:
    """Do something to several things, name those it was done to, and then tell what was refused."""
    complaints = []
    for name in names:
        try:
            action(name)
        except Refused as refused:
            complaints.append(refused.message)
        else:
            say(name)
    for one in complaints:
        complain(one)
    return 1 if complaints else 0


def _verb(
    name: str, table_of_options: str, arguments: list[str], parameters: Callable[[dict[str, Any]], dict[str, Any]]
) -> int:
    options, operands = Options(name, table_of_options).parse(arguments)
    at_least(name, operands, 1)
    return each(operands, lambda one: call("POST", f"/containers/{one}/{name}", parameters(options)).read())


def do_stop(arguments: list[str]) -> int:
    """Stop containers."""
    return _verb(
        "stop",
        "t time=, timeout=, s signal=",
        arguments,
        lambda o: {"t": o["time"] or o["timeout"], "signal": o["signal"]},
    )


def do_restart(arguments: list[str]) -> int:
    """Restart containers."""
    return _verb(
        "restart",
        "t time=, timeout=, s signal=",
        arguments,
        lambda o: {"t": o["time"] or o["timeout"], "signal": o["signal"]},
    )


def do_kill(arguments: list[str]) -> int:
    """Send a signal to containers."""
    return _verb("kill", "s signal=", arguments, lambda o: {"signal": o["signal"]})


def do_pause(arguments: list[str]) -> int:
    """Pause containers."""
    return _verb("pause", "", arguments, lambda _: {})


def do_unpause(arguments: list[str]) -> int:
    """Let paused containers go on."""
    return _verb("unpause", "", arguments, lambda _: {})


def do_rm(arguments: list[str]) -> int:
    """Remove containers; with ``--force`` one that is not there is no failure."""
    options, operands = Options("rm", "f force, v volumes, l link").parse(arguments)
    at_least("rm", operands, 1)
    absent = []

    def remove(name: str) -> None:
        try:
            call("DELETE", f"/containers/{name}", {"force": options["force"], "v": options["volumes"]})
        except Refused as refused:
            absent.append(refused.status == 404)
            raise

    code = each(operands, remove)
    return 0 if options["force"] and all(absent) else code


def do_wait(arguments: list[str]) -> int:
    """Wait for containers to end and print their exit codes."""
    _, operands = Options("wait", "").parse(arguments)
    at_least("wait", operands, 1)
    for name in operands:
        say(str(next(call("POST", f"/containers/{name}/wait").documents())["StatusCode"]))
    return 0


def do_rename(arguments: list[str]) -> int:
    """Rename a container."""
    _, operands = Options("rename", "").parse(arguments)
    exactly("rename", operands, 2)
    call("POST", f"/containers/{operands[0]}/rename", {"name": operands[1]})
    return 0


def do_update(arguments: list[str]) -> int:
    """Change the restart policy of containers."""
    options, operands = Options("update", "restart=, m memory=, cpus=, c cpu-shares=").parse(arguments)
    at_least("update", operands, 1)
    name, _, retries = (options["restart"] or "").partition(":")
    policy = {"Name": name, "MaximumRetryCount": int(retries or 0)}
    return each(operands, lambda one: call("POST", f"/containers/{one}/update", None, {"RestartPolicy": policy}).read())


def do_port(arguments: list[str]) -> int:
    """List the published ports of a container."""
    _, operands = Options("port", "").parse(arguments)
    at_least("port", operands, 1)
    ports = get(f"/containers/{operands[0]}/json")["NetworkSettings"]["Ports"] or {}
    wanted = operands[1] if len(operands) > 1 else None
    if wanted is not None:
        wanted = wanted if "/" in wanted else f"{wanted}/tcp"
        if not ports.get(wanted):
            raise Failed(f"Error: No public port '{wanted}' published for {operands[0]}")
    for port, hosts in sorted(ports.items()):
        for host in hosts or []:
            where = f"{host['HostIp']}:{host['HostPort']}"
            if wanted is None:
                say(f"{port} -> {where}")
            elif port == wanted:
                say(where)
    return 0


def do_top(arguments: list[str]) -> int:
    """Show the processes of a container."""
    if not arguments:
        at_least("top", arguments, 1)
    name, *rest = arguments
    found = get(f"/containers/{name}/top", ps_args=" ".join(rest) or None)
    table(found["Titles"], found["Processes"])
    return 0


def do_stats(arguments: list[str]) -> int:
    """Show once what containers use."""
    _, operands = Options("stats", "no-stream, a all, format=, no-trunc").parse(arguments)
    names = operands or [one["Id"] for one in get("/containers/json")]
    rows = []
    for name in names:
        found = get(f"/containers/{name}/stats", stream=False)
        memory = found["memory_stats"].get("usage", 0) / 2**20
        rows.append(
            [
                found["id"][:12],
                found["name"].lstrip("/"),
                f"{memory:.2f}MiB",
                str(found["pids_stats"].get("current", 0)),
            ]
        )
    table(["CONTAINER ID", "NAME", "MEM USAGE", "PIDS"], rows)
    return 0
