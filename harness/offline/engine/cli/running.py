"""``docker run`` and ``docker create``."""

# Pathlib would double the time that the command takes to start.
# ruff: noqa: PTH123

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

from .client import Failed, Refused, call, request, take_over
from .images import pull_image
from .options import Options, at_least
from .output import complain, say
from .paths import host_path, seen_path
from .terminal import check_terminal, converse, detach_keys, resize, terminal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any

TABLE = """
d detach, i interactive, t tty, name=, p publish*, P publish-all, v volume*, e env*, env-file*, w workdir=,
rm, restart=, entrypoint=, network=, net=, l label*, label-file*, h hostname=, u user=, a attach*, expose*,
m memory=, cpus=, c cpu-shares=, mount*, tmpfs*, init, privileged, read-only, stop-signal=, stop-timeout=,
pull=, platform=, detach-keys=, sig-proxy, ulimit*, add-host*, dns*, cap-add*, cap-drop*, security-opt*,
volumes-from*, shm-size=, ip=, link*, log-driver=, log-opt*, cidfile=, q quiet, no-healthcheck,
health-cmd=, gpus=, runtime=, userns=, pid=, ipc=, device*, group-add*, memory-swap=, cgroupns=
"""
UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def do_run(arguments: list[str]) -> int:
    """Create a container, start it, and stay with it unless asked not to."""
    options, operands = Options("run", TABLE, interspersed=False).parse(arguments)
    at_least("run", operands, 1)
    options["sig-proxy"] = True
    if options["rm"] and options["restart"] not in {None, "no"}:
        raise _run_failed("conflicting options: cannot specify both --restart and --rm", 125)
    if not options["detach"]:
        check_terminal(options["tty"], options["interactive"])
    try:
        identity = _create(options, operands)
    except Refused as refused:
        raise _run_failed(refused.message, 125) from None
    return _start_detached(identity) if options["detach"] else _start_attached(identity, options)


def do_create(arguments: list[str]) -> int:
    """Create a container."""
    options, operands = Options("create", TABLE, interspersed=False).parse(arguments)
    at_least("create", operands, 1)
    say(_create(options, operands))
    return 0


def _run_failed(message: str, code: int) -> Failed:
    return Failed(f"docker: {message}\n\nRun 'docker run --help' for more information", code)


def start_code(message: str) -> int:
    """Return the exit code for a container that could not be started."""
    lowered = message.lower()
    if "executable file not found" in lowered or "no such file or directory" in lowered:
        return 127
    return 126 if "permission denied" in lowered or "is a directory" in lowered else 125


def _start_detached(identity: str) -> int:
    say(identity)
    try:
        call("POST", f"/containers/{identity}/start")
    except Refused as refused:
        sys.stdout.flush()
        raise _run_failed(refused.message, start_code(refused.said)) from None
    return 0


def _start_attached(identity: str, options: dict[str, Any]) -> int:
    tty, stdin = options["tty"], options["interactive"]
    parameters = {"stream": True, "stdin": stdin, "stdout": True, "stderr": True, "detachKeys": options["detach-keys"]}
    path = f"/containers/{identity}"
    handle, early = take_over(f"{path}/attach", parameters)
    waiting = request("POST", f"{path}/wait", {"condition": "removed" if options["rm"] else "next-exit"})
    try:
        call("POST", f"{path}/start")
    except Refused as refused:
        raise _run_failed(refused.message, start_code(refused.said)) from None
    if tty:
        resize(path)
    else:
        pass_signals(path)
    return stay(handle, early, waiting, tty=tty, stdin=stdin, keys=detach_keys(options["detach-keys"]))


def stay(handle: socket, early: bytes, waiting: Any, *, tty: bool, stdin: bool, keys: bytes) -> int:
    """Stay with a container to its end and return its exit code; 0 after detaching."""
    if converse(handle, early, tty=tty, stdin=stdin, keys=keys):
        return 0
    return int(next(waiting.documents())["StatusCode"])


def pass_signals(path: str) -> None:
    """Pass the signals that end a command on to the container."""

    def pass_on(number: int, _frame: object) -> None:
        with contextlib.suppress(Refused):
            call("POST", f"{path}/kill", {"signal": str(number)})

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)


# What is sent to create a container


def _create(options: dict[str, Any], operands: list[str]) -> str:
    image, *argv = operands
    document = _document(options, image, argv)
    if options["pull"] == "always":
        pull_image(image, stream=sys.stderr)
    try:
        created = call("POST", "/containers/create", {"name": options["name"]}, document).document()
    except Refused as refused:
        if refused.status != 404 or "No such image" not in refused.said or options["pull"] == "never":
            raise
        named = image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"
        if not options["quiet"]:
            complain(f"Unable to find image '{named}' locally")
        pull_image(image, stream=sys.stderr)
        created = call("POST", "/containers/create", {"name": options["name"]}, document).document()
    if options["cidfile"]:
        with open(options["cidfile"], "w") as file:
            file.write(created["Id"])
    return str(created["Id"])


