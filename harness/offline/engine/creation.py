"""Creating a container: its configuration made whole and checked, its mounts, its directory."""

from __future__ import annotations

import posixpath
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.offline.engine import ports
from harness.offline.engine.errors import ApiError, bad_parameter
from harness.offline.engine.isolation import Isolation
from harness.offline.engine.model import Container, Json, Mount, Volume
from harness.offline.engine.naming import CONTAINER_NAME, new_id, now, random_name
from harness.offline.engine.signals import parse_signal
from harness.offline.engine.skeleton import lay_out
from harness.offline.engine.store import Store
from harness.offline.hosts.protocol import Machine

CONFIG: Json = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
    "ExposedPorts": None, "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": None, "Cmd": None,
    "Healthcheck": None, "Image": "", "Volumes": None, "WorkingDir": "", "Entrypoint": None, "OnBuild": None,
    "Labels": None, "StopSignal": None, "StopTimeout": None, "Shell": None,
}  # fmt: skip
LEFT_OUT_WHEN_EMPTY = ("ExposedPorts", "Healthcheck", "StopSignal", "StopTimeout", "Shell")
HOST_CONFIG: Json = {
    "Binds": None, "ContainerIDFile": "", "LogConfig": {"Type": "json-file", "Config": {}}, "NetworkMode": "bridge",
    "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": False,
    "VolumeDriver": "", "VolumesFrom": None, "ConsoleSize": [0, 0], "CapAdd": None, "CapDrop": None,
    "CgroupnsMode": "private", "Dns": [], "DnsOptions": [], "DnsSearch": [], "ExtraHosts": None, "GroupAdd": None,
    "IpcMode": "private", "Cgroup": "", "Links": None, "OomScoreAdj": 0, "PidMode": "", "Privileged": False,
    "PublishAllPorts": False, "ReadonlyRootfs": False, "SecurityOpt": None, "UTSMode": "", "UsernsMode": "",
    "ShmSize": 67108864, "Runtime": "runc", "Isolation": "", "CpuShares": 0, "Memory": 0, "NanoCpus": 0,
    "CgroupParent": "", "BlkioWeight": 0, "BlkioWeightDevice": [], "BlkioDeviceReadBps": [],
    "BlkioDeviceWriteBps": [], "BlkioDeviceReadIOps": [], "BlkioDeviceWriteIOps": [], "CpuPeriod": 0, "CpuQuota": 0,
    "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0, "CpusetCpus": "", "CpusetMems": "", "Devices": [],
    "DeviceCgroupRules": None, "DeviceRequests": None, "MemoryReservation": 0, "MemorySwap": 0,
    "MemorySwappiness": None, "OomKillDisable": None, "PidsLimit": None, "Ulimits": None, "CpuCount": 0,
    "CpuPercent": 0, "IOMaximumIOps": 0, "IOMaximumBandwidth": 0, "MaskedPaths": [], "ReadonlyPaths": [],
}  # fmt: skip
BIND_MODES = {
    "ro", "rw", "z", "Z", "nocopy", "private", "rprivate", "shared", "rshared", "slave", "rslave", "cached",
    "delegated", "consistent",
}  # fmt: skip
RESTART_POLICIES = {"", "no", "always", "unless-stopped", "on-failure"}
LEAST_MEMORY = 6 * 1024 * 1024


