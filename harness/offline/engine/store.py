"""Everything the engine has, and how it is found by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.offline.engine.errors import ApiError, bad_parameter, conflict, no_such_container, no_such_image
from harness.offline.engine.events import Events
from harness.offline.engine.model import Container, Exec, Image, Json, Volume
from harness.offline.engine.naming import new_id, now, parse_reference

DATA = "/var/lib/docker"


@dataclass
class Store:
    """Images, containers, exec instances, volumes and networks of one engine; ``directory`` is this machine's."""

    directory: Path
    images: dict[str, Image] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    execs: dict[str, Exec] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    networks: dict[str, Json] = field(default_factory=dict)
    events: Events = field(default_factory=Events)

    def container(self, name: str) -> Container:
        """Find a container by id, name or the beginning of its id; raises 404, or 400 where that fits several."""
        if name in self.containers:
            return self.containers[name]
        for container in self.containers.values():
            if container.name == name.removeprefix("/"):
                return container
        begun = (
            [container for identity, container in self.containers.items() if identity.startswith(name)] if name else []
        )
        if len(begun) > 1:
            raise bad_parameter(f"Multiple IDs found with provided prefix: {name}")
        if not begun:
            raise no_such_container(name)
        return begun[0]

    def image(self, name: str) -> Image:
        """Find an image by id, the beginning of its id, tag or digest; raises 404."""
        bare = name.removeprefix("sha256:")
        if f"sha256:{bare}" in self.images:
            return self.images[f"sha256:{bare}"]
        try:
            reference = parse_reference(name)
        except ApiError:
            reference = None
        for image in self.images.values():
            if reference and (reference.familiar in image.tags or reference.familiar in image.digests):
                return image
        begun = [image for identity, image in self.images.items() if identity.startswith(f"sha256:{bare}")]
        if len(begun) == 1 and len(bare) >= 3:
            return begun[0]
        raise no_such_image(reference.familiar if reference and not name.startswith("sha256:") else name)

    def using(self, image: Image) -> list[Container]:
        """Return the containers of an image."""
        return [container for container in self.containers.values() if container.image is image]

    def children(self, image: Image) -> list[Image]:
        """Return the images built on an image."""
        return [one for one in self.images.values() if one.parent == image.id]

    def volume(self, name: str) -> Volume:
        """Find a volume; raises 404."""
        if name not in self.volumes:
            raise ApiError(404, f"get {name}: no such volume")
        return self.volumes[name]

    def create_volume(
        self, name: str = "", *, labels: dict[str, str] | None = None, options: dict[str, str] | None = None,
        anonymous: bool = False,
    ) -> Volume:  # fmt: skip
        """Create a volume, or return the one that has the name."""
        if name in self.volumes:
            return self.volumes[name]
        name = name or new_id()
        real = self.directory / "volumes" / name / "_data"
        real.mkdir(parents=True, exist_ok=True)
        volume = Volume(name, real, f"{DATA}/volumes/{name}/_data", now(), labels, options, anonymous)
        self.volumes[name] = volume
        self.events.emit("volume", "create", name, {"driver": "local"})
        return volume

    def users_of(self, volume: Volume) -> list[Container]:
        """Return the containers that mount a volume."""
        return [c for c in self.containers.values() if any(mount.name == volume.name for mount in c.mounts)]

    def check_name_is_free(self, name: str) -> None:
        """Raise 409 with moby's sentence when a container has the name."""
        for container in self.containers.values():
            if container.name == name:
                raise conflict(
                    f'Conflict. The container name "/{name}" is already in use by container "{container.id}". '
                    "You have to remove (or rename) that container to be able to reuse that name."
                )

    def network(self, name: str) -> Json:
        """Find a network by name or the beginning of its id; raises 404."""
        for network in self.networks.values():
            if name and (network["Name"] == name or network["Id"].startswith(name)):
                return network
        raise ApiError(404, f"network {name} not found")

    def free_address(self) -> str:
        """Return an address of the bridge network that no container has."""
        taken = {container.address for container in self.containers.values()}
        return next(
            f"172.17.{n // 256}.{n % 256}" for n in range(2, 65534) if f"172.17.{n // 256}.{n % 256}" not in taken
        )