def _document(options: dict[str, Any], image: str, argv: list[str]) -> dict[str, Any]:
    detached = options["detach"]
    exposed, bindings = _ports(options["publish"], options["expose"])
    stdin = options["interactive"]
    document: dict[str, Any] = {
        "Image": image, "Cmd": argv or None, "Tty": options["tty"], "OpenStdin": stdin,
        "AttachStdin": stdin and not detached, "StdinOnce": stdin and not detached, "AttachStdout": not detached,
        "AttachStderr": not detached, "Env": _environment(options), "WorkingDir": options["workdir"] or "",
        "User": options["user"] or "", "Hostname": options["hostname"] or "",
        "Labels": dict(_pair(label) for label in options["label"]), "ExposedPorts": exposed or None,
        "Volumes": {v: {} for v in options["volume"] if ":" not in v} or None,
        "HostConfig": _host_config(options, bindings),
    }  # fmt: skip
    if options["entrypoint"] is not None:
        document["Entrypoint"] = [options["entrypoint"]]
    if options["stop-signal"]:
        document["StopSignal"] = options["stop-signal"]
    if options["stop-timeout"]:
        document["StopTimeout"] = int(options["stop-timeout"])
    return document


def _host_config(options: dict[str, Any], bindings: dict[str, Any]) -> dict[str, Any]:
    name, _, retries = (options["restart"] or "no").partition(":")
    if retries and not retries.isdigit():
        raise _run_failed("invalid restart policy format: maximum retry count must be an integer", 125)
    size = terminal_size()
    return {
        "Binds": [_bind(text) for text in options["volume"] if ":" in text] or None, "PortBindings": bindings,
        "Mounts": [_mount(text) for text in options["mount"]] or None, "PublishAllPorts": options["publish-all"],
        "RestartPolicy": {"Name": name, "MaximumRetryCount": int(retries or 0)}, "AutoRemove": options["rm"],
        "NetworkMode": options["network"] or options["net"] or "default", "Memory": _bytes(options["memory"]),
        "NanoCpus": int(float(options["cpus"] or 0) * 1e9), "Privileged": options["privileged"],
        "ReadonlyRootfs": options["read-only"], "ExtraHosts": options["add-host"] or None,
        "VolumesFrom": options["volumes-from"] or None, "ConsoleSize": list(size) if size else None,
        "CapAdd": options["cap-add"] or None, "CapDrop": options["cap-drop"] or None,
    }  # fmt: skip


def _bytes(text: str | None) -> int:
    if not text:
        return 0
    number, unit = text.rstrip("bBkKmMgG"), text.lstrip("0123456789.").lower()[:1]
    try:
        return int(float(number) * UNITS[unit])
    except (ValueError, KeyError):
        raise Failed(f'invalid argument "{text}" for "-m, --memory" flag: invalid size: \'{text}\'', 125) from None


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _environment(options: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for path in options["env-file"]:
        with open(host_path(path)) as file:
            lines += [line.strip() for line in file if line.strip() and not line.startswith("#")]
    lines += options["env"]
    return [
        line if "=" in line else f"{line}={os.environ[line]}" for line in lines if "=" in line or line in os.environ
    ]


def _bind(text: str) -> str:
    source, rest = text.split(":", 1)
    return f"{seen_path(source) if source.startswith(('/', '.', '~')) else source}:{rest}"


def _mount(text: str) -> dict[str, Any]:
    fields = dict(_pair(part) for part in text.split(","))
    source = fields.get("source") or fields.get("src") or ""
    kind = fields.get("type", "volume")
    target = fields.get("target") or fields.get("destination") or fields.get("dst")
    if not target:
        raise Failed(f'invalid argument "{text}" for "--mount" flag: target is required', 125)
    read_only = "readonly" in fields or "ro" in fields
    return {
        "Type": kind,
        "Source": seen_path(source) if kind == "bind" else source,
        "Target": target,
        "ReadOnly": read_only,
    }


def _ports(published: list[str], exposed: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read ``-p`` and ``--expose``: ``[[address:]host:]container[/protocol]``, either port a range."""
    ports: dict[str, Any] = {}
    bindings: dict[str, Any] = {}
    for text in exposed:
        for port in _range(text.partition("/")[0], text):
            ports[f"{port}/{text.partition('/')[2] or 'tcp'}"] = {}
    for text in published:
        spec, _, protocol = text.partition("/")
        head, _, inner = spec.rpartition(":")
        address, _, outer = head.rpartition(":")
        inners = _range(inner, text)
        outers: list[Any] = _range(outer, text) if outer else [""] * len(inners)
        if len(outers) != len(inners) and len(inners) > 1:
            raise Failed(
                f'invalid argument "{text}" for "-p, --publish" flag: invalid ranges specified for container and host '
                "Ports",
                125,
            )
        for number, port in enumerate(inners):
            host = outer if len(inners) == 1 else str(outers[number])
            ports[f"{port}/{protocol or 'tcp'}"] = {}
            bindings.setdefault(f"{port}/{protocol or 'tcp'}", []).append(
                {"HostIp": address.strip("[]"), "HostPort": host}
            )
    return ports, bindings


def _range(text: str, whole: str) -> list[int]:
    low, _, high = text.partition("-")
    if not low.isdigit() or (high and not high.isdigit()) or not 0 < int(low) < 65536:
        raise Failed(f'invalid argument "{whole}" for "-p, --publish" flag: invalid containerPort: {text}', 125)
    return list(range(int(low), int(high or low) + 1))


def dump(document: Any) -> str:
    """Return a document as ``inspect`` prints it."""
    return json.dumps(document, indent=4, ensure_ascii=False)
