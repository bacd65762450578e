"""The verbs for containers that exist."""

from __future__ import annotations

import io
import json
import os
import sys

from .client import Failed, Refused, call, get, request, take_over
from .options import Options, at_least, exactly
from .output import ago, complain, ellipsis, listing, say, table
from .running import host_path, pass_signals, start_code, stay
from .terminal import Demultiplexer, check_terminal, converse, detach_keys, resize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PS_COLUMNS = {
    "ID": "CONTAINER ID", "Image": "IMAGE", "Command": "COMMAND", "CreatedAgo": "CREATED", "Status": "STATUS", "Ports": "PORTS",
    "Names": "NAMES",
}  # fmt: skip


def filters(given: list[str]) -> dict[str, list[str]] | None:
    """Return ``--filter`` options as the API takes them."""
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise Failed("invalid argument \"" + text + '" for "-f, --filter" flag: invalid filter \'' + text + "'", 125)
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found or None


def do_ps(arguments: list[str]) -> int:
    """List containers."""
    options, operands = Options("ps", "a all, q quiet, f filter*, format=, no-trunc, n last=, l latest, s size").parse(arguments)
    exactly("ps", operands, 0)
    limit = 1 if options["latest"] else int(options["last"] or -1)
    found = get("/containers/json", all=options["all"], limit=limit if limit > 0 else None, filters=filters(options["filter"]))
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
        "ID": one["Id"] if whole else one["Id"][:12], "Image": image, "Command": json.dumps(command, ensure_ascii=False),
        "CreatedAt": time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(created)), "RunningFor": ago(created),
        "CreatedAgo": ago(created), "Status": one["Status"], "State": one["State"], "Ports": ports_text(one["Ports"]),
        "Names": ",".join(name.lstrip("/") for name in one["Names"]), "Size": "0B",
        "Labels": ",".join(f"{k}={v}" for k, v in one["Labels"].items()), "Networks": ",".join(one["NetworkSettings"]["Networks"]),
        "Mounts": ",".join(mount.get("Name") or mount["Source"] for mount in one["Mounts"]), "LocalVolumes": "0",
    }  # fmt: skip


def ports_text(ports: list[dict[str, Any]]) -> str:
    """Return the ports column."""
    texts = []
    for port in sorted(ports, key=lambda p: (p["PrivatePort"], p.get("PublicPort", 0))):
        inner = f"{port['PrivatePort']}/{port['Type']}"
        texts.append(f"{port['IP']}:{port['PublicPort']}->{inner}" if "PublicPort" in port else inner)
    return ", ".join(texts)


def each(names: list[str], action: Callable[[str], None]) -> int:
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


