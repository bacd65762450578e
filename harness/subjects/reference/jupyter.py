"""The notebook server on the bastion: an image of our own, its container, its token, and a cell that runs."""

from __future__ import annotations

import contextlib
import secrets
import string
from pathlib import Path

from harness.errors import TimedOut, Unmet
from harness.facts.containers import Command, Container, Image
from harness.facts.httpd import Answer
from harness.facts.jupyter import Doors, Execution, Knocks, Libraries, Removed, TokenLog
from harness.hosts import http, jupyter
from harness.steps import step
from harness.subjects.reference.httpd import TRIES
from harness.subjects.reference.stage import Stage
from harness.waiting import until

DOCKERFILE = Path(__file__).with_name("course") / "Dockerfile"


class Jupyter(Stage):
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
        """Return the image as the engine has it."""
        self.built()
        name = self.homework.jupyter.image
        image = self.subject.containers.docker().image(name)
        if image is None:
            raise Unmet("jupyter.image", f"no image {name} on bastion {self.subject.instances.bastion().id}")
        return image

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
        """Return the container."""
        self.started()
        return self.subject.containers.container("jupyter.container", self.homework.jupyter.container)

    @step
    def log(self) -> TokenLog:
        """Return the log's line with the URL, once there is one."""
        self._token()
        docker, name = self.subject.containers.docker(), self.container().name
        shown = jupyter.masked_line(docker.logs(name, stdout=False), "stderr")
        return shown if shown.shows_token else jupyter.masked_line(docker.logs(name, stderr=False), "stdout")

    @step
    def libraries(self) -> Libraries:
        """Return what became of importing each library inside the container."""
        docker, name, mark = self.subject.containers.docker(), self.container().name, secrets.token_hex(8)
        wanted = self.homework.jupyter.libraries
        code, output = docker.execute(name, jupyter.importing(mark, wanted))
        return jupyter.imported(mark, wanted, output, code)

    @step
    def doors(self) -> Doors:
        """Return what Jupyter tells a caller with the token, without, and with a wrong one."""
        self._reached()
        return Doors(self._knock(self._token()), self._knock(None), self._knock(secrets.token_hex(24)))

    @step
    def execution(self) -> Execution:
        """Return what came of a cell that was run there."""
        self._reached()
        host, port = self._address
        return jupyter.execute(host, port, self._token(), timeout=self.patience.command)

    @step
    def removed(self) -> Removed:
        """Stop and remove the container once all else has been seen of it, and look for it again."""
        self.container()
        for seen in (self.image, self.log, self.libraries, self.doors, self.execution):
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

    @step
    def _token(self) -> str | None:
        """Return the token, a secret, once the log shows it; ``None`` where it never does."""
        name = self.container().name
        docker = self.subject.containers.docker()
        try:
            log = until(
                "Jupyter's log shows its URL", lambda: self._whole_log(name), timeout=self.patience.boot,
                every=self.patience.poll * 2,
                is_done=lambda log: jupyter.is_announced(log) or not self._is_running(name),
            )  # fmt: skip
        except TimedOut:
            log = docker.logs(name)
        return jupyter.token_in(log)

    def _whole_log(self, name: str) -> str:
        return self.subject.containers.docker().logs(name)

    def _is_running(self, name: str) -> bool:
        container = self.subject.containers.docker().container(name)
        return container is not None and container.is_running

    def _must(self, requirement: str, line: str) -> Command:
        return self.subject.containers.must(requirement, line)

    @property
    def _address(self) -> tuple[str, int]:
        return self.subject.instances.bastion().public_ip or "", self.homework.jupyter.port

    def _knock(self, token: str | None) -> Knocks:
        host, port = self._address
        return jupyter.knock(
            host, port, token, timeout=self.patience.command if self._reached() else self.patience.silence
        )

    def _get(self) -> Answer:
        host, port = self._address
        return http.get(host, port, "/api", timeout=self.patience.silence)

    @step
    def _reached(self) -> bool:
        """Wait until Jupyter answers the workstation; say whether it does."""
        self._token()
        self.subject.network.open_web_ports()
        try:
            until(
                "Jupyter answers", self._get, timeout=TRIES * self.patience.silence, every=self.patience.poll,
                is_done=lambda answer: answer.outcome == "answered",
            )  # fmt: skip
        except TimedOut:
            return False
        return True
