"""What a case of the parity table is given, and what is kept of it."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import APIError, BuildError, DockerException
from docker.models.containers import Container

CASES: list[Case] = []
Act = Callable[["Bench"], Any]


@dataclass(frozen=True)
class Case:
    """One row: what is done, the status that the engine answers, and the shape of what it says.

    ``status`` is ``None`` where nothing is refused. ``message`` is a regular expression; its alternatives are the words
    of different generations of the engine. ``differs`` says why two engines need not give the same value.
    """

    name: str
    act: Act
    status: int | None
    message: str
    differs: str


@dataclass(frozen=True)
class Outcome:
    """What became of a case: status and message of a refusal, what it returned, and what there is afterwards."""

    status: int | None
    message: str
    value: Any
    state: Any


def case(status: int | None = None, message: str = "", differs: str = "") -> Callable[[Act], Act]:
    """Put a function into the table."""

    def add(act: Act) -> Act:
        CASES.append(Case(act.__name__, act, status, message, differs))
        return act

    return add


@dataclass
class Bench:
    """One engine for the length of one case; everything that a case makes carries ``prefix`` in its name."""

    client: docker.DockerClient
    prefix: str = field(default_factory=lambda: f"parity-{uuid.uuid4().hex[:8]}")

    def name(self, short: str) -> str:
        return f"{self.prefix}-{short}"

    def create(self, command: Any = "sleep 60", short: str = "one", image: str = "ubuntu", **options: Any) -> Container:
        return self.client.containers.create(image, command, name=self.name(short), **options)

    def run(self, command: Any = "sleep 60", short: str = "one", image: str = "ubuntu", **options: Any) -> Container:
        container = self.create(command, short, image, **options)
        container.start()
        return container

    def ended(self, command: Any = "true", short: str = "one", **options: Any) -> Container:
        container = self.run(command, short, **options)
        container.wait()
        return container

    def post(self, path: str, **options: Any) -> int:
        """Send a request as the SDK does, but return the status whatever it is."""
        return int(self.raw(path, **options).status_code)

    def raw(self, path: str, method: str = "post", **options: Any) -> Any:
        api = self.client.api
        return getattr(api, f"_{method}")(api._url(path), **options)

    def state(self) -> dict[str, Any]:
        """Return what there is with this case's prefix."""
        containers = []
        for one in self._containers():
            state = self.client.api.inspect_container(one["Id"])["State"]
            containers.append([one["Names"][0].partition(self.prefix)[2], state["Status"], state["ExitCode"]])
        volumes = [self.plain(volume["Name"]) for volume in self._volumes()]
        return {
            "containers": sorted(containers),
            "tags": sorted(map(self.plain, self._tags())),
            "volumes": sorted(volumes),
        }

    def _containers(self) -> list[dict[str, Any]]:
        return list(self.client.api.containers(all=True, filters={"name": self.prefix}))

    def _tags(self) -> list[str]:
        return [tag for image in self.client.api.images() for tag in image["RepoTags"] or [] if self.prefix in tag]

    def _volumes(self) -> list[dict[str, Any]]:
        return list(self.client.api.volumes(filters={"name": self.prefix})["Volumes"] or [])

    def plain(self, text: str) -> str:
        return text.replace(self.prefix, "PREFIX")

    def clean(self) -> None:
        """Remove all that the case made."""
        for container in self._containers():
            with contextlib.suppress(APIError):
                self.client.api.remove_container(container["Id"], force=True, v=True)
        for tag in self._tags():
            self.client.api.remove_image(tag, force=True)
        for volume in self._volumes():
            self.client.api.remove_volume(volume["Name"], force=True)
        for network in self.client.api.networks(names=[self.prefix]):
            self.client.api.remove_network(network["Id"])


def perform(one: Case, client: docker.DockerClient) -> Outcome:
    """Play a case on an engine and tell what became of it."""
    bench = Bench(client)
    status, message, value = None, "", None
    try:
        try:
            value = one.act(bench)
        except APIError as refused:
            status, message = refused.status_code, str(refused.explanation)
        except BuildError as failed:
            status, message = 0, failed.msg
        except DockerException as failed:
            status, message = -1, str(failed)
        return Outcome(status, plain(bench.plain(message)), value, bench.state())
    finally:
        bench.clean()


def plain(message: str) -> str:
    """Take out of a message what differs from one call to the next."""
    return re.sub(r"\b[0-9a-f]{64}\b", "ID64", re.sub(r"\b[0-9a-f]{12}\b", "ID12", message))
