"""``/info``, ``/version``, ``/events`` and the like; volumes and networks."""

from __future__ import annotations

import platform

import psutil
from aiohttp import web

from harness.offline.engine import documents, filters
from harness.offline.engine.api.http import (
    API_VERSION,
    ENGINE_VERSION,
    LEAST_VERSION,
    body,
    is_stream,
    line,
    reply,
    stream,
)
from harness.offline.engine.containers import Containers
from harness.offline.engine.errors import ApiError, bad_parameter, conflict
from harness.offline.engine.images import Images
from harness.offline.engine.library import digest
from harness.offline.engine.model import Json
from harness.offline.engine.naming import CONTAINER_NAME, new_id, now, parse_moment
from harness.offline.engine.store import DATA, Store

PREDEFINED = ("bridge", "host", "none")
EVENT_FILTERS = {"container", "daemon", "event", "image", "label", "network", "scope", "type", "volume", "plugin"}


def predefined_networks() -> dict[str, Json]:
    """Return the networks that every engine has."""
    drivers = {"bridge": "bridge", "host": "host", "none": "null"}
    made = now()
    networks = (documents.new_network(name, new_id(), made, drivers[name]) for name in PREDEFINED)
    return {network["Id"]: network for network in networks}


class SystemApi:
    """Handlers of the system's routes."""

    def __init__(self, containers: Containers, images: Images, hostname: str) -> None:
        self.containers = containers
        self.images = images
        self.store: Store = containers.store
        self.hostname = hostname

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without the version before them."""
        return [
            web.get("/_ping", self.ping, allow_head=False), web.head("/_ping", self.ping),
            web.get("/version", self.version), web.get("/info", self.info), web.get("/system/df", self.usage),
            web.get("/events", self.events), web.post("/auth", self.auth), web.get("/volumes", self.volumes),
            web.post("/volumes/create", self.create_volume), web.post("/volumes/prune", self.prune_volumes),
            web.get("/volumes/{name}", self.volume), web.delete("/volumes/{name}", self.remove_volume),
            web.get("/networks", self.networks), web.post("/networks/create", self.create_network),
            web.post("/networks/prune", self.prune_networks), web.get("/networks/{name}", self.network),
            web.delete("/networks/{name}", self.remove_network), web.get("/swarm", self.no_swarm),
            web.get("/services", self.no_swarm), web.get("/nodes", self.no_swarm),
        ]  # fmt: skip

    async def ping(self, request: web.Request) -> web.StreamResponse:
        headers = {
            "Api-Version": API_VERSION, "Builder-Version": "1", "Docker-Experimental": "false", "Swarm": "inactive",
            "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Ostype": "linux",
        }  # fmt: skip
        return web.Response(text="" if request.method == "HEAD" else "OK", headers=headers)

    async def version(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        details = {
            "ApiVersion": API_VERSION, "Arch": "amd64", "BuildTime": "2026-01-15T09:00:00.000000000+00:00",
            "Experimental": "false", "GitCommit": "embedded", "GoVersion": "none", "KernelVersion": platform.release(),
            "MinAPIVersion": LEAST_VERSION, "Os": "linux",
        }  # fmt: skip
        old = {key: details[key] for key in details if key != "Experimental"}
        component = {"Name": "Engine", "Version": ENGINE_VERSION, "Details": details}
        return reply(
            {
                "Platform": {"Name": "Docker Engine (embedded)"},
                "Components": [component],
                "Version": ENGINE_VERSION,
                **old,
            }
        )

    async def info(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        states = [container.state for container in self.store.containers.values()]
        paused, running = sum(state.paused for state in states), sum(state.running for state in states)
        return reply({
            "ID": digest(self.hostname)[7:43], "Containers": len(states), "ContainersRunning": running - paused,
            "ContainersPaused": paused, "ContainersStopped": len(states) - running, "Images": len(self.store.images),
            "Driver": "overlay2", "DriverStatus": [], "Name": self.hostname, "ServerVersion": ENGINE_VERSION,
            "Plugins": {
                "Volume": ["local"], "Network": ["bridge", "host", "null"], "Authorization": None, "Log": ["json-file"],
            },
            "MemoryLimit": False, "SwapLimit": False, "CpuCfsPeriod": False, "CpuCfsQuota": False, "CPUShares": False,
            "CPUSet": False, "PidsLimit": False, "IPv4Forwarding": True, "Debug": False, "OomKillDisable": False,
            "NGoroutines": 0, "SystemTime": now(), "LoggingDriver": "json-file", "CgroupDriver": "none",
            "CgroupVersion": "2", "KernelVersion": platform.release(), "OperatingSystem": "Ubuntu (embedded host)",
            "OSVersion": "", "OSType": "linux", "Architecture": "x86_64",
            "IndexServerAddress": "https://index.docker.io/v1/", "RegistryConfig": None, "NCPU": psutil.cpu_count(),
            "MemTotal": psutil.virtual_memory().total, "DockerRootDir": DATA, "HttpProxy": "", "HttpsProxy": "",
            "NoProxy": "", "Labels": [], "ExperimentalBuild": False, "Runtimes": {"runc": {"path": "runc"}},
            "DefaultRuntime": "runc", "Swarm": {"LocalNodeState": "inactive", "ControlAvailable": False, "Error": ""},
            "LiveRestoreEnabled": False, "Isolation": self.containers.isolation.name, "InitBinary": "docker-init",
            "SecurityOptions": [], "Warnings": ["embedded engine: RUN lines are recorded, not executed"],
        })  # fmt: skip

    async def usage(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        store = self.store
        volumes = [
            documents.volume_document(one) | {"UsageData": {"RefCount": len(store.users_of(one)), "Size": 0}}
            for one in store.volumes.values()
        ]
        return reply({
            "LayersSize": sum(image.size for image in store.images.values()), "Volumes": volumes, "BuildCache": [],
            "Images": [documents.image_summary(one) | {"Containers": len(store.using(one)), "SharedSize": 0}
                       for one in store.images.values() if one.tags],
            "Containers": [documents.container_summary(one, one.image_name, True) for one in store.containers.values()],
            "BuilderSize": 0,
        })  # fmt: skip

    @is_stream
    async def events(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        asked = filters.read(query, EVENT_FILTERS)
        since = parse_moment(query["since"]) if query.get("since") else None
        until = parse_moment(query["until"]) if query.get("until") else None
        response = await stream(request)
        async for event in self.store.events.follow(since, until, asked):
            await response.write(line(event))
        await response.write_eof()
        return response

    async def auth(self, request: web.Request) -> web.StreamResponse:
        await body(request)
        raise ApiError(401, 'Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password')

    async def no_swarm(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        raise ApiError(
            503,
            'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to '
            "swarm and try again.",
        )

    # Volumes

    async def volumes(self, request: web.Request) -> web.StreamResponse:
        asked = filters.read(request.query, {"dangling", "driver", "label", "name"})
        found = []
        for volume in self.store.volumes.values():
            unused = not self.store.users_of(volume)
            wanted = all(filters.flag({"v": v}, "v") == unused for v in asked.get("dangling", []))
            named = not asked.get("name") or any(part in volume.name for part in asked["name"])
            local = not asked.get("driver") or "local" in asked["driver"]
            if wanted and named and local and filters.labels_match(volume.labels, asked.get("label", [])):
                found.append(documents.volume_document(volume))
        return reply({"Volumes": found, "Warnings": None})

    async def create_volume(self, request: web.Request) -> web.StreamResponse:
        document = await body(request, required=False)
        name = document.get("Name") or ""
        if document.get("Driver") not in {None, "", "local"}:
            raise ApiError(
                404, f'error looking up volume plugin {document["Driver"]}: plugin "{document["Driver"]}" not found'
            )
        if name and not CONTAINER_NAME.fullmatch(name):
            raise bad_parameter(
                f'create {name}: "{name}" includes invalid characters for a local volume name, only '
                '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
            )
        volume = self.store.create_volume(name, labels=document.get("Labels"), options=document.get("DriverOpts"))
        return reply(documents.volume_document(volume), status=201)

    async def volume(self, request: web.Request) -> web.StreamResponse:
        return reply(documents.volume_document(self.store.volume(request.match_info["name"])))

    async def remove_volume(self, request: web.Request) -> web.StreamResponse:
        volume = self.store.volume(request.match_info["name"])
        users = self.store.users_of(volume)
        if users:
            raise conflict(f"remove {volume.name}: volume is in use - [{', '.join(user.id for user in users)}]")
        self.containers.remove_volume_if_unused(volume.name)
        return web.Response(status=204)

    async def prune_volumes(self, request: web.Request) -> web.StreamResponse:
        asked = filters.read(request.query, {"label", "label!", "all"})
        everything = any(filters.flag({"v": value}, "v") for value in asked.get("all", []))
        removed = []
        for volume in list(self.store.volumes.values()):
            if not self.store.users_of(volume) and (everything or volume.anonymous):
                self.containers.remove_volume_if_unused(volume.name)
                removed.append(volume.name)
        return reply({"VolumesDeleted": removed or None, "SpaceReclaimed": 0})

    # Networks

    async def networks(self, request: web.Request) -> web.StreamResponse:
        asked = filters.read(request.query, {"dangling", "driver", "id", "label", "name", "scope", "type"})
        found = [
            documents.network_document(network, [])
            for network in self.store.networks.values()
            if (not asked.get("name") or any(part in network["Name"] for part in asked["name"]))
            and (not asked.get("driver") or network["Driver"] in asked["driver"])
            and (not asked.get("id") or any(network["Id"].startswith(part) for part in asked["id"]))
            and filters.labels_match(network["Labels"], asked.get("label", []))
        ]
        return reply(found)

    async def network(self, request: web.Request) -> web.StreamResponse:
        network = self.store.network(request.match_info["name"])
        return reply(documents.network_document(network, self.store.containers.values()))

    async def create_network(self, request: web.Request) -> web.StreamResponse:
        document = await body(request)
        name = document.get("Name") or ""
        if not name.strip():
            raise bad_parameter("invalid name: name is empty")
        if any(network["Name"] == name for network in self.store.networks.values()):
            raise conflict(f"network with name {name} already exists")
        network = documents.new_network(
            name, new_id(), now(), document.get("Driver") or "bridge", document.get("Labels")
        )
        self.store.networks[network["Id"]] = network
        self.store.events.emit("network", "create", network["Id"], {"name": name, "type": network["Driver"]})
        return reply({"Id": network["Id"], "Warning": ""}, status=201)

    async def remove_network(self, request: web.Request) -> web.StreamResponse:
        network = self.store.network(request.match_info["name"])
        if network["Name"] in PREDEFINED:
            raise ApiError(403, f"{network['Name']} is a pre-defined network and cannot be removed")
        users = documents.network_document(network, self.store.containers.values())["Containers"]
        if users:
            raise ApiError(
                403, f"error while removing network: network {network['Name']} id {network['Id']} has active endpoints"
            )
        del self.store.networks[network["Id"]]
        self.store.events.emit("network", "destroy", network["Id"], {"name": network["Name"]})
        return web.Response(status=204)

    async def prune_networks(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        used = {name for container in self.store.containers.values() for name in container.networks}
        idle = [one for one in self.store.networks.values() if one["Name"] not in used | set(PREDEFINED)]
        for network in idle:
            del self.store.networks[network["Id"]]
        return reply({"NetworksDeleted": [one["Name"] for one in idle] or None})
