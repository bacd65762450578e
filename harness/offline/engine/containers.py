"""The life of containers: start, stop, restart, removal, as moby's rules have it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Coroutine
from typing import Any

import psutil

from harness.offline.engine.creation import Creator
from harness.offline.engine.errors import ApiError, bad_parameter, conflict, not_modified, not_running
from harness.offline.engine.files import View
from harness.offline.engine.isolation import Isolation
from harness.offline.engine.logs import Log
from harness.offline.engine.model import Container, Json
from harness.offline.engine.naming import CONTAINER_NAME, now
from harness.offline.engine.ports import Publisher
from harness.offline.engine.process import NotStarted, start
from harness.offline.engine.runtime import INIT_FAILED, Runtime, check_user, explain, specification
from harness.offline.engine.signals import parse_signal
from harness.offline.engine.store import Store
from harness.offline.hosts.protocol import Machine

STOP_SECONDS = 10
FIRST_DELAY, LONGEST_DELAY, STEADY_AFTER = 0.1, 60.0, 10.0
"""Pauses between automatic restarts double from the first to the longest; a steady run begins again with the first."""


class Containers:
    """All containers of an engine."""

    def __init__(self, store: Store, machine: Machine, isolation: Isolation) -> None:
        self.store = store
        self.machine = machine
        self.isolation = isolation
        self.creator = Creator(store, machine, isolation)
        self.publisher = Publisher(machine, isolation)
        self.runtimes: dict[str, Runtime] = {}
        self.tasks: set[asyncio.Task[Any]] = set()

    def runtime(self, container: Container) -> Runtime:
        """Return the living side of a container."""
        if container.id not in self.runtimes:
            self.runtimes[container.id] = Runtime(Log(container.directory / f"{container.id}-json.log"))
        return self.runtimes[container.id]

    def emit(self, container: Container, action: str, **attributes: str) -> None:
        """Record an event of a container."""
        about = {**(container.config["Labels"] or {}), "image": container.image_name, "name": container.name}
        self.store.events.emit("container", action, container.id, about | attributes)

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the requests; the engine's stop ends it."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def create(self, name: str | None, body: Json) -> Container:
        """Create a container; nothing can be done with it until its directory is laid out."""
        container = self.creator.create(name, body)
        async with container.lock:
            try:
                await asyncio.to_thread(self.creator.lay_out, container)
            except BaseException:
                self.store.containers.pop(container.id, None)
                shutil.rmtree(container.directory, ignore_errors=True)
                raise
        self.runtime(container)
        self.emit(container, "create")
        return container

    # Start

    async def start(self, container: Container) -> None:
        """Start a container; raises 304 where it runs already."""
        async with container.lock:
            state = container.state
            if state.paused:
                raise conflict("cannot start a paused container, try unpause instead")
            if state.running and not state.restarting:
                raise not_modified()
            if state.removing or state.dead:
                raise conflict("container is marked for removal and cannot be started")
            self._stop_restarting(container)
            container.stopped_by_hand = False
            container.restart_count = 0
            await self._launch(container)

    async def _launch(self, container: Container) -> None:
        runtime, state = self.runtime(container), container.state
        try:
            await self.publisher.open(container, lambda: runtime.process)
            await self._run(container, runtime)
        except ApiError as refused:
            state.running = state.restarting = False
            state.error = refused.message
            state.exit_code = state.exit_code if state.exit_code in {126, 127} else 128
            await self.publisher.close(container)
            await self._remove_if_asked(container)
            raise
        state.running, state.restarting, state.exit_code, state.error = True, False, 0, ""
        state.started = now()
        self.emit(container, "start")
        self.background(self._watch(container, runtime))

    async def _run(self, container: Container, runtime: Runtime) -> None:
        argv = [*(container.config["Entrypoint"] or []), *(container.config["Cmd"] or [])]
        cwd = container.config["WorkingDir"] or "/"
        check_user(container, container.config["User"])
        self._make_folder(container, cwd)
        spec = specification(container, self.machine, self.isolation, argv, cwd=cwd)
        try:
            process = await start(
                spec,
                tty=container.tty,
                stdin=bool(container.config["OpenStdin"]),
                sink=runtime.hub.receive,
                size=runtime.size,
            )
        except NotStarted as refused:
            reason, container.state.exit_code = explain(argv, refused, cwd)
            raise bad_parameter(INIT_FAILED + reason) from None
        container.state.pid = process.pid
        runtime.attach_process(process)

    def _make_folder(self, container: Container, folder: str) -> None:
        """Make the working directory where it is not there, as the engine does."""
        with contextlib.suppress(OSError):
            View(container.root, container.mounts).real(folder).mkdir(parents=True, exist_ok=True)

    async def _watch(self, container: Container, runtime: Runtime) -> None:
        """Wait for the end of a run and do what follows from it."""
        process = runtime.process
        assert process is not None
        begun = asyncio.get_running_loop().time()
        code = await process.wait()
        await self._end_execs(runtime)
        await self.publisher.close(container)
        state = container.state
        state.running = state.paused = False
        state.pid, state.exit_code, state.finished = 0, code, now()
        steady = asyncio.get_running_loop().time() - begun > STEADY_AFTER
        again = self._restarts(container, code)
        if again:
            runtime.delay = FIRST_DELAY if steady or not runtime.delay else min(runtime.delay * 2, LONGEST_DELAY)
            state.running = state.restarting = True
            runtime.pending = self.background(self._restart_later(container, runtime))
        self.emit(
            container, "die", exitCode=str(code), execDuration=str(int(asyncio.get_running_loop().time() - begun))
        )
        runtime.detach_process(code)
        if not again:
            runtime.end(code)
            await self._remove_if_asked(container)

    async def _end_execs(self, runtime: Runtime) -> None:
        for pid in runtime.exec_processes:
            with contextlib.suppress(ProcessLookupError):
                psutil.Process(pid).kill() if psutil.pid_exists(pid) else None
        if runtime.execs:
            await asyncio.wait(runtime.execs)

    def _restarts(self, container: Container, code: int) -> bool:
        policy = container.host_config["RestartPolicy"]
        if container.stopped_by_hand or container.state.removing:
            return False
        if policy["Name"] == "on-failure":
            most = policy["MaximumRetryCount"]
            return code != 0 and (not most or container.restart_count < most)
        return policy["Name"] in {"always", "unless-stopped"}

    async def _restart_later(self, container: Container, runtime: Runtime) -> None:
        await asyncio.sleep(runtime.delay)  # the back-off is the behaviour asked for, not a wait for something
        async with container.lock:
            if container.state.restarting:
                container.restart_count += 1
                with contextlib.suppress(ApiError):
                    await self._launch(container)

    def _stop_restarting(self, container: Container) -> None:
        runtime = self.runtime(container)
        if container.state.restarting:
            container.state.running = container.state.restarting = False
            if runtime.pending is not None:
                runtime.pending.cancel()
            runtime.end(container.state.exit_code)

    async def _remove_if_asked(self, container: Container) -> None:
        if container.host_config["AutoRemove"] and not container.state.removing:
            await self._remove(container, volumes=True)

    # Stop

    async def stop(self, container: Container, seconds: int | None = None, signal_name: str | None = None) -> None:
        """Ask a container to end, and end it after ``seconds`` (its own stop time-out, else 10).

        Raises 304 where it does not run.
        """
        if not container.state.running:
            raise not_modified()
        container.stopped_by_hand = True
        if container.state.restarting:
            self._stop_restarting(container)
            return
        patience = seconds if seconds is not None else container.config["StopTimeout"]
        number = parse_signal(signal_name or container.config["StopSignal"] or "SIGTERM")
        runtime = self.runtime(container)
        self._signal(container, runtime, number)
        if not await self._ends(runtime, STOP_SECONDS if patience is None else patience):
            self._signal(container, runtime, signal.SIGKILL)
            await runtime.exited.wait()
        self.emit(container, "stop")

    async def _ends(self, runtime: Runtime, seconds: float) -> bool:
        try:
            await asyncio.wait_for(runtime.exited.wait(), None if seconds < 0 else seconds)
        except TimeoutError:
            return False
        return True

    def _signal(self, container: Container, runtime: Runtime, number: int) -> None:
        if container.state.paused:
            self._resume(container)
        if runtime.process is not None:
            runtime.process.signal(number)
        self.emit(container, "kill", signal=str(int(number)))

    async def kill(self, container: Container, signal_name: str) -> None:
        """Send a signal; SIGKILL is waited for."""
        number = parse_signal(signal_name or "SIGKILL")
        if not container.state.running or container.state.restarting:
            raise conflict(f"cannot kill container: {container.id}: {not_running(container.id).message}")
        runtime = self.runtime(container)
        if number in {signal.SIGKILL, parse_signal(container.config["StopSignal"] or "SIGTERM")}:
            container.stopped_by_hand = True
        self._signal(container, runtime, number)
        if number == signal.SIGKILL:
            await runtime.exited.wait()

    async def restart(self, container: Container, seconds: int | None, signal_name: str | None) -> None:
        """Stop a container where it runs, and start it; one that removes itself is kept for that."""
        if container.state.running:
            removing, container.host_config["AutoRemove"] = container.host_config["AutoRemove"], False
            try:
                await self.stop(container, seconds, signal_name)
            finally:
                container.host_config["AutoRemove"] = removing
        await self.start(container)
        self.emit(container, "restart")

    async def pause(self, container: Container) -> None:
        """Freeze every process of a container."""
        if not container.state.running or container.state.restarting:
            raise not_running(container.id)
        if container.state.paused:
            raise conflict(f"container {container.id} is already paused")
        self._each_process(container, signal.SIGSTOP)
        container.state.paused = True
        self.emit(container, "pause")

    async def unpause(self, container: Container) -> None:
        """Let the processes of a paused container go on."""
        if not container.state.paused:
            raise ApiError(500, f"container {container.id} is not paused")
        self._resume(container)
        self.emit(container, "unpause")

    def _resume(self, container: Container) -> None:
        container.state.paused = False
        self._each_process(container, signal.SIGCONT)

    def _each_process(self, container: Container, number: int) -> None:
        for process in self.processes(container):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def processes(self, container: Container) -> list[psutil.Process]:
        """Return the processes of a running container, its first one first."""
        found: list[psutil.Process] = []
        for pid in (container.state.pid, *self.runtime(container).exec_processes):
            with contextlib.suppress(psutil.NoSuchProcess):
                first = psutil.Process(pid)
                found += [first, *first.children(recursive=True)]
        return found

    # Waiting

    async def wait(self, container: Container, condition: str) -> int:
        """Wait for the end asked for and return the exit code."""
        runtime = self.runtime(container)
        if condition == "removed":
            await runtime.removed.wait()
            return container.state.exit_code
        if condition != "next-exit" and not container.state.running:
            return container.state.exit_code
        coming: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        (runtime.exits if condition == "next-exit" else runtime.ends).append(coming)
        return await coming

    # Removal

    async def remove(self, container: Container, *, force: bool, volumes: bool) -> None:
        """Remove a container; 409 where it runs and ``force`` was not asked for."""
        if container.state.removing:
            raise conflict(f"removal of container {container.id} is already in progress")
        if container.state.running:
            if not force:
                raise conflict(
                    f'cannot remove container "/{container.name}": container is {container.state.status}: '
                    + ("unpause and stop" if container.state.paused else "stop")
                    + " the container before removing or force remove"
                )
            container.state.removing = True
            await self._end(container)
        container.state.removing = True
        await self._remove(container, volumes=volumes)

    async def _end(self, container: Container) -> None:
        container.stopped_by_hand = True
        runtime = self.runtime(container)
        self._stop_restarting(container)
        if runtime.process is not None:
            self._signal(container, runtime, signal.SIGKILL)
        await runtime.exited.wait()

    async def _remove(self, container: Container, *, volumes: bool) -> None:
        container.state.removing = True
        runtime = self.runtime(container)
        await asyncio.to_thread(shutil.rmtree, container.directory, True)
        self.store.containers.pop(container.id, None)
        for identity in container.execs:
            self.store.execs.pop(identity, None)
        for mount in container.mounts:
            if mount.kind == "tmpfs":
                shutil.rmtree(mount.real, ignore_errors=True)
            if volumes and mount.anonymous and mount.name is not None:
                self.remove_volume_if_unused(mount.name)
        self.emit(container, "destroy")
        runtime.removed.set()
        runtime.detach_process(container.state.exit_code)
        runtime.end(container.state.exit_code)
        self.runtimes.pop(container.id, None)

    def remove_volume_if_unused(self, name: str) -> None:
        """Remove a volume that no container mounts any more."""
        volume = self.store.volumes.get(name)
        if volume is not None and not self.store.users_of(volume):
            shutil.rmtree(volume.real.parent, ignore_errors=True)
            del self.store.volumes[name]
            self.store.events.emit("volume", "destroy", name, {"driver": "local"})

    # Other changes

    def rename(self, container: Container, name: str) -> None:
        """Give a container another name."""
        bare = name.removeprefix("/")
        if not bare:
            raise bad_parameter("Neither old nor new names may be empty")
        if not CONTAINER_NAME.fullmatch(bare):
            raise bad_parameter(f"Invalid container name ({bare}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        if bare == container.name:
            raise bad_parameter("Renaming a container with the same name as its current name")
        try:
            self.store.check_name_is_free(bare)
        except ApiError as refused:
            raise conflict(f"Error when allocating new name: {refused.message}") from None
        old, container.name = container.name, bare
        self.emit(container, "rename", oldName=f"/{old}")

    def resize(self, container: Container, height: int, width: int) -> None:
        """Set the size of a container's terminal."""
        runtime = self.runtime(container)
        if runtime.process is None:
            raise not_running(container.id)
        runtime.size = (height, width)
        runtime.process.resize(height, width)
        self.emit(container, "resize", height=str(height), width=str(width))

    async def close(self) -> None:
        """End every container and all that goes on beside; their directories stay."""
        for container in list(self.store.containers.values()):
            with contextlib.suppress(ApiError):
                kept, container.host_config["AutoRemove"] = container.host_config["AutoRemove"], False
                await self._end(container)
                container.host_config["AutoRemove"] = kept
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
