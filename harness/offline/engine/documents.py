"""The JSON documents of containers, images, volumes and networks."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from harness.offline.engine import filters
from harness.offline.engine.errors import bad_parameter
from harness.offline.engine.isolation import GATEWAY
from harness.offline.engine.library import digest
from harness.offline.engine.logs import Log
from harness.offline.engine.model import Container, Image, Json, Mount, State, Volume
from harness.offline.engine.naming import ZERO_TIME, seconds
from harness.offline.engine.store import DATA, Store

CONTAINER_FILTERS = {
    "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
    "publish", "since", "status", "volume",
}  # fmt: skip
STATUSES = {"created", "restarting", "running", "removing", "paused", "exited", "dead"}


def ago(moment: str) -> str:
    """Return how long ago something was, in the words of go-units' ``HumanDuration``."""
    elapsed = max(0, int(datetime.datetime.now(datetime.UTC).timestamp() - seconds(moment)))
    if elapsed < 1:
        return "Less than a second"
    if elapsed < 60:
        return "1 second" if elapsed == 1 else f"{elapsed} seconds"
    if elapsed < 3600:
        return "About a minute" if elapsed < 120 else f"{elapsed // 60} minutes"
    if elapsed < 48 * 3600:
        return "About an hour" if elapsed < 2 * 3600 else f"{elapsed // 3600} hours"
    return f"{elapsed // 86400} days" if elapsed < 14 * 86400 else f"{elapsed // (7 * 86400)} weeks"


def status_line(state: State) -> str:
    """Return the status column of ``docker ps``."""
    if state.paused:
        return f"Up {ago(state.started)} (Paused)"
    if state.restarting:
        return f"Restarting ({state.exit_code}) {ago(state.finished)} ago"
    if state.running:
        return f"Up {ago(state.started)}"
    if state.removing:
        return "Removal In Progress"
    return "Created" if state.started == ZERO_TIME else f"Exited ({state.exit_code}) {ago(state.finished)} ago"


def mount_document(mount: Mount) -> Json:
    """Return one entry of ``Mounts``."""
    document: Json = {"Type": mount.kind}
    if mount.name is not None:
        document |= {"Name": mount.name}
    document |= {"Source": mount.source, "Destination": mount.destination}
    if mount.kind == "volume":
        document |= {"Driver": "local"}
    propagation = "rprivate" if mount.kind == "bind" else ""
    return document | {"Mode": "ro" if mount.read_only else "", "RW": not mount.read_only, "Propagation": propagation}


def endpoints(container: Container) -> Json:
    """Return the networks of a container with its address in each."""
    live = container.state.running and not container.state.restarting
    found = {}
    for name, own in container.networks.items():
        linked = live and name not in {"host", "none"}
        found[name] = {
            "IPAMConfig": None, "Links": None, "Aliases": own["Aliases"],
            "MacAddress": mac(container) if linked else "", "NetworkID": own["NetworkID"],
            "EndpointID": digest(container.id, name)[7:] if live else "", "Gateway": GATEWAY if linked else "",
            "IPAddress": container.address if linked else "", "IPPrefixLen": 16 if linked else 0, "IPv6Gateway": "",
            "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DriverOpts": None, "DNSNames": None,
        }  # fmt: skip
    return found


def mac(container: Container) -> str:
    """Return the hardware address that docker derives from an address of its bridge."""
    return "02:42:" + ":".join(f"{int(part):02x}" for part in container.address.split("."))


def _network_settings(container: Container) -> Json:
    networks = endpoints(container)
    bridge = networks.get("bridge", {})
    return {
        "Bridge": "", "SandboxID": digest(container.id)[7:] if container.state.running else "", "SandboxKey": "",
        "Ports": {port: hosts or None for port, hosts in container.ports.items()}, "HairpinMode": False,
        "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0, "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None, "EndpointID": bridge.get("EndpointID", ""),
        "Gateway": bridge.get("Gateway", ""), "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0,
        "IPAddress": bridge.get("IPAddress", ""), "IPPrefixLen": bridge.get("IPPrefixLen", 0), "IPv6Gateway": "",
        "MacAddress": bridge.get("MacAddress", ""), "Networks": networks,
    }  # fmt: skip


