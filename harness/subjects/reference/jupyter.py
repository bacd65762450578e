"""The notebook server on the bastion: an image of our own, its container, its token, and a cell that runs."""

from __future__ import annotations

import contextlib
import string
from pathlib import Path

from harness.facts.containers import Command, Container, Image
from harness.facts.jupyter import Removed
from harness.steps import step
from harness.subjects import observing

DOCKERFILE = Path(__file__).with_name("course") / "Dockerfile"


class Jupyter(observing.Jupyter):
    """The homework's notebook server; ``directory`` is the build context, below the home directory."""

    directory = "notebook-image"

    @step
    def dockerfile_written(self) -> str:
        """Write the Dockerfile into a directory of its own on the bastion, and return its text."""
        self.subject.containers.docker()
        self._must("jupyter.image", f"mkdir -p {self.directory}")
        text = self.dockerfile()
        self.subject.instances.write("jupyter.image", f"{self.directory}/Dockerfile", text)
        return text

    def dockerfile(self) -> str:
        """Return the Dockerfile with the catalogue's libraries, port and directory."""
        asked = self.homework.jupyter
        template = string.Template(DOCKERFILE.read_text(encoding="utf-8"))
        return template.substitute(
            libraries=" ".join(asked.libraries), port=asked.container_port, directory=asked.directory
        )

    @step
    def built(self) -> Command:
        """Build the image."""
        self.dockerfile_written()
        return self._must("jupyter.image", f"cd {self.directory} && docker build -t {self.homework.jupyter.image} .")

    @step
    def image(self) -> Image:
        """Return the image, once it is built."""
        self.built()
        return super().image()

    @step
    def started(self) -> Command:
        """Run the container."""
        self.built()
        return self._must("jupyter.container", self.run_line)

    @property
    def run_line(self) -> str:
        """Return the homework's line."""
        asked = self.homework.jupyter
        return f"docker run --name {asked.container} -p {asked.port}:{asked.container_port} -d {asked.image}"

    @step
    def container(self) -> Container:
        """Return the container, once it runs."""
        self.started()
        return super().container()

    @step
    def removed(self) -> Removed:
        """Stop and remove the container once all else has been seen of it, and look for it again."""
        self.container()
        for seen in (self.image, self.settled, self.log, self.libraries, self.doors, self.execution):
            with contextlib.suppress(Exception):  # kept by the step, for whoever asks for its facts
                seen()
        commands = tuple(self.subject.containers.on_bastion(line) for line in self.removal_lines)
        left = self.subject.containers.docker().container(self.homework.jupyter.container)
        return Removed(commands, left, self._get())

    @property
    def removal_lines(self) -> tuple[str, ...]:
        """Return the lines that end the container."""
        name = self.homework.jupyter.container
        return f"docker stop {name}", f"docker rm {name}"

    def _must(self, requirement: str, line: str) -> Command:
        return self.subject.containers.must(requirement, line)
