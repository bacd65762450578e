"""The web server on the bastion: a page, its container, the port behind the security group, and a live edit."""

from __future__ import annotations

import secrets
from pathlib import Path

from harness.errors import HarnessError, Unmet
from harness.facts.containers import Command
from harness.facts.httpd import Closed, Edit, Server
from harness.steps import step
from harness.subjects import observing

PAGE = Path(__file__).with_name("course") / "index.html"


class Httpd(observing.Httpd):
    """The homework's web server; ``directory`` is where its page lies, below the home directory."""

    directory = "site"

    @step
    def image_pulled(self) -> Command:
        """Pull the image by its plain name, as the homework does first."""
        self.subject.containers.docker()
        return self._must("docker.images", f"docker pull {self.homework.httpd.image.partition(':')[0]}")

    @step
    def page_written(self) -> str:
        """Write the page into a directory of its own and return the path."""
        self.subject.containers.docker()
        self._must("httpd.container", f"mkdir -p {self.directory}")
        path = f"{self.directory}/{self.homework.httpd.page}"
        self.subject.instances.write("httpd.container", path, PAGE.read_text(encoding="utf-8"))
        return path

    @step
    def started(self) -> Command:
        """Run the container, with that directory as its document root."""
        self.image_pulled()
        self.page_written()
        return self._must("httpd.container", self.run_line)

    @property
    def run_line(self) -> str:
        """Return the homework's line, to be run in the page's directory."""
        asked = self.homework.httpd
        return (
            f"cd {self.directory} && docker run -d --name {asked.container} -p{asked.port}:{asked.container_port}"
            f' -v "$PWD":{asked.document_root}/ {asked.image}'
        )

    @step
    def container(self) -> Server:
        """Return the container, once it runs, and the host's directory in it."""
        self.started()
        return super().container()

    @step
    def before_rule(self) -> Closed:
        """Return what the port does before its rule is there; the network stage asks for it before it opens the port.

        Never raises what the homework lacks: the rule does not depend on the server.
        """
        try:
            is_running = self.container().container.is_running
        except HarnessError:
            is_running = False
        return Closed(is_running, self._get())

    @step
    def edit(self) -> Edit:
        """Change the page on the host and return what is served next; needs a page that is served at all."""
        page, before = self.page(), self.container().container
        if not page.answer.is_ok:
            raise Unmet("httpd.reachable", f"{page.answer}, so no edit can be seen")
        written = page.file.replace("</body>", f"<p>Edited: {secrets.token_hex(8)}.</p></body>")
        self._replace(page.path, written)
        answer = self._served("/")
        after = self.subject.containers.container("httpd.live-edit", before.name)
        return Edit(written, answer, before, after)

    def _replace(self, path: str, text: str) -> None:
        """Write into the file that is there: an editor that puts a new one in its place needs the directory mounted."""
        self.subject.instances.write("httpd.live-edit", path, text)

    def _must(self, requirement: str, line: str) -> Command:
        return self.subject.containers.must(requirement, line)