def _state(state: State) -> Json:
    return {
        "Status": state.status, "Running": state.running, "Paused": state.paused, "Restarting": state.restarting,
        "OOMKilled": False, "Dead": state.dead, "Pid": state.pid, "ExitCode": state.exit_code, "Error": state.error,
        "StartedAt": state.started, "FinishedAt": state.finished,
    }  # fmt: skip


def container_document(container: Container, log: Log, size: bool = False) -> Json:
    """Return the inspect document of a container."""
    from harness.offline.engine.creation import LEFT_OUT_WHEN_EMPTY

    argv = [*(container.config["Entrypoint"] or []), *(container.config["Cmd"] or [])]
    place = f"{DATA}/containers/{container.id}"
    config = {key: value for key, value in container.config.items() if value or key not in LEFT_OUT_WHEN_EMPTY}
    document: Json = {
        "Id": container.id, "Created": container.created, "Path": argv[0], "Args": argv[1:],
        "State": _state(container.state), "Image": container.image.id, "ResolvConfPath": f"{place}/resolv.conf",
        "HostnamePath": f"{place}/hostname", "HostsPath": f"{place}/hosts", "LogPath": f"{place}/{log.path.name}",
        "Name": f"/{container.name}", "RestartCount": container.restart_count, "Driver": "overlay2",
        "Platform": "linux", "MountLabel": "", "ProcessLabel": "", "AppArmorProfile": "",
        "ExecIDs": running_execs(container), "HostConfig": container.host_config,
        "GraphDriver": {"Data": None, "Name": "overlay2"},
        "Mounts": [mount_document(mount) for mount in container.mounts], "Config": config,
        "NetworkSettings": _network_settings(container),
    }  # fmt: skip
    if size:
        document |= {"SizeRw": 0, "SizeRootFs": container.image.size}
    return document


def running_execs(container: Container) -> list[str] | None:
    """Return the ids of the commands in a container, or ``None`` as moby does where there are none."""
    return list(container.execs) if container.state.running and container.execs else None


def container_summary(container: Container, image_name: str, size: bool = False) -> Json:
    """Return a container's entry in the list of containers."""
    argv = [*(container.config["Entrypoint"] or []), *(container.config["Cmd"] or [])]
    document: Json = {
        "Id": container.id, "Names": [f"/{container.name}"], "Image": image_name, "ImageID": container.image.id,
        "Command": " ".join(quoted(word) for word in argv), "Created": int(seconds(container.created)),
        "Ports": port_list(container), "Labels": container.config["Labels"] or {}, "State": container.state.status,
        "Status": status_line(container.state), "HostConfig": {"NetworkMode": container.host_config["NetworkMode"]},
        "NetworkSettings": {"Networks": endpoints(container)},
        "Mounts": [mount_document(mount) for mount in container.mounts],
    }  # fmt: skip
    if size:
        document |= {"SizeRw": 0, "SizeRootFs": container.image.size}
    return document


def quoted(word: str) -> str:
    """Return a word of a command line as the list of containers shows it."""
    return f"'{word}'" if " " in word else word


def port_list(container: Container) -> list[Json]:
    """Return the ports of a running container as the list of containers has them."""
    found: list[Json] = []
    for port, hosts in container.ports.items():
        number, _, protocol = port.partition("/")
        private: Json = {"PrivatePort": int(number), "Type": protocol}
        bound = [{"IP": host["HostIp"], **private, "PublicPort": int(host["HostPort"])} for host in hosts]
        found += bound or [private]
    return found


def select_containers(store: Store, everything: bool, limit: int, asked: dict[str, list[str]]) -> list[Container]:
    """Return the containers that a list request asks for, newest first."""
    for status in asked.get("status", []):
        if status not in STATUSES:
            raise bad_parameter(f"invalid filter 'status={status}'")
    ordered = sorted(store.containers.values(), key=lambda c: c.created, reverse=True)
    everything = everything or limit > 0 or bool({"status", "exited"} & set(asked))
    chosen = [c for c in ordered if (everything or c.state.running) and _passes(store, c, asked)]
    return chosen[:limit] if limit > 0 else chosen


