"""``/containers``: everything but archives and streams."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from harness.offline.engine import documents, filters
from harness.offline.engine.api.http import body, is_stream, reply, stream
from harness.offline.engine.containers import Containers
from harness.offline.engine.errors import ApiError, bad_parameter, not_running
from harness.offline.engine.model import Container, Json
from harness.offline.engine.processes import stats, table


class ContainersApi:
    """Handlers of the containers' routes."""

    def __init__(self, containers: Containers) -> None:
        self.containers = containers
        self.store = containers.store

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without the version before them."""
        one = "/containers/{name}"
        posts = {
            "start": self.start, "stop": self.stop, "restart": self.restart, "kill": self.kill, "pause": self.pause,
            "unpause": self.unpause, "rename": self.rename, "resize": self.resize, "wait": self.wait,
            "update": self.update,
        }  # fmt: skip
        return [
            web.get("/containers/json", self.list), web.post("/containers/create", self.create),
            web.post("/containers/prune", self.prune), web.get(f"{one}/json", self.inspect),
            web.delete(one, self.remove), web.get(f"{one}/top", self.top), web.get(f"{one}/stats", self.stats),
            web.get(f"{one}/changes", self.changes),
            *(web.post(f"{one}/{verb}", handler) for verb, handler in posts.items()),
        ]  # fmt: skip

    def find(self, request: web.Request) -> Container:
        return self.store.container(request.match_info["name"])

    async def list(self, request: web.Request) -> web.StreamResponse:
        asked = filters.read(request.query, documents.CONTAINER_FILTERS)
        everything, limit = filters.flag(request.query, "all"), filters.number(request.query, "limit", 0)
        size = filters.flag(request.query, "size")
        chosen = documents.select_containers(self.store, everything, limit, asked)
        return reply([documents.container_summary(c, self._image_name(c), size) for c in chosen])

    def _image_name(self, container: Container) -> str:
        """Return the image as the list shows it: by id where its name means another image by now."""
        try:
            current = self.store.image(container.image_name)
        except ApiError:
            return container.image.id
        return container.image_name if current is container.image else container.image.id

    async def create(self, request: web.Request) -> web.StreamResponse:
        if not request.content_type.startswith("application/json"):
            raise bad_parameter(f"unsupported Content-Type header ({request.content_type}): must be 'application/json'")
        document = await body(request)
        if not any(document.get(key) for key in ("Image", "Cmd", "Entrypoint", "Env", "HostConfig")):
            raise bad_parameter("config cannot be empty in order to create a container")
        container = await self.containers.create(request.query.get("name") or None, document)
        return reply({"Id": container.id, "Warnings": []}, status=201)

    async def inspect(self, request: web.Request) -> web.StreamResponse:
        container = self.find(request)
        log = self.containers.runtime(container).log
        return reply(documents.container_document(container, log, filters.flag(request.query, "size")))

    async def start(self, request: web.Request) -> web.StreamResponse:
        await self.containers.start(self.find(request))
        return web.Response(status=204)

    async def stop(self, request: web.Request) -> web.StreamResponse:
        await self.containers.stop(self.find(request), self._seconds(request), request.query.get("signal"))
        return web.Response(status=204)

    async def restart(self, request: web.Request) -> web.StreamResponse:
        await self.containers.restart(self.find(request), self._seconds(request), request.query.get("signal"))
        return web.Response(status=204)

    def _seconds(self, request: web.Request) -> int | None:
        return filters.number(request.query, "t", 0) if request.query.get("t") else None

    async def kill(self, request: web.Request) -> web.StreamResponse:
        await self.containers.kill(self.find(request), request.query.get("signal") or "SIGKILL")
        return web.Response(status=204)

    async def pause(self, request: web.Request) -> web.StreamResponse:
        await self.containers.pause(self.find(request))
        return web.Response(status=204)

    async def unpause(self, request: web.Request) -> web.StreamResponse:
        await self.containers.unpause(self.find(request))
        return web.Response(status=204)

    async def rename(self, request: web.Request) -> web.StreamResponse:
        self.containers.rename(self.find(request), request.query.get("name", ""))
        return web.Response(status=204)

    async def resize(self, request: web.Request) -> web.StreamResponse:
        container = self.find(request)
        self.containers.resize(container, *(filters.number(request.query, name, 0) for name in ("h", "w")))
        return web.Response(status=200)

    async def update(self, request: web.Request) -> web.StreamResponse:
        container, document = self.find(request), await body(request)
        policy = document.get("RestartPolicy") or {}
        if policy.get("Name"):
            if container.host_config["AutoRemove"] and policy["Name"] != "no":
                raise bad_parameter("Restart policy cannot be updated because AutoRemove is enabled for the container")
            container.host_config["RestartPolicy"] = {"MaximumRetryCount": 0} | policy
        for key in ("Memory", "NanoCpus", "CpuShares", "PidsLimit"):
            container.host_config[key] = document.get(key) or container.host_config[key]
        self.containers.emit(container, "update")
        return reply({"Warnings": []})

    @is_stream
    async def wait(self, request: web.Request) -> web.StreamResponse:
        condition = request.query.get("condition") or "not-running"
        if condition not in {"not-running", "next-exit", "removed"}:
            raise bad_parameter(f'invalid condition: "{condition}"')
        waiting = asyncio.ensure_future(self.containers.wait(self.find(request), condition))
        try:
            # The head goes out before the end comes: a client waits for it before it starts the container.
            await asyncio.sleep(0)
            response = await stream(request)
            await response.write(json.dumps({"StatusCode": await waiting}).encode() + b"\n")
        finally:
            waiting.cancel()
        await response.write_eof()
        return response

    async def remove(self, request: web.Request) -> web.StreamResponse:
        force, volumes = filters.flag(request.query, "force"), filters.flag(request.query, "v")
        await self.containers.remove(self.find(request), force=force, volumes=volumes)
        return web.Response(status=204)

    async def prune(self, request: web.Request) -> web.StreamResponse:
        asked = filters.read(request.query, {"label", "label!", "until"})
        removed = []
        for container in list(self.store.containers.values()):
            idle = container.state.status in {"created", "exited", "dead"}
            if idle and filters.labels_match(container.config["Labels"], asked.get("label", [])):
                await self.containers.remove(container, force=False, volumes=False)
                removed.append(container.id)
        return reply({"ContainersDeleted": removed or None, "SpaceReclaimed": 0})

    async def top(self, request: web.Request) -> web.StreamResponse:
        container = self.find(request)
        if not container.state.running:
            raise not_running(container.id)
        return reply(table(self.containers.processes(container), request.query.get("ps_args") or "-ef"))

    @is_stream
    async def stats(self, request: web.Request) -> web.StreamResponse:
        container = self.find(request)
        response = await stream(request)
        before: Json = {}
        while True:
            before = stats(container, self.containers.processes(container), before)
            await response.write(json.dumps(before).encode() + b"\n")
            if not filters.flag(request.query, "stream", True):
                break
            await asyncio.sleep(1)  # the API's own interval
        await response.write_eof()
        return response

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """Name what was written since the container was made; what the engine itself laid out is older."""
        container = self.find(request)
        made = container.directory.stat().st_ctime
        found = [
            {"Path": f"/{path.relative_to(container.root)}", "Kind": 1}
            for path in container.root.rglob("*")
            if not path.is_symlink() and path.is_file() and path.stat().st_ctime > made + 1
        ]
        return reply(found or None)
