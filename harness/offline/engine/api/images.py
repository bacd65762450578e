"""``/images`` and ``/build``."""

from __future__ import annotations

import asyncio
import copy
import json
import shutil
import tempfile
from pathlib import Path

from aiohttp import web

from harness.offline.engine import documents, filters
from harness.offline.engine.api.http import body, line, reply, stream
from harness.offline.engine.build import context
from harness.offline.engine.build.builder import Builder, read_dockerfile
from harness.offline.engine.build.steps import Options
from harness.offline.engine.errors import bad_parameter, unsupported
from harness.offline.engine.images import FILTERS, Images
from harness.offline.engine.library import digest
from harness.offline.engine.model import Container, Image
from harness.offline.engine.naming import now, parse_reference
from harness.offline.engine.store import Store

LARGEST_CONTEXT = 2**30


class ImagesApi:
    """Handlers of the images' routes."""

    def __init__(self, store: Store, images: Images) -> None:
        self.store = store
        self.images = images

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without the version before them."""
        one = "/images/{name:.+}"
        return [
            web.get("/images/json", self.list), web.post("/images/create", self.create),
            web.get("/images/search", self.search), web.get("/images/get", self.refuse("saving images")),
            web.post("/images/load", self.refuse("loading images")), web.post("/images/prune", self.prune),
            web.post("/build/prune", self.prune_build), web.post("/build", self.build),
            web.post("/commit", self.commit), web.get(f"{one}/json", self.inspect),
            web.get(f"{one}/history", self.history), web.get(f"{one}/get", self.refuse("saving images")),
            web.post(f"{one}/tag", self.tag), web.post(f"{one}/push", self.push), web.delete(one, self.remove),
            web.post("/session", self.refuse("BuildKit")),
        ]  # fmt: skip

    def refuse(self, what: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a handler
        """Return a handler that says what this engine does not do."""

        async def handler(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
            raise unsupported(what)

        return handler

    async def list(self, request: web.Request) -> web.StreamResponse:
        asked = filters.read(request.query, FILTERS)
        if request.query.get("filter"):
            asked.setdefault("reference", []).append(request.query["filter"])
        return reply(self.images.select(filters.flag(request.query, "all"), asked))

    async def create(self, request: web.Request) -> web.StreamResponse:
        if "fromSrc" in request.query:
            raise unsupported("importing images")
        name = request.query.get("fromImage", "")
        if not name:
            raise bad_parameter("invalid reference format")
        tag = request.query.get("tag", "")
        reference = parse_reference(
            f"{name}@{tag}" if tag.startswith("sha256:") else name, None if ":" in tag else tag or None
        )
        messages = self.images.pull(reference)
        response = await stream(request)
        for message in messages:
            await response.write(line(message))
        await response.write_eof()
        return response

    async def search(self, request: web.Request) -> web.StreamResponse:
        from harness.offline.engine.library import RELEASES

        term = request.query.get("term", "")
        names = sorted({release.family for release in RELEASES if term in release.family})
        found = [
            {"name": name, "description": "", "star_count": 0, "is_official": True, "is_automated": False}
            for name in names
        ]
        return reply(found)

    async def inspect(self, request: web.Request) -> web.StreamResponse:
        return reply(documents.image_document(self._find(request)))

    async def history(self, request: web.Request) -> web.StreamResponse:
        return reply(self.images.history(self._find(request)))

    def _find(self, request: web.Request) -> Image:
        return self.store.image(request.match_info["name"])

    async def tag(self, request: web.Request) -> web.StreamResponse:
        image = self._find(request)
        self.images.tag(image, request.query.get("repo", ""), request.query.get("tag", ""))
        return web.Response(status=201)

    async def push(self, request: web.Request) -> web.StreamResponse:
        reference = parse_reference(request.match_info["name"], request.query.get("tag") or None)
        image = self.store.image(reference.familiar)
        response = await stream(request)
        await response.write(line({"status": f"The push refers to repository [{reference.domain}/{reference.path}]"}))
        reason = "denied: requested access to the resource is denied"
        await response.write(line({"errorDetail": {"message": reason}, "error": reason}))
        self.images.emit(image, "push")
        await response.write_eof()
        return response

    async def remove(self, request: web.Request) -> web.StreamResponse:
        force, keep = filters.flag(request.query, "force"), filters.flag(request.query, "noprune")
        return reply(self.images.remove(request.match_info["name"], force=force, prune=not keep))

    async def prune(self, request: web.Request) -> web.StreamResponse:
        return reply(self.images.prune(filters.read(request.query, {"dangling", "label", "label!", "until"})))

    async def prune_build(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        return reply({"CachesDeleted": None, "SpaceReclaimed": 0})

    # Build and commit

    async def build(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        if query.get("version") == "2":
            raise bad_parameter("the embedded engine builds with the classic builder only: set DOCKER_BUILDKIT=0")
        if query.get("remote"):
            raise unsupported("building from a remote context")
        options = Options(
            tags=tuple(parse_reference(tag).familiar for tag in query.getall("t", []) if tag),
            arguments={k: v for k, v in json.loads(query.get("buildargs") or "{}").items() if v is not None},
            labels=json.loads(query.get("labels") or "{}"), target=query.get("target", "").lower(),
            no_cache=filters.flag(query, "nocache"), quiet=filters.flag(query, "q"),
        )  # fmt: skip
        folder = Path(tempfile.mkdtemp(prefix="build-", dir=self.store.directory))
        try:
            await asyncio.to_thread(context.unpack, await request.read(), folder / "context")
            instructions = read_dockerfile(folder / "context", query.get("dockerfile") or "Dockerfile")
            builder = Builder(self.store, self.images, folder / "context", options)
            response = await stream(request)
            for message in builder.build(instructions):
                await response.write(line(message))
            await response.write_eof()
            return response
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def commit(self, request: web.Request) -> web.StreamResponse:
        query, document = request.query, await body(request, required=False)
        container = self.store.container(query.get("container", ""))
        image = self._committed(container, document, query.get("comment", ""))
        if query.get("repo"):
            self.images.tag(image, query["repo"], query.get("tag", ""))
        self.store.events.emit("container", "commit", container.id, {"name": container.name, "imageID": image.id})
        return reply({"Id": image.id}, status=201)

    def _committed(self, container: Container, changed: dict[str, object], comment: str) -> Image:
        """Make an image of a container: what it wrote outside the directories that are laid out for each anew."""
        image, made = copy.deepcopy(container.image), now()
        image.id, image.parent = digest("commit", container.id, made), container.image.id
        image.tags, image.digests, image.created, image.comment = [], [], made, comment
        image.config = {**container.config, **{key: value for key, value in changed.items() if value}, "Hostname": ""}
        layer = self.store.directory / "images" / image.id.removeprefix("sha256:")
        laid_out = {"proc", "dev", "bin", "sbin", "lib", "lib64", "usr", ".machine", ".dockerenv"}

        def left_out(folder: str, names: list[str]) -> set[str]:
            return laid_out & set(names) if Path(folder) == container.root else set()

        shutil.copytree(container.root, layer, symlinks=True, ignore=left_out)
        image.layers.append(str(layer))
        image.history.append({"created": made, "created_by": " ".join(container.config["Cmd"] or []), "size": 0})
        self.store.images[image.id] = image
        return image
