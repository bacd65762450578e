"""Docker on the bastion: the life of the document's containers, looked at in the moments that the document makes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from harness.errors import Unmet
from harness.facts.containers import Command, Container, Engine, ForcedRemoval, Greeting, Images, Moment, Removal, Shell
from harness.hosts.docker import Docker
from harness.steps import step
from harness.subjects import observing
from harness.subjects.material.stages import must_not_be_over
from harness.subjects.reference.containers import Containers as ReferenceContainers

if TYPE_CHECKING:
    from harness.hosts.session import Session
    from harness.subjects.material.doing import Doing


class Containers(ReferenceContainers):
    """Each fact is of one moment: whoever watches the document calls the step when that moment has come."""

    subject: Doing

    def __init__(self, subject: Doing) -> None:
        super().__init__(subject)
        self.greeted = ""
        self.shell_id = ""
        self.session: Session | None = None
        self.shell_depth = 1
        self.removal: Command | None = None
        self.refusal: tuple[Command, str] | None = None
        self.working: Docker | None = None

    def docker(self) -> Docker:
        """Return the engine, for as long as there is a bastion; raises ``Unmet`` where none answers."""
        if self.working is None:
            must_not_be_over(self.subject, "docker.engine", "uses Docker")
            self.working = observing.Containers.docker(self)
        return self.working

    def install(self) -> None:
        """Install the engine as it should have been."""
        self.group_member()
        instances = self.subject.instances
        self.working = self.opened = Docker(instances.ssh(), instances.bastion_target(), timeout=self.patience.command)

    @step
    def engine(self) -> Engine:
        """Return package, service and version of the engine that the document installs."""
        must_not_be_over(self.subject, "docker.engine", "installs Docker")
        return observing.Containers.engine(self)

    def greeting_run(self) -> Container:
        container = self.docker().latest_from("hello-world")
        if container is None:
            raise Unmet("docker.hello-world", "the document has its reader run no container from hello-world")
        return container

    @step
    def greeting(self) -> Greeting:
        """Return what hello-world left behind, right after it ran."""
        must_not_be_over(self.subject, "docker.hello-world", "runs hello-world")
        greeting = super().greeting()
        self.greeted = greeting.container.id
        return greeting

    @step
    def greeting_removed(self) -> Removal:
        """Return how the document's removal of the exited container went, and what a second one says."""
        name = self.greeting().container.name  # what never ran, or where nobody can log in, has no removal to be judged
        must_not_be_over(self.subject, "docker.remove", "removes the container of hello-world")
        if self.removal is None:
            raise Unmet("docker.remove", f"the document does not remove {name}")
        is_gone = name not in self.docker().names(all=True)
        return Removal(self.removal, is_gone, again=self.on_bastion(f"docker rm {name}"))

    @step
    def shell(self) -> Shell:
        """Let the shell that the document has opened compute something."""
        self.docker()
        must_not_be_over(self.subject, "docker.interactive", f"opens a shell in {self.interactive}")
        session = self.session
        left, right = secrets.randbelow(10**6), secrets.randbelow(10**6)
        typed, expected = f"echo sum=$(({left}+{right}))", f"sum={left + right}"
        output = session.run(typed).output if session is not None else ""
        return Shell(self._interactive("docker.interactive"), typed, expected, output, self.interactive)

    @step
    def shell_detached(self) -> Moment:
        """Return the container right after the detach keys."""
        self.docker()
        must_not_be_over(self.subject, "docker.detach", f"detaches from {self.interactive}")
        return Moment("Ctrl-P Ctrl-Q", self._seen("docker.detach"), self._is_outside)

    @step
    def shell_left(self) -> Moment:
        """Return the container right after its shell was left."""
        self.docker()
        must_not_be_over(self.subject, "docker.attach-exit", f"attaches to {self.interactive} and leaves its shell")
        return Moment("exit", self._once_stopped(), self._is_outside)

    @step
    def shell_restarted(self) -> Moment:
        """Return the container right after it was started again."""
        self.docker()
        must_not_be_over(self.subject, "docker.restart", f"starts {self.interactive} again")
        return Moment("start", self._seen("docker.restart"))

    @step
    def shell_removed(self) -> ForcedRemoval:
        """Return how the forced removal went, and what came of one without force before it."""
        self.docker()
        must_not_be_over(self.subject, "docker.force-remove", f"removes {self.interactive} while it runs")
        if self.refusal is None or self.removal is None:
            raise Unmet("docker.force-remove", f"the document does not remove {self.interactive} while it runs")
        refused, then = self.refusal
        return ForcedRemoval(refused, then, self.removal, self.docker().container(self.shell_id) is None)

    def try_without_force(self, name: str) -> None:
        """Try to remove a running container without force, which must fail."""
        refused = self.on_bastion(f"docker rm {name}")
        then = self.docker().container(name)
        self.refusal = refused, then.status if then else "gone"

    @step
    def images(self) -> Images:
        """Return the images on the bastion before it ends."""
        self.docker()
        must_not_be_over(self.subject, "docker.images", "uses Docker")
        return Images(self.docker().tags())

    def by_role(self, image: str, port: int = 0) -> Container | None:
        """Return the container that plays a part under another name: by its port, else the latest from its image."""
        docker = self.docker()
        for name in docker.names(all=True):
            found = docker.container(name)
            if found is not None and port and any(one.host_port == port for one in found.ports):
                return found
        return docker.latest_from(image)

    def _seen(self, requirement: str) -> Container:
        """Return the container whose shell was opened, whatever it is called by now."""
        found = self.docker().container(self.shell_id) if self.shell_id else None
        return found or self._interactive(requirement)

    def _interactive(self, requirement: str) -> Container:
        if requirement == "docker.attach-exit":
            found = self.docker().container(self.shell_id) if self.shell_id else None
            return found or super()._interactive(requirement)
        return super()._interactive(requirement)

    @property
    def _is_outside(self) -> bool:
        return self.session is None or self.session.depth < self.shell_depth
