"""The verbs that stay with a container: start, attach, exec, logs."""

from __future__ import annotations

import os

from .client import Failed, Refused, call, get, request, take_over
from .options import Options, at_least, exactly
from .output import complain, say
from .running import pass_signals, start_code, stay
from .terminal import Demultiplexer, check_terminal, converse, detach_keys, resize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
        complain(
            f"Error: failed to start containers: {', '.join(operands)}"
            if len(operands) > 1
            else f"failed to start containers: {operands[0]}"
        )
    return 1 if complaints else 0


def _start_attached(name: str, options: dict[str, Any]) -> int:
    container = get(f"/containers/{name}/json")
    path, tty = f"/containers/{container['Id']}", container["Config"]["Tty"]
    stdin = options["interactive"] and container["Config"]["OpenStdin"]
    check_terminal(tty, stdin)
    handle, early = take_over(
        f"{path}/attach",
        {"stream": True, "stdin": stdin, "stdout": True, "stderr": True, "detachKeys": options["detach-keys"]},
    )
    waiting = request(
        "POST", f"{path}/wait", {"condition": "removed" if container["HostConfig"]["AutoRemove"] else "next-exit"}
    )
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
    handle, early = take_over(
        f"{path}/attach",
        {"stream": True, "stdin": stdin, "stdout": True, "stderr": True, "detachKeys": options["detach-keys"]},
    )
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
        "Env": [e if "=" in e else f"{e}={os.environ.get(e, '')}" for e in options["env"]],
        "WorkingDir": options["workdir"] or "", "User": options["user"] or "", "Privileged": options["privileged"],
        "DetachKeys": options["detach-keys"] or "",
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
