"""The two web servers on the bastion, as the document has its reader run them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from harness.errors import HarnessError, Unmet
from harness.facts.containers import Command, Container
from harness.facts.httpd import Closed, Edit, Page, Server
from harness.facts.jupyter import Removed
from harness.steps import step
from harness.subjects import observing
from harness.subjects.material.stages import must_not_be_over
from harness.subjects.reference.httpd import PAGE as REFERENCE_PAGE
from harness.subjects.reference.httpd import Httpd as ReferenceHttpd
from harness.subjects.reference.jupyter import Jupyter as ReferenceJupyter

if TYPE_CHECKING:
    from harness.facts.containers import Image
    from harness.subjects.material.doing import Doing


class Httpd(ReferenceHttpd):
    """The web server: found by its name for its own requirement, by the part that it plays for the others."""

    subject: Doing

    @step
    def container(self) -> Server:
        """Return the container of that name and the host's directory in it."""
        self.subject.containers.docker()
        must_not_be_over(self.subject, "httpd.container", f"runs {self.homework.httpd.container}")
        return observing.Httpd.container(self)

    def serving(self) -> Server:
        """Return the server that is there, under whatever name; raises ``Unmet`` where there is none."""
        asked = self.homework.httpd
        docker = self.subject.containers.docker()
        found = docker.container(asked.container) or self.subject.containers.by_role(asked.image, asked.port)
        if found is None:
            raise Unmet("httpd.container", "no container on the bastion is a web server")
        mount = found.mounted_at(asked.document_root)
        return Server(found, mount.source if mount else "")

    @step
    def before_rule(self) -> Closed:
        """Return what the port does right after the server was started, before any rule lets anybody in."""
        must_not_be_over(self.subject, "httpd.reachable", "starts the web server")
        try:
            is_running = self.serving().container.is_running
        except HarnessError:
            is_running = False
        return Closed(is_running, self._get())

    @step
    def page(self) -> Page:
        """Return the page as it lies on the host and as it is served."""
        self.subject.containers.docker()
        must_not_be_over(self.subject, "httpd.reachable", "serves a page")
        path = f"{self.serving().directory}/{self.homework.httpd.page}"
        answer = self._once_answered()
        return Page(path, self._read(path), answer)

    @step
    def edit(self) -> Edit:
        """Change the page on the host and return what is served next."""
        self.subject.containers.docker()
        must_not_be_over(self.subject, "httpd.live-edit", "serves a page")
        page, before = self.page(), self.serving().container
        written = page.file.replace("</body>", f"<p>Edited: {secrets.token_hex(8)}.</p></body>")
        if written == page.file:
            written += f"<p>Edited: {secrets.token_hex(8)}.</p>\n"
        self._replace(page.path, written)
        answer = self._get()
        after = self.subject.containers.docker().container(before.id)
        if after is None:
            raise Unmet("httpd.live-edit", f"container {before.name} vanished with the edit")
        return Edit(written, answer, before, after)

    def run_again(self) -> None:
        """Run the server as it should have been run, in the place of what is there."""
        asked = self.homework.httpd
        found = self.subject.containers.by_role(asked.image, asked.port)
        for name in (asked.container, *([found.name] if found else [])):
            self.subject.containers.on_bastion(f"docker rm -f {name}")
        self.page_written()
        self.subject.containers.on_bastion(self.run_line)

    def show_page(self, directory: str) -> None:
        """Write the page that the document tells its reader to write without saying what is in it."""
        self.subject.instances.write("httpd.container", f"{directory}/{self.homework.httpd.page}", PAGE)


PAGE = REFERENCE_PAGE.read_text(encoding="utf-8")


class Jupyter(ReferenceJupyter):
    """The notebook server."""

    subject: Doing

    @step
    def image(self) -> Image:
        """Return the image of that name."""
        self.subject.containers.docker()
        must_not_be_over(self.subject, "jupyter.image", f"builds an image {self.homework.jupyter.image}")
        return observing.Jupyter.image(self)

    @step
    def container(self) -> Container:
        """Return the container that serves notebooks, under whatever name."""
        self.subject.containers.docker()
        must_not_be_over(self.subject, "jupyter.container", f"runs {self.homework.jupyter.container}")
        return observing.Jupyter.container(self)

    @step
    def settled(self) -> Container:
        """Return it as the document left it: by the time its server has started, it may have been mended."""
        return self.container()

    def build_again(self) -> None:
        """Build the image as it should have been built."""
        self.built()

    def run_again(self) -> None:
        """Run the server as it should have been run, in the place of what is there."""
        asked = self.homework.jupyter
        found = self.subject.containers.by_role(asked.image, asked.port)
        for name in (asked.container, *([found.name] if found else [])):
            self.subject.containers.on_bastion(f"docker rm -f {name}")
        self.subject.containers.on_bastion(self.run_line)

    @step
    def removed(self) -> Removed:
        """Return what is left of the container when the document is done with it."""
        self.subject.containers.docker()
        must_not_be_over(self.subject, "jupyter.removed", f"runs {self.homework.jupyter.container}")
        self.container()
        left = self.subject.containers.docker().container(self.homework.jupyter.container)
        return Removed(tuple(self.removals), left, self._get())

    @property
    def removals(self) -> list[Command]:
        """Return the commands by which the document ended the container."""
        return self.subject.jupyter_removals
