"""The web server on the bastion: its container, and its page as the host has it and as it is served."""

from __future__ import annotations

import shlex

from harness.facts.httpd import Answer, Closed, Edit, Page, Server
from harness.hosts import http
from harness.steps import step
from harness.subjects.stage import Stage


class Httpd(Stage):
    """Looks at the web server; ``directory`` is where its page lies, where nothing is mounted."""

    directory = ""

    def before_rule(self) -> Closed:
        """Return what a port of a web server does that no rule lets in. Never raises what the homework lacks."""
        raise NotImplementedError

    def edit(self) -> Edit:
        """Return an edit below the document root and what was served next."""
        raise NotImplementedError

    @step
    def container(self) -> Server:
        """Return the container and the host's directory in it."""
        asked = self.homework.httpd
        container = self.subject.containers.container("httpd.container", asked.container)
        mount = container.mounted_at(asked.document_root)
        return Server(container, mount.source if mount else self.directory)

    @step
    def page(self) -> Page:
        """Return the page as it lies on the host and as it is served."""
        server = self.container()
        self.subject.network.open_web_ports()
        answer = self._once_answered()
        path = f"{server.directory}/{self.homework.httpd.page}"
        return Page(path, self._read(path), answer)

    def _read(self, path: str) -> str:
        return self.subject.instances.on_bastion(f"cat {shlex.quote(path)}").stdout

    def _get(self, seconds: float | None = None) -> Answer:
        """Return what the port says, in as long as a silent port is given unless told."""
        return self._ask("/", seconds or self.patience.silence)

    def _served(self, path: str) -> Answer:
        """Return what a server that has just answered says; a busy one may take longer than a silent port is given."""
        return self._ask(path, http.FIRST * self.patience.silence)

    def _ask(self, path: str, seconds: float) -> Answer:
        bastion, asked = self.subject.instances.bastion(), self.homework.httpd
        return http.get(bastion.public_ip or "", asked.port, path, timeout=seconds)

    def _once_answered(self) -> Answer:
        return http.until_answered("the web server", self._get, self.patience, self.subject.instances.pace)
