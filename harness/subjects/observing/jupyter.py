"""The notebook server on the bastion: its image, its container, its token, and a cell that runs."""

from __future__ import annotations

import secrets
from dataclasses import replace

from harness.errors import TimedOut, Unmet
from harness.facts.containers import Container, Image
from harness.facts.httpd import Answer
from harness.facts.jupyter import Doors, Execution, Knocks, Libraries, Removed, TokenLog
from harness.hosts import http, jupyter
from harness.steps import step
from harness.subjects.stage import Stage
from harness.waiting import until


class Jupyter(Stage):
    """Looks at the notebook server."""

    def removed(self) -> Removed:
        """Return how the container ended; raises ``Unmet`` where there never was one."""
        raise NotImplementedError

    @step
    def image(self) -> Image:
        """Return the image as the engine has it."""
        name = self.homework.jupyter.image
        docker, bastion = self.subject.containers.docker(), self.subject.instances.bastion().id
        image = docker.image(name)
        if image is None:
            there = ", ".join(docker.tags()[:10]) or "none"
            raise Unmet("jupyter.image", f"no image {name} on bastion {bastion}; there are: {there}")
        return image if image.gives_an_address else replace(image, is_reached=self._is_reached_at_home(image))

    def _is_reached_at_home(self, image: Image) -> bool:
        """Say whether the bastion reaches the server of an image that has its address in a file, by a published port.

        Raises ``Unmet`` where its container has ended, so that this cannot be seen.
        """
        try:
            container = self.settled()
        except Unmet:
            return False
        if (container.image.id, container.command) != (image.id, image.command):
            return False
        if not container.is_running:
            seen = f"{container.name} is {container.status}, so where it listens cannot be seen"
            raise Unmet("jupyter.container", seen)
        inside = self.homework.jupyter.container_port
        lines = (
            f"curl -s -o /dev/null http://localhost:{p.host_port}/api"
            for p in container.ports
            if p.container_port == inside
        )
        return any(self.subject.instances.on_bastion(line).exit_code == 0 for line in lines)

    @step
    def container(self) -> Container:
        """Return the container."""
        return self.subject.containers.container("jupyter.container", self.homework.jupyter.container)

    @step
    def settled(self) -> Container:
        """Return the container once its server has said where it listens, or has ended: it ends after some seconds."""
        name = self.container().name
        self._token()
        return self.subject.containers.container("jupyter.container", name)

    @step
    def log(self) -> TokenLog:
        """Return the log's line with the URL, once there is one."""
        self._token()
        name = self.container().name
        shown = jupyter.masked_line(self._whole_log(name, stdout=False), "stderr")
        return shown if shown.shows_token else jupyter.masked_line(self._whole_log(name, stderr=False), "stdout")

    @step
    def libraries(self) -> Libraries:
        """Return what became of importing each library inside the container; needs one that runs."""
        docker, name, mark = self.subject.containers.docker(), self.container().name, secrets.token_hex(8)
        wanted = self.homework.jupyter.libraries
        code, output = docker.execute(name, jupyter.importing(mark, wanted))
        found = jupyter.imported(mark, wanted, output, code)
        if found.missing and not self._is_running(name):
            raise Unmet("jupyter.container", f"{name} does not run, so nothing can be imported in it")
        return found

    @step
    def doors(self) -> Doors:
        """Return what Jupyter tells a caller with the token, without, and with a wrong one."""
        self._reached()
        return Doors(self._knock(self._token()), self._knock(None), self._knock(secrets.token_hex(24)))

    @step
    def execution(self) -> Execution:
        """Return what came of a cell that was run there; needs a server that answers and lets us in."""
        if not self._reached():
            raise Unmet("jupyter.login", f"{self._get()}, so no cell can be run")
        inside = self.doors().with_token
        if not inside.api.is_ok:
            raise Unmet("jupyter.login", f"with the token: {inside}, so no cell can be run")
        host, port = self._address
        return jupyter.execute(host, port, self._token(), timeout=self.patience.command)

    @step
    def _token(self) -> str | None:
        """Return the token, a secret, once the log shows it, or else as the server was given it.

        Jupyter logs no token that it did not choose itself. ``None`` where there is none to be found.
        """
        name, docker = self.container().name, self.subject.containers.docker()
        since = docker.started(name)  # what it said before it was started again is over, and so is its token then
        try:
            log = until(
                "Jupyter's log shows its URL", lambda: self._whole_log(name, since=since), timeout=self.patience.boot,
                every=self.patience.poll * 2,
                is_done=lambda log: jupyter.is_announced(log) or not self._is_running(name),
            )  # fmt: skip
        except TimedOut:
            log = self._whole_log(name, since=since)
        return jupyter.token_in(log) or jupyter.token_given(docker.words(name)) or self._token_in_use(name)

    def _token_in_use(self, name: str) -> str | None:
        """Return the token of the server that runs in a container, which a file may have given it."""
        return jupyter.token_listed(self.subject.containers.docker().execute(name, jupyter.LISTING)[1])

    def _whole_log(self, name: str, *, since: float | None = None, **streams: bool) -> str:
        """Return the last lines of the log and, where a busy server has pushed its URL out of them, the first."""
        docker = self.subject.containers.docker()
        last = docker.logs(name, since=since, **streams)
        return last if jupyter.token_in(last) else docker.opening(name, **streams) + last

    def _is_running(self, name: str) -> bool:
        container = self.subject.containers.docker().container(name)
        return container is not None and container.is_running

    @property
    def _address(self) -> tuple[str, int]:
        return self.subject.instances.bastion().public_ip or "", self.homework.jupyter.port

    def _knock(self, token: str | None) -> Knocks:
        host, port = self._address
        return jupyter.knock(
            host, port, token, timeout=self.patience.command if self._reached() else self.patience.silence
        )

    def _get(self, seconds: float | None = None) -> Answer:
        """Return what the port says, in as long as a silent port is given unless told."""
        host, port = self._address
        return http.get(host, port, "/api", timeout=seconds or self.patience.silence)

    @step
    def _reached(self) -> bool:
        """Wait until Jupyter answers the workstation; say whether it does."""
        self._token()
        self.subject.network.open_web_ports()
        answer = http.until_answered("Jupyter", self._get, self.patience, self.subject.instances.pace)
        return answer.outcome == "answered"
