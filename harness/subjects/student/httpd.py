"""The student's web server: their page is read, and another one is put beside it for a moment."""

from __future__ import annotations

import secrets
import shlex
from typing import TYPE_CHECKING

from harness.errors import HarnessError, TimedOut, Unmet
from harness.facts.containers import Command
from harness.facts.httpd import Answer, Closed, Edit, Page, Server
from harness.hosts import http
from harness.steps import step
from harness.subjects import observing
from harness.waiting import until

if TYPE_CHECKING:
    from harness.subjects.student import Student

NO_COMMAND = 127
"""The exit code of a shell that does not find a command (POSIX): then the bastion cannot be asked."""
PORTS = range(20001, 20400)
"""Where a port is looked for that no rule lets in: not the engine's own choice, which begins at 32768."""


class Httpd(observing.Httpd):
    """Finds the web server's container."""

    subject: Student

    @step
    def container(self) -> Server:
        """Return the container and the host's directory in it, where one is mounted."""
        asked = self.homework.httpd
        containers = self.subject.containers
        container = containers.likely("httpd.container", asked.container, asked.port, asked.image)
        mount = container.mounted_at(asked.document_root)
        return Server(container, mount.source if mount else "")

    @step
    def before_rule(self) -> Closed:
        """Run the student's image once more on a port that no rule lets in, see what the port does, and remove it.

        Their own rule is not taken away to see what would be without it.
        """
        try:
            server = self.container().container
            port = self._closed_port()
        except HarnessError:
            return Closed(is_running=False, answer=self._get())
        if port is None:
            url = f"http://{self._address}:{self.homework.httpd.port}/"
            return Closed(server.is_running, Answer(url, "silent", said="not tried: the rules let every port in"))
        return self._tried(server.image.id, port)

    def _tried(self, image: str, port: int) -> Closed:
        containers = self.subject.containers
        name = containers.throwaway("web")
        published = f"-p {port}:{self.homework.httpd.container_port}"
        line = f"{containers.command} run -d --name {name} --label {containers.label} {published} {image}"
        try:
            containers.must("httpd.container", line)
            started = containers.docker().container(name)
            is_running = started is not None and started.is_running and self._answers_at_home(port)
            return Closed(is_running, http.get(self._address, port, "/", timeout=self.patience.silence))
        finally:
            containers.on_bastion(f"{containers.command} rm -f {name}")

    def _answers_at_home(self, port: int) -> bool:
        """Wait until the bastion itself gets an answer, so that silence elsewhere is the group's doing."""
        line = f"curl -s -o /dev/null http://localhost:{port}/"
        try:
            until(
                "the throwaway web server answers at home", lambda: self.subject.instances.on_bastion(line).exit_code,
                timeout=self.patience.boot, every=self.patience.poll, is_done=lambda code: code in (0, NO_COMMAND),
            )  # fmt: skip
        except TimedOut:
            return False
        return True

    def _closed_port(self) -> int | None:
        """Return a port that no rule of the bastion's groups is about."""
        groups = self.subject.network.groups_of(self.subject.instances.bastion())
        shut = (port for port in PORTS if not any(r.concerns("tcp", port) for group in groups for r in group.rules))
        return next(shut, None)

    @step
    def page(self) -> Page:
        """Return the page as it lies on the host and as it is served; raises ``Unmet`` where nothing is mounted."""
        server = self.container()
        if not server.directory:
            root = self.homework.httpd.document_root
            raise Unmet("httpd.container", f"{server.container.name}: no directory of the host is mounted at {root}")
        return super().page()

    @step
    def edit(self) -> Edit:
        """Put a page of the run's own beside the student's for a moment, and return what is served of it."""
        page, before = self.page(), self.container()
        if not page.answer.is_ok:
            raise Unmet("httpd.reachable", f"{page.answer}, so no edit can be seen")
        name = f"acceptance-{self.run_id}.html"
        path, written = f"{before.directory}/{name}", f"<html><body>{secrets.token_hex(16)}</body></html>\n"
        try:
            self._as_owner(f"printf %s {shlex.quote(written)} > {shlex.quote(path)}")
            answer = self._served(f"/{name}")
        finally:
            self._as_owner(f"rm -f {shlex.quote(path)}")
        after = self.subject.containers.container("httpd.live-edit", before.container.name)
        return Edit(written, answer, before.container, after)

    @property
    def _address(self) -> str:
        return self.subject.instances.bastion().public_ip or ""

    def _read(self, path: str) -> str:
        return self._as_owner(f"cat {shlex.quote(path)}").stdout

    def _as_owner(self, line: str) -> Command:
        """Run a line on the bastion, as root where the user may not: a student may have worked as either."""
        done = self.subject.instances.on_bastion(line)
        if done.exit_code == 0:
            return done
        return self.subject.instances.on_bastion(f"sudo -n sh -c {shlex.quote(line)}")