def _passes(store: Store, container: Container, asked: dict[str, list[str]]) -> bool:
    tests = {
        "id": container.id.startswith,
        "name": lambda v: (
            v.removeprefix("^").removeprefix("/").removesuffix("$") == container.name
            if v.startswith("^") or v.endswith("$")
            else v.removeprefix("/") in container.name
        ),
        "status": lambda v: container.state.status == v,
        "exited": lambda v: container.state.status == "exited" and str(container.state.exit_code) == v,
        "ancestor": lambda v: _descends(store, container.image, v),
        "volume": lambda v: any(v in {m.name, m.destination, m.source} for m in container.mounts),
        "network": lambda v: v in container.networks or any(n["NetworkID"] == v for n in container.networks.values()),
        "publish": lambda v: any(str(p.get("PublicPort")) == v.partition("/")[0] for p in port_list(container)),
        "expose": lambda v: any(str(p["PrivatePort"]) == v.partition("/")[0] for p in port_list(container)),
        "before": lambda v: container.created < store.container(v).created,
        "since": lambda v: container.created > store.container(v).created,
    }
    for key, values in asked.items():
        if key == "label":
            if not filters.labels_match(container.config["Labels"], values):
                return False
        elif key in tests and values and not any(tests[key](value) for value in values):  # type: ignore[no-untyped-call]
            return False
    return True


def _descends(store: Store, image: Image, name: str) -> bool:
    from harness.offline.engine.errors import ApiError

    try:
        wanted = store.image(name).id
    except ApiError:
        return False
    while image.id != wanted:
        if image.parent not in store.images:
            return False
        image = store.images[image.parent]
    return True


def image_document(image: Image) -> Json:
    """Return the inspect document of an image."""
    return {
        "Id": image.id, "RepoTags": list(image.tags), "RepoDigests": list(image.digests), "Parent": image.parent,
        "Comment": image.comment, "Created": image.created, "DockerVersion": "", "Author": "", "Architecture": "amd64",
        "Os": "linux", "Size": image.size, "VirtualSize": image.size, "Config": full_config(image.config),
        "GraphDriver": {"Data": None, "Name": "overlay2"}, "RootFS": {"Type": "layers", "Layers": list(image.diff_ids)},
        "Metadata": {"LastTagTime": ZERO_TIME},
    }  # fmt: skip


def full_config(config: Json) -> Json:
    """Return an image's configuration with the fields that it leaves out."""
    from harness.offline.engine.creation import CONFIG, LEFT_OUT_WHEN_EMPTY

    return {key: value for key, value in (CONFIG | config).items() if value or key not in LEFT_OUT_WHEN_EMPTY}


def image_summary(image: Image) -> Json:
    """Return an image's entry in the list of images."""
    return {
        "Id": image.id, "ParentId": image.parent, "RepoTags": list(image.tags), "RepoDigests": list(image.digests),
        "Created": int(seconds(image.created)), "Size": image.size, "SharedSize": -1, "VirtualSize": image.size,
        "Labels": image.config.get("Labels") or None, "Containers": -1,
    }  # fmt: skip


def volume_document(volume: Volume) -> Json:
    """Return a volume's document."""
    return {
        "CreatedAt": volume.created.partition(".")[0] + "Z", "Driver": "local", "Labels": volume.labels,
        "Mountpoint": volume.mountpoint, "Name": volume.name, "Options": volume.options, "Scope": "local",
    }  # fmt: skip


def new_network(name: str, identity: str, created: str, driver: str, labels: dict[str, str] | None = None) -> Json:
    """Return a network's document."""
    ipam = [{"Subnet": "172.17.0.0/16", "Gateway": GATEWAY}] if driver == "bridge" else []
    return {
        "Name": name, "Id": identity, "Created": created, "Scope": "local", "Driver": driver, "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": ipam}, "Internal": False, "Attachable": False,
        "Ingress": False, "ConfigFrom": {"Network": ""}, "ConfigOnly": False, "Containers": {}, "Options": {},
        "Labels": labels or {},
    }  # fmt: skip


def network_document(network: Json, containers: Iterable[Container]) -> Json:
    """Return a network's document with the containers that run in it."""
    inside = {
        container.id: {
            "Name": container.name, "EndpointID": digest(container.id, network["Name"])[7:],
            "MacAddress": mac(container), "IPv4Address": f"{container.address}/16", "IPv6Address": "",
        }
        for container in containers
        if container.state.running and network["Name"] in container.networks
    }  # fmt: skip
    return network | {"Containers": inside}
