"""Attach, logs and exec: the routes that carry a container's streams."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from harness.offline.engine import filters
from harness.offline.engine.api.http import TakenOver, body, is_stream, reply, stream, stream_type, take_over
from harness.offline.engine.containers import Containers
from harness.offline.engine.errors import ApiError, bad_parameter, conflict
from harness.offline.engine.executions import Executions
from harness.offline.engine.logs import Entry, Log, select
from harness.offline.engine.model import Container, Exec
from harness.offline.engine.naming import parse_moment
from harness.offline.engine.process import Process
from harness.offline.engine.runtime import Runtime
from harness.offline.engine.streams import (
    DEFAULT_DETACH_KEYS,
    STDERR,
    STDOUT,
    Attached,
    Conversation,
    DetachKeys,
    frame,
    parse_detach_keys,
)


class StreamsApi:
    """Handlers of the streams' routes."""

    def __init__(self, containers: Containers, executions: Executions) -> None:
        self.containers = containers
        self.executions = executions
        self.store = containers.store

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without the version before them."""
        return [
            web.post("/containers/{name}/attach", self.attach), web.get("/containers/{name}/logs", self.logs),
            web.post("/containers/{name}/exec", self.create_exec), web.post("/exec/{id}/start", self.start_exec),
            web.post("/exec/{id}/resize", self.resize_exec), web.get("/exec/{id}/json", self.inspect_exec),
        ]  # fmt: skip

    # Attach

    @is_stream
    async def attach(self, request: web.Request) -> web.StreamResponse:
        container = self.store.container(request.match_info["name"])
        query = request.query
        keys = parse_detach_keys(query.get("detachKeys") or DEFAULT_DETACH_KEYS)
        if container.state.paused:
            raise conflict(f"container {container.id} is paused, unpause the container before attach")
        if container.state.restarting:
            raise conflict(f"container {container.id} is restarting, wait until the container is running")
        wanted = {number for number, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if filters.flag(query, name)}
        conversation = take_over(request, container.tty)
        session = Session(container, self.containers.runtime(container), conversation, wanted)
        if filters.flag(query, "logs"):
            session.replay()
        if filters.flag(query, "stream"):
            self.containers.emit(container, "attach")
            detached = await session.run(
                DetachKeys(keys if container.tty else b""), typing=filters.flag(query, "stdin")
            )
            if detached:
                self.containers.emit(container, "detach")
        await conversation.close()
        return TakenOver()

    # Logs

    @is_stream
    async def logs(self, request: web.Request) -> web.StreamResponse:
        container, query = self.store.container(request.match_info["name"]), request.query
        wanted = {number for number, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if filters.flag(query, name)}
        if not wanted:
            raise bad_parameter("Bad parameters: you must choose at least one stream")
        until = parse_moment(query["until"]) if query.get("until") not in {None, "", "0"} else float("inf")
        since = parse_moment(query["since"]) if query.get("since") else 0.0
        tail = query.get("tail", "all")
        log, runtime = self.containers.runtime(container).log, self.containers.runtime(container)
        entries, offset = log.read()
        response = await stream(request, stream_type(request, container.tty))
        stamped = filters.flag(query, "timestamps")
        for entry in select(entries, wanted, since, until, int(tail) if tail.isdigit() else None):
            await response.write(_shown(entry, container.tty, stamped))
        if filters.flag(query, "follow") and container.state.running and until > time.time():
            await self._follow(response, log, offset, runtime, wanted, container.tty, stamped)
        await response.write_eof()
        return response

    async def _follow(
        self,
        response: web.StreamResponse,
        log: Log,
        offset: int,
        runtime: Runtime,
        wanted: set[int],
        tty: bool,
        stamped: bool,
    ) -> None:
        async for entry in log.follow(offset, runtime.exited):
            if entry.stream in wanted:
                await response.write(_shown(entry, tty, stamped))

    # Exec

    async def create_exec(self, request: web.Request) -> web.StreamResponse:
        container = self.store.container(request.match_info["name"])
        execution = self.executions.create(container, await body(request))
        return reply({"Id": execution.id}, status=201)

    @is_stream
    async def start_exec(self, request: web.Request) -> web.StreamResponse:
        execution, document = self.executions.find(request.match_info["id"]), await body(request, required=False)
        if document.get("Detach"):
            self.executions.check_can_start(execution)
            await self.executions.start(execution, lambda _stream, _data: None)
            return web.Response(status=200)
        size = document.get("ConsoleSize")
        if size:
            self.executions.sizes.setdefault(execution.id, (size[0], size[1]))
        await self._converse(request, execution)
        return TakenOver()

    async def _converse(self, request: web.Request, execution: Exec) -> None:
        tty = bool(execution.config.get("Tty"))
        conversation = take_over(request, tty)
        streams = {
            number for number, key in ((STDOUT, "AttachStdout"), (STDERR, "AttachStderr")) if execution.config.get(key)
        }
        client = Attached(conversation, streams, tty)
        try:
            # Refusals come over the stream: the connection has been taken over before the engine looks at the command.
            self.executions.check_can_start(execution)
            process = await self.executions.start(execution, client.receive)
        except ApiError as refused:
            text = f"{refused.message}\r\n".encode()
            conversation.write(text if tty else frame(STDOUT, text))
        else:
            await self._type(conversation, client, execution, process)
        await conversation.close()

    async def _type(self, conversation: Conversation, client: Attached, execution: Exec, process: Process) -> None:
        client.hold, client.release = process.hold, process.release
        conversation.on_full = client.flow
        keys = parse_detach_keys(execution.config.get("DetachKeys") or DEFAULT_DETACH_KEYS)
        watcher, detached = DetachKeys(keys if process.tty is not None else b""), asyncio.Event()

        def typed(data: bytes) -> None:
            passed, is_complete = watcher.feed(data)
            process.stdin.write(passed)
            if is_complete:
                detached.set()

        conversation.on_data = typed
        conversation.on_eof = (lambda: None) if process.tty is not None else process.stdin.close
        conversation.open()
        await first(self.executions.ended(execution), detached.wait(), conversation.lost.wait())

    async def resize_exec(self, request: web.Request) -> web.StreamResponse:
        execution = self.executions.find(request.match_info["id"])
        self.executions.resize(execution, *(filters.number(request.query, name, 0) for name in ("h", "w")))
        return web.Response(status=200)

    async def inspect_exec(self, request: web.Request) -> web.StreamResponse:
        return reply(self.executions.inspect(self.executions.find(request.match_info["id"])))


class Session:
    """One client attached to a container."""

    def __init__(self, container: Container, runtime: Runtime, conversation: Conversation, wanted: set[int]) -> None:
        self.container = container
        self.runtime = runtime
        self.conversation = conversation
        self.client = Attached(conversation, wanted, container.tty, self._hold, self._release)
        self.detached = asyncio.Event()

    def replay(self) -> None:
        """Send what the container has written so far."""
        for entry in self.runtime.log.read()[0]:
            self.client.receive(entry.stream, entry.data)
        for number, part in self.runtime.log.parts.items():
            if part:
                self.client.receive(number, part)

    async def run(self, keys: DetachKeys, *, typing: bool) -> bool:
        """Pass bytes both ways until the container ends, the client goes, or it detaches; tells whether it detached."""
        self.runtime.hub.clients.add(self.client)
        if typing and self.container.config["OpenStdin"]:
            self._listen(keys)
        self.conversation.on_full = self.client.flow
        self.conversation.open()
        try:
            await first(self._container_ends(), self.detached.wait(), self.conversation.lost.wait())
        finally:
            self.runtime.hub.clients.discard(self.client)
            self._release(self.client)
        return self.detached.is_set()

    def _listen(self, keys: DetachKeys) -> None:
        def typed(data: bytes) -> None:
            passed, is_complete = keys.feed(data)
            if passed:
                self.runtime.write(passed)
            if is_complete:
                self.detached.set()

        def ended() -> None:
            if self.container.config["StdinOnce"] and not self.container.tty:
                self.runtime.close_input()

        self.conversation.on_data, self.conversation.on_eof = typed, ended

    async def _container_ends(self) -> None:
        """Wait for the end of the run that goes on, or of the next one."""
        if self.runtime.process is None:
            coming: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self.runtime.exits.append(coming)
            await coming
        else:
            await self.runtime.exited.wait()

    def _hold(self, holder: object) -> None:
        if self.runtime.process is not None:
            self.runtime.process.hold(holder)

    def _release(self, holder: object) -> None:
        if self.runtime.process is not None:
            self.runtime.process.release(holder)


async def first(*waits: object) -> None:
    """Wait until the first of several comes, and give the others up."""
    tasks = [asyncio.ensure_future(one) for one in waits]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _shown(entry: Entry, tty: bool, stamped: bool) -> bytes:
    data = entry.time.encode() + b" " + entry.data if stamped else entry.data
    return data if tty else frame(entry.stream, data)
