"""The student's notebook server, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import Gone, Unmet
from harness.facts.containers import Container
from harness.facts.httpd import Answer
from harness.facts.jupyter import Removed
from harness.steps import step
from harness.subjects import observing
from harness.subjects.student.trials import ENDED

if TYPE_CHECKING:
    from harness.subjects.student import Student


class Jupyter(observing.Jupyter):
    """Finds the notebook server's container."""

    subject: Student

    @step
    def container(self) -> Container:
        """Return the container."""
        asked = self.homework.jupyter
        return self.subject.containers.likely("jupyter.container", asked.container, asked.port, asked.image)

    @step
    def removed(self) -> Removed:
        """Look for the container; with a bastion that has ended, its containers are gone.

        One that is stopped has them on its disk, removed or not: grading starts nothing, so nobody can see.
        """
        bastion, port = self.subject.instances.chosen("bastion"), self.homework.jupyter.port
        if bastion is None:
            raise Unmet(
                "bastion.launched", f"no instance in {self.region} looks like the bastion, now or in its history"
            )
        if bastion.state in ENDED:
            said = f"bastion {bastion} is {bastion.state}, and its containers went with it"
            return Removed((), None, Answer(f"http://{bastion}:{port}/api", "silent", said=said))
        if bastion.state in ("stopping", "stopped"):
            raise Gone(
                f"bastion {bastion} is {bastion.state}: nothing answers there, and which containers are on its disk "
                "cannot be seen unless somebody starts it; once it is terminated, they are gone"
            )
        return Removed((), self._left(), self._get())

    def _left(self) -> Container | None:
        docker, asked = self.subject.containers.docker(), self.homework.jupyter
        named = docker.container(asked.container)
        others = (other for name in docker.names(all=True) if (other := docker.container(name)))
        return named or next((other for other in others if other.image.is_release(asked.image)), None)
