"""What runs: the process of a container with its hub and log, and how a process of a container is started."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass, field

from harness.offline.engine.errors import bad_parameter
from harness.offline.engine.isolation import Isolation
from harness.offline.engine.library import PATH
from harness.offline.engine.logs import Log
from harness.offline.engine.model import Container, Json
from harness.offline.engine.process import NotStarted, Process
from harness.offline.engine.streams import Hub
from harness.offline.hosts.protocol import Machine

INIT_FAILED = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: "
)
EXEC_FAILED = "OCI runtime exec failed: exec failed: unable to start container process: "


@dataclass
class Runtime:
    """The living side of a container: it exists from creation to removal, ``process`` only while it runs."""

    log: Log
    hub: Hub = field(init=False)
    process: Process | None = None
    size: tuple[int, int] | None = None
    typed: bytes = b""
    typed_all: bool = False
    started: asyncio.Event = field(default_factory=asyncio.Event)
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    removed: asyncio.Event = field(default_factory=asyncio.Event)
    exits: list[asyncio.Future[int]] = field(default_factory=list)
    ends: list[asyncio.Future[int]] = field(default_factory=list)
    execs: set[asyncio.Task[None]] = field(default_factory=set)
    exec_processes: set[int] = field(default_factory=set)
    delay: float = 0.0
    pending: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.hub = Hub(self.log.write)
        self.exited.set()

    def write(self, data: bytes) -> None:
        """Pass on what was typed; before the start it is kept for the process."""
        if self.process is None:
            self.typed += data
        else:
            self.process.stdin.write(data)

    def close_input(self) -> None:
        """Let the process read to the end of its input."""
        if self.process is None:
            self.typed_all = True
        else:
            self.process.stdin.close()

    def attach_process(self, process: Process) -> None:
        """Begin a run."""
        self.process = process
        self.exited.clear()
        self.started.set()
        if self.size is not None:
            process.resize(*self.size)
        if self.typed:
            process.stdin.write(self.typed)
        if self.typed_all:
            process.stdin.close()
        self.typed, self.typed_all = b"", False

    def detach_process(self, code: int) -> None:
        """End a run and tell who waits for its end."""
        self.process = None
        self.log.flush()
        self.started.clear()
        self.exited.set()
        settle(self.exits, code)

    def end(self, code: int) -> None:
        """Tell who waits for the end of all runs: no restart follows."""
        settle(self.ends, code)


def settle(waiting: list[asyncio.Future[int]], code: int) -> None:
    """Answer everybody who waits."""
    for one in waiting:
        if not one.done():
            one.set_result(code)
    waiting.clear()


def environment(
    container: Container, machine: Machine, isolation: Isolation, extra: list[str] | None = None
) -> dict[str, str]:
    """Return the environment of a process of the container."""
    base = {"PATH": PATH, "HOSTNAME": container.hostname, **({"TERM": "xterm"} if container.tty else {})}
    given = dict(line.partition("=")[::2] for line in [*(container.config["Env"] or []), *(extra or [])] if "=" in line)
    full = {**base, "HOME": "/root", **given}
    return {**isolation.localise(container, full), **machine.environment(), **isolation.environment(container)}


def specification(
    container: Container, machine: Machine, isolation: Isolation, argv: list[str], *, cwd: str,
    env: list[str] | None = None, join: int | None = None,
) -> Json:  # fmt: skip
    """Return what is needed to start a process of the container."""
    variables = environment(container, machine, isolation, env)
    if not isolation.in_namespaces and argv[0].startswith("/"):
        argv = [f"{container.root}{argv[0]}", *argv[1:]]
    return isolation.spec(container, argv, variables, cwd, join) | {"marker": machine.environment()}


def check_user(container: Container, user: str) -> None:
    """Raise as the runtime does for a user that the container does not know; all others run as its root."""
    name = user.partition(":")[0]
    if not name or name.isdigit():
        return
    passwd = container.root / "etc/passwd"
    known = [line.partition(":")[0] for line in passwd.read_text().splitlines()] if passwd.exists() else ["root"]
    if name not in known:
        raise bad_parameter(f"unable to find user {name}: no matching entries in passwd file")


def explain(argv: list[str], refused: NotStarted, cwd: str) -> tuple[str, int]:
    """Return the runtime's sentence for a program that could not be run, and the exit code that goes with it."""
    program = argv[0]
    if refused.where == "chdir":
        return f'chdir to cwd ("{cwd}") set in config.json failed: no such file or directory: unknown', 126
    if refused.where != "exec":
        return f"{refused.where}: {refused}: unknown", 128
    if refused.number in {errno.ENOENT, errno.ENOTDIR}:
        reason = (
            f"stat {program}: no such file or directory" if "/" in program else "executable file not found in $PATH"
        )
        return f'exec: "{program}": {reason}: unknown', 127
    return f'exec: "{program}": permission denied: unknown', 126
