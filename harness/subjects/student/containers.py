"""Docker on the student's bastion: their engine, their containers, and throwaway ones of the run's own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import docker.errors
import requests

from harness.aws.kinds import RUN_TAG
from harness.errors import Unmet
from harness.facts.containers import Container, Images
from harness.hosts.docker import Docker
from harness.steps import step
from harness.subjects import observing

if TYPE_CHECKING:
    from harness.subjects.student import Student


THROWAWAY = "acceptance-"
LONG_OVER = 1800
"""Seconds after which a throwaway container is not of a run that is going on: each lives for moments."""


class Containers(observing.Containers):
    """Leads throwaway containers through their lives: the student's own are looked at and left alone.

    Nothing is pulled: a throwaway container runs from an image that the student has.
    """

    subject: Student

    @property
    def interactive(self) -> str:
        return self.throwaway("shell")

    def throwaway(self, what: str) -> str:
        """Return the name of a container of the run's own."""
        return f"{THROWAWAY}{self.run_id}-{what}"

    def others(self) -> tuple[str, ...]:
        """Return the names of the student's containers: a throwaway one would only puzzle them."""
        return tuple(name for name in super().others() if not name.startswith(THROWAWAY))

    @property
    def label(self) -> str:
        """Return the label by which containers of a run are known, also to the next run."""
        return f"{RUN_TAG}={self.run_id}"

    @step
    def docker(self) -> Docker:
        """Return the bastion's engine, once what an earlier run left there is removed."""
        engine = super().docker()
        self._remove(engine, lambda entry: time.time() - entry["Created"] > LONG_OVER)
        return engine

    def close(self) -> None:
        """Remove what is left of the throwaway containers, and end the connections to the engine."""
        if self.opened is not None:
            with contextlib.suppress(docker.errors.DockerException, requests.RequestException):
                self._remove(self.opened, lambda entry: entry["Labels"].get(RUN_TAG) == self.run_id)
        super().close()

    @staticmethod
    def _remove(engine: Docker, is_over: Callable[[dict[str, Any]], bool]) -> None:
        """Remove throwaway containers of this or other runs, as far as they are over."""
        api = engine.client.api
        for entry in filter(is_over, api.containers(all=True, filters={"label": [RUN_TAG]})):
            with contextlib.suppress(docker.errors.NotFound):
                api.remove_container(entry["Id"], force=True, v=True)

    @step
    def greeting_run(self) -> Container:
        """Run hello-world to its end, in a throwaway container."""
        name = self.throwaway("hello")
        image = self._have("hello-world", "docker.hello-world")
        self.must("docker.hello-world", f"{self.command} run --name {name} --label {self.label} {image}")
        return super().container("docker.hello-world", name)

    @step
    def shell_created(self) -> Container:
        """Make a throwaway container as ``docker run -ti`` does before it attaches."""
        image = self._have("ubuntu", "docker.interactive")
        labels = {RUN_TAG: self.run_id}
        self.docker().client.api.create_container(
            image, "bash", name=self.interactive, labels=labels, tty=True, stdin_open=True
        )
        return super().container("docker.interactive", self.interactive)

    def _have(self, image: str, requirement: str) -> str:
        """Return the plain name of an image that the student has, or else with one of its tags."""
        if self.docker().image(image) is not None:
            return image
        tagged = (tag for tag in self.docker().tags() if not Images((tag,)).lacks((image,)))
        found = next(tagged, None)
        if found is None:
            raise Unmet("docker.images", f"no image {image} on the bastion, so that {requirement} cannot be tried")
        return found

    @step
    def images(self) -> Images:
        """Return the images on the bastion."""
        return Images(self.docker().tags())

    def likely(self, requirement: str, name: str, port: int, image: str) -> Container:
        """Return the student's container of that name, or else the one that has the port, or the image."""
        if self.docker().container(name) is None:
            others = [other for other in map(self.docker().container, self.others()) if other]
            for other in others:
                if any(published.host_port == port for published in other.ports):
                    return other
            for other in others:
                if other.image.is_release(image):
                    return other
        return self.container(requirement, name)
