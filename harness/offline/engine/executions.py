"""Commands in running containers (``docker exec``)."""

from __future__ import annotations

import asyncio
from typing import Any

from harness.offline.engine.containers import Containers
from harness.offline.engine.errors import ApiError, bad_parameter, conflict, no_such_exec, not_running
from harness.offline.engine.model import Container, Exec, Json
from harness.offline.engine.naming import new_id
from harness.offline.engine.process import NotStarted, Process, Sink, start
from harness.offline.engine.runtime import EXEC_FAILED, check_user, explain, specification
from harness.offline.engine.streams import parse_detach_keys


class Executions:
    """All exec instances of an engine."""

    def __init__(self, containers: Containers) -> None:
        self.containers = containers
        self.store = containers.store
        self.processes: dict[str, Process] = {}
        self.sizes: dict[str, tuple[int, int]] = {}

    def find(self, identity: str) -> Exec:
        """Find an exec instance by its id; raises 404."""
        if identity not in self.store.execs:
            raise no_such_exec(identity)
        return self.store.execs[identity]

    def create(self, container: Container, body: Json) -> Exec:
        """Prepare a command; raises 409 where the container does not run."""
        check_is_running(container)
        argv = body.get("Cmd") or []
        if not argv:
            raise bad_parameter("No exec command specified")
        if body.get("DetachKeys"):
            parse_detach_keys(body["DetachKeys"])
        execution = Exec(new_id(), container, {**body, "Cmd": [argv] if isinstance(argv, str) else list(argv)})
        self.store.execs[execution.id] = execution
        container.execs.append(execution.id)
        self.containers.emit(container, f"exec_create: {' '.join(execution.config['Cmd'])}", execID=execution.id)
        return execution

    def check_can_start(self, execution: Exec) -> None:
        """Raise 409 where it was started before or its container does not run."""
        if execution.exit_code is not None or execution.started:
            state = "is already running" if execution.running else "has already run"
            raise conflict(
                f"exec command {execution.id} {state}" if execution.running else f"exec {execution.id} {state}"
            )
        check_is_running(execution.container)
        execution.started = True

    async def start(self, execution: Exec, sink: Sink) -> Process:
        """Run the command; raises 400 with the runtime's sentence where it cannot be run."""
        container, config = execution.container, execution.config
        argv, cwd = config["Cmd"], config.get("WorkingDir") or container.config["WorkingDir"] or "/"
        try:
            check_user(container, config.get("User") or container.config["User"])
            spec = specification(
                container, self.containers.machine, self.containers.isolation, argv, cwd=cwd, env=config.get("Env"),
                join=container.state.pid,
            )  # fmt: skip
            process = await start(
                spec, tty=bool(config.get("Tty")), stdin=bool(config.get("AttachStdin")), sink=sink,
                size=self.sizes.get(execution.id),
            )  # fmt: skip
        except NotStarted as refused:
            reason, execution.exit_code = explain(argv, refused, cwd)
            raise bad_parameter(EXEC_FAILED + reason) from None
        except ApiError:
            execution.exit_code = 126
            raise
        self._begin(execution, process)
        return process

    def _begin(self, execution: Exec, process: Process) -> None:
        runtime = self.containers.runtime(execution.container)
        self.processes[execution.id] = process
        execution.running, execution.pid = True, process.pid
        runtime.exec_processes.add(process.pid)
        command = " ".join(execution.config["Cmd"])
        self.containers.emit(execution.container, f"exec_start: {command}", execID=execution.id)
        task = self.containers.background(self._watch(execution, process))
        runtime.execs.add(task)
        task.add_done_callback(runtime.execs.discard)

    async def _watch(self, execution: Exec, process: Process) -> None:
        code = await process.wait()
        execution.running, execution.exit_code, execution.pid = False, code, 0
        self.containers.runtime(execution.container).exec_processes.discard(process.pid)
        self.processes.pop(execution.id, None)
        self.containers.emit(execution.container, "exec_die", execID=execution.id, exitCode=str(code))

    async def ended(self, execution: Exec) -> None:
        """Wait until a command has ended and its output is read."""
        while execution.running:
            tasks: set[asyncio.Task[Any]] = self.containers.runtime(execution.container).execs
            if not tasks:
                return
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    def resize(self, execution: Exec, height: int, width: int) -> None:
        """Set the size of a command's terminal; before its start the size is kept for it."""
        if not execution.running and execution.started:
            raise ApiError(500, f"cannot resize a stopped container: exec {execution.id} is not running")
        self.sizes[execution.id] = (height, width)
        if execution.id in self.processes:
            self.processes[execution.id].resize(height, width)

    def inspect(self, execution: Exec) -> Json:
        """Return the inspect document of a command."""
        config, argv = execution.config, execution.config["Cmd"]
        return {
            "ID": execution.id, "Running": execution.running, "ExitCode": execution.exit_code, "Pid": execution.pid,
            "ProcessConfig": {
                "tty": bool(config.get("Tty")), "entrypoint": argv[0], "arguments": argv[1:],
                "privileged": bool(config.get("Privileged")), "user": config.get("User") or "",
            },
            "OpenStdin": bool(config.get("AttachStdin")), "OpenStderr": bool(config.get("AttachStderr")),
            "OpenStdout": bool(config.get("AttachStdout")), "CanRemove": execution.exit_code is not None,
            "ContainerID": execution.container.id, "DetachKeys": "",
        }  # fmt: skip


def check_is_running(container: Container) -> None:
    """Raise 409 unless a command can run in the container now."""
    state = container.state
    if state.paused:
        raise conflict(f"container {container.id} is paused, unpause the container before exec")
    if state.restarting:
        raise conflict(f"Container {container.id} is restarting, wait until the container is running")
    if not state.running:
        raise not_running(container.id)