def _verb(name: str, table_of_options: str, arguments: list[str], parameters: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    options, operands = Options(name, table_of_options).parse(arguments)
    at_least(name, operands, 1)
    return each(operands, lambda one: call("POST", f"/containers/{one}/{name}", parameters(options)).read() and None)


def do_stop(arguments: list[str]) -> int:
    """Stop containers."""
    return _verb("stop", "t time=, timeout=, s signal=", arguments, lambda o: {"t": o["time"] or o["timeout"], "signal": o["signal"]})


def do_restart(arguments: list[str]) -> int:
    """Restart containers."""
    return _verb("restart", "t time=, timeout=, s signal=", arguments, lambda o: {"t": o["time"] or o["timeout"], "signal": o["signal"]})


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
    return each(operands, lambda one: call("POST", f"/containers/{one}/update", None, {"RestartPolicy": policy}).read() and None)


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
        rows.append([found["id"][:12], found["name"].lstrip("/"), f"{memory:.2f}MiB", str(found["pids_stats"].get("current", 0))])
    table(["CONTAINER ID", "NAME", "MEM USAGE", "PIDS"], rows)
    return 0


# Streams


def do_start(arguments: list[str]) -> int:
    """Start containers; with ``-a`` stay with one."""
    options, operands = Options("start", "a attach, i interactive, detach-keys=").parse(arguments)
    at_least("start", operands, 1)
    if options["attach"] or options["interactive"]:
        if len(operands) > 1:
            raise Failed("you cannot start and attach multiple containers at once")
        return _start_attached(operands[0], options)
    complaints = []
    for name in operands:
        try:
            call("POST", f"/containers/{name}/start")
            say(name)
        except Refused as refused:
            complaints.append(refused.message)
    for one in complaints:
        complain(one)
    if complaints:
        complain(f"Error: failed to start containers: {', '.join(operands)}" if len(operands) > 1 else f"failed to start containers: {operands[0]}")
    return 1 if complaints else 0


def _start_attached(name: str, options: dict[str, Any]) -> int:
    container = get(f"/containers/{name}/json")
    path, tty = f"/containers/{container['Id']}", container["Config"]["Tty"]
    stdin = options["interactive"] and container["Config"]["OpenStdin"]
    check_terminal(tty, stdin)
    handle, early = take_over(f"{path}/attach", {"stream": True, "stdin": stdin, "stdout": True, "stderr": True, "detachKeys": options["detach-keys"]})
    waiting = request("POST", f"{path}/wait", {"condition": "removed" if container["HostConfig"]["AutoRemove"] else "next-exit"})
    try:
        call("POST", f"{path}/start")
    except Refused as refused:
        raise Failed(refused.message, start_code(refused.said)) from None
    if tty:
        resize(path)
    return stay(handle, early, waiting, tty=tty, stdin=stdin, keys=detach_keys(options["detach-keys"]))


def do_attach(arguments: list[str]) -> int:
    """Attach to a running container."""
    options, operands = Options("attach", "no-stdin, sig-proxy, detach-keys=").parse(arguments)
    exactly("attach", operands, 1)
    container = get(f"/containers/{operands[0]}/json")
    state, tty = container["State"], container["Config"]["Tty"]
    if not state["Running"]:
        raise Failed("cannot attach to a stopped container, start it first")
    if state["Paused"]:
        raise Failed("cannot attach to a paused container, unpause it first")
    if state["Restarting"]:
        raise Failed("cannot attach to a restarting container, wait until it is running")
    stdin = container["Config"]["OpenStdin"] and not options["no-stdin"]
    check_terminal(tty, stdin)
    path = f"/containers/{container['Id']}"
    handle, early = take_over(f"{path}/attach", {"stream": True, "stdin": stdin, "stdout": True, "stderr": True, "detachKeys": options["detach-keys"]})
    waiting = request("POST", f"{path}/wait")
    if tty:
        resize(path)
    else:
        pass_signals(path)
    return stay(handle, early, waiting, tty=tty, stdin=stdin, keys=detach_keys(options["detach-keys"]))


EXEC_TABLE = "d detach, i interactive, t tty, e env*, env-file*, w workdir=, u user=, privileged, detach-keys="


def do_exec(arguments: list[str]) -> int:
    """Run a command in a running container."""
    options, operands = Options("exec", EXEC_TABLE, interspersed=False).parse(arguments)
    at_least("exec", operands, 2)
    name, *argv = operands
    tty, detached, stdin = options["tty"], options["detach"], options["interactive"] and not options["detach"]
    if not detached:
        check_terminal(tty, stdin)
    body = {
        "Cmd": argv, "Tty": tty, "AttachStdin": stdin, "AttachStdout": not detached, "AttachStderr": not detached,
        "Env": [e if "=" in e else f"{e}={os.environ.get(e, '')}" for e in options["env"]], "WorkingDir": options["workdir"] or "",
        "User": options["user"] or "", "Privileged": options["privileged"], "DetachKeys": options["detach-keys"] or "",
    }  # fmt: skip
    identity = call("POST", f"/containers/{name}/exec", None, body).document()["Id"]
    if detached:
        call("POST", f"/exec/{identity}/start", None, {"Detach": True, "Tty": tty})
        return 0
    handle, early = take_over(f"/exec/{identity}/start", None, {"Detach": False, "Tty": tty})
    if tty:
        resize(f"/exec/{identity}")
    if converse(handle, early, tty=tty, stdin=stdin, keys=detach_keys(options["detach-keys"])):
        return 0
    return int(get(f"/exec/{identity}/json")["ExitCode"] or 0)


def do_logs(arguments: list[str]) -> int:
    """Print a container's log."""
    table_of_options = "f follow, t timestamps, n tail=, since=, until=, details"
    options, operands = Options("logs", table_of_options).parse(arguments)
    exactly("logs", operands, 1)
    container = get(f"/containers/{operands[0]}/json")
    parameters = {
        "stdout": True, "stderr": True, "follow": options["follow"], "timestamps": options["timestamps"],
        "tail": options["tail"] or "all", "since": moment(options["since"]), "until": moment(options["until"]),
    }  # fmt: skip
    output = Demultiplexer(container["Config"]["Tty"])
    for piece in call("GET", f"/containers/{container['Id']}/logs", parameters).pieces():
        output.feed(piece)
    return 0


def moment(text: str | None) -> str | None:
    """Return ``--since`` as the API takes it: a duration such as ``10m`` counts back from now."""
    import re
    import time

    if text is None or not re.fullmatch(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s))+", text):
        return text
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    back = sum(float(number) * units[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s)", text))
    return f"{time.time() - back:.9f}"


# Copying


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
