"""The web server on the bastion: its container, and its page as the host has it and as it is served."""

from __future__ import annotations

import shlex

from harness.errors import TimedOut
from harness.facts.httpd import Answer, Closed, Edit, Page, Server
from harness.hosts import http
from harness.steps import step
from harness.subjects.stage import Stage
from harness.waiting import until

TRIES = 10
"""How many times the time of a silent port a new server, or a new rule, may take to be noticed."""


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

    def _get(self) -> Answer:
        bastion, asked = self.subject.instances.bastion(), self.homework.httpd
        return http.get(bastion.public_ip or "", asked.port, "/", timeout=self.patience.silence)

    def _served(self, path: str = "/") -> Answer:
        """Return what a server that has just answered says; a busy one may take longer than a silent port is given."""
        bastion, asked = self.subject.instances.bastion(), self.homework.httpd
        return http.get(bastion.public_ip or "", asked.port, path, timeout=TRIES * self.patience.silence)

    def _once_answered(self) -> Answer:
        """Return the first answer, or what came in its place until a new server or rule must have been noticed."""
        try:
            return until(
                "the web server answers", self._get, timeout=TRIES * self.patience.silence, every=self.patience.poll,
                is_done=lambda answer: answer.outcome == "answered",
            )  # fmt: skip
        except TimedOut:
            return self._get()