@dataclass
class Creator:
    """Makes containers."""

    store: Store
    machine: Machine
    isolation: Isolation

    def create(self, name: str | None, body: Json) -> Container:
        """Create a container from the body of a create request; raises as the engine does, leaving nothing behind."""
        identity = new_id()
        image_name = str(body.get("Image") or "")
        if name is not None and not CONTAINER_NAME.fullmatch(name):
            raise bad_parameter(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        config = {key: body.get(key, default) for key, default in CONFIG.items()}
        host_config = HOST_CONFIG | {k: v for k, v in (body.get("HostConfig") or {}).items() if v is not None}
        check_host_config(host_config)
        image = self.store.image(image_name)
        merge(config, image.config)
        check_config(config, identity)
        own_name = (name or "").removeprefix("/") or self._free_name()
        self.store.check_name_is_free(own_name)
        container = Container(
            id=identity, name=own_name, image=image, image_name=image_name, created=now(), config=config,
            host_config=host_config, directory=self.store.directory / "containers" / identity, mounts=[],
            address=self.store.free_address() if self.isolation.in_namespaces else self.machine.service_address(),
        )  # fmt: skip
        container.networks = self._networks(container, body)
        container.mounts = self._mounts(container)
        self.store.containers[identity] = container
        return container

    def lay_out(self, container: Container) -> None:
        """Make the container's directory, and put its mounts in place."""
        lay_out(container, self.isolation.paths)
        self.isolation.prepare(container)
        for mount in container.mounts:
            self._fill_volume(container, mount)
            self._place(container, mount)

    def _free_name(self) -> str:
        taken = {container.name for container in self.store.containers.values()}
        while (name := random_name()) in taken:
            pass
        return name

    def _networks(self, container: Container, body: Json) -> Json:
        mode = container.host_config["NetworkMode"]
        if mode in {"", "default"}:
            mode = container.host_config["NetworkMode"] = "bridge"
        if mode.startswith("container:"):
            self.store.container(mode.partition(":")[2])
            return {}
        network = self.store.network(mode)
        given = ((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}).get(network["Name"]) or {}
        return {network["Name"]: {"Aliases": given.get("Aliases"), "NetworkID": network["Id"]}}

    # Mounts

    def _mounts(self, container: Container) -> list[Mount]:
        found: dict[str, Mount] = {}
        for source in container.host_config["VolumesFrom"] or []:
            other = self.store.container(source.partition(":")[0])
            found |= {mount.destination: mount for mount in other.mounts}
        for text in container.host_config["Binds"] or []:
            self._add(found, self._bind(text))
        for entry in container.host_config.get("Mounts") or []:
            self._add(found, self._mount(entry))
        for destination in container.config["Volumes"] or {}:
            if clean(destination) not in found:
                self._add(found, self._volume_mount(self.store.create_volume(anonymous=True), destination, False))
        return list(found.values())

    def _add(self, found: dict[str, Mount], mount: Mount) -> None:
        if mount.destination in found and not mount.anonymous:
            raise bad_parameter(f"Duplicate mount point: {mount.destination}")
        found[mount.destination] = mount

    def _bind(self, text: str) -> Mount:
        parts = text.split(":")
        if len(parts) > 3 or not all(parts):
            raise ApiError(500, f"invalid volume specification: '{text}'")
        if len(parts) == 1:
            return self._volume_mount(self.store.create_volume(anonymous=True), parts[0], False)
        modes = set(parts[2].split(",")) if len(parts) == 3 else set()
        if modes - BIND_MODES:
            raise ApiError(500, f"invalid mode: {parts[2]}")
        source, destination = parts[0], parts[1]
        check_destination(text, destination)
        if not source.startswith("/"):
            if not CONTAINER_NAME.fullmatch(source):
                raise bad_parameter(
                    f'create {source}: "{source}" includes invalid characters for a local volume name, only '
                    '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute '
                    "path"
                )
            return self._volume_mount(self.store.create_volume(source), destination, "ro" in modes)
        real = self.machine.path(source)
        if not real.exists():
            real.mkdir(parents=True)
        return Mount("bind", self._seen(source), real, clean(destination), "ro" in modes)

    def _mount(self, entry: Json) -> Mount:
        kind, source, destination = entry.get("Type") or "volume", entry.get("Source") or "", entry.get("Target") or ""
        read_only = bool(entry.get("ReadOnly"))
        if not destination:
            raise _invalid_mount(kind, "field Target must not be empty")
        check_destination(destination, destination, 400)
        if kind == "volume":
            labels = ((entry.get("VolumeOptions") or {}).get("Labels")) or None
            return self._volume_mount(
                self.store.create_volume(source, labels=labels, anonymous=not source), destination, read_only
            )
        if kind == "tmpfs":
            volume = self.store.directory / "tmpfs" / new_id()
            volume.mkdir(parents=True)
            return Mount("tmpfs", "", volume, clean(destination), read_only)
        if kind != "bind":
            raise bad_parameter(f"invalid mount config: unknown mount type {kind}")
        real = self.machine.path(source) if source.startswith("/") else None
        if real is None:
            raise _invalid_mount(kind, f"invalid mount path: '{source}' mount path must be absolute")
        if not real.exists():
            raise _invalid_mount(kind, f"bind source path does not exist: {source}")
        return Mount("bind", self._seen(source), real, clean(destination), read_only)

    def _seen(self, source: str) -> str:
        """Return a source as the host's users know it; a shell of an embedded host gives ``$PWD`` with its root."""
        return clean(
            source.removeprefix(str(self.machine.root)) if source.startswith(f"{self.machine.root}/") else source
        )

    def _volume_mount(self, volume: Volume, destination: str, read_only: bool) -> Mount:
        return Mount(
            "volume", volume.mountpoint, volume.real, clean(destination), read_only, volume.name, volume.anonymous
        )

    def _fill_volume(self, container: Container, mount: Mount) -> None:
        """Copy what the image has at a new volume's place into it, as the engine does for an empty volume."""
        inside = container.root / mount.destination.lstrip("/")
        if mount.kind == "volume" and inside.is_dir() and not any(mount.real.iterdir()):
            shutil.copytree(inside, mount.real, symlinks=True, dirs_exist_ok=True)

    def _place(self, container: Container, mount: Mount) -> None:
        """Make the mount point; without namespaces a link to the source stands for the mount."""
        inside = container.root / mount.destination.lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        if self.isolation.in_namespaces:
            if mount.real.is_dir():
                inside.mkdir(exist_ok=True)
            elif not inside.exists():
                inside.touch()
            return
        _remove(inside)
        inside.symlink_to(mount.real)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _invalid_mount(kind: str, reason: str) -> ApiError:
    return bad_parameter(f'invalid mount config for type "{kind}": {reason}')


def clean(path: str) -> str:
    """Return a path of a container in its shortest form."""
    return posixpath.normpath("/" + path.lstrip("/"))


def check_destination(text: str, destination: str, status: int = 500) -> None:
    """Refuse a mount point that cannot be; moby answers 500 for what stands in ``Binds`` and 400 for ``Mounts``."""
    reason = ""
    if not destination.startswith("/"):
        reason = f"invalid mount path: '{destination}' mount path must be absolute"
    elif clean(destination) == "/":
        reason = "invalid specification: destination can't be '/'"
    if reason:
        raise ApiError(
            status, f"invalid volume specification: '{text}': invalid mount config for type \"bind\": {reason}"
        )


def merge(config: Json, image: Json) -> None:
    """Fill what the request left open from the image, as moby's ``merge`` does."""
    for key in ("User", "WorkingDir", "StopSignal", "Healthcheck", "Shell"):
        config[key] = config[key] or image.get(key) or CONFIG[key]
    for key in ("ExposedPorts", "Volumes", "Labels"):
        both: dict[str, Any] = {**(image.get(key) or {}), **(config[key] or {})}
        config[key] = both or ({} if key == "Labels" else None)
    named = {line.partition("=")[0] for line in config["Env"] or []}
    config["Env"] = [*(config["Env"] or []), *(e for e in image.get("Env") or [] if e.partition("=")[0] not in named)]
    for key in ("Cmd", "Entrypoint"):
        if isinstance(config[key], str):
            config[key] = [config[key]]
    if not config["Entrypoint"]:
        config["Cmd"] = config["Cmd"] or image.get("Cmd")
        config["Entrypoint"] = None if config["Entrypoint"] == [""] else image.get("Entrypoint")
    elif config["Entrypoint"] == [""]:
        config["Entrypoint"] = None


def check_config(config: Json, identity: str) -> None:
    """Raise 400 for a configuration that cannot run, and fill in what depends on the container."""
    if not (config["Entrypoint"] or config["Cmd"]):
        raise bad_parameter("no command specified")
    if config["WorkingDir"] and not config["WorkingDir"].startswith("/"):
        raise bad_parameter(
            f"the working directory '{config['WorkingDir']}' is invalid, it needs to be an absolute path"
        )
    for line in config["Env"]:
        if line.startswith("=") or not line:
            raise bad_parameter(f"invalid environment variable: {line}")
    if config["StopSignal"]:
        parse_signal(config["StopSignal"])
    config["Hostname"] = config["Hostname"] or identity[:12]


def check_host_config(host: Json) -> None:
    """Raise 400 for what moby refuses in a host configuration."""
    policy = host["RestartPolicy"]
    policy.setdefault("MaximumRetryCount", 0)
    name, retries = policy.get("Name") or "", policy["MaximumRetryCount"]
    if name not in RESTART_POLICIES:
        raise bad_parameter(f"invalid restart policy: unknown policy '{name}'; use one of 'no', 'always', "
                            "'on-failure', or 'unless-stopped'")  # fmt: skip
    if retries and name != "on-failure":
        raise bad_parameter("invalid restart policy: maximum retry count can only be used with 'on-failure'")
    if host["AutoRemove"] and name not in {"", "no"}:
        raise bad_parameter("can't create 'AutoRemove' container with restart policy")
    if 0 < host["Memory"] < LEAST_MEMORY:
        raise bad_parameter("Minimum memory limit allowed is 6MB")
    policy["Name"] = name or "no"
    ports.check(host["PortBindings"])
