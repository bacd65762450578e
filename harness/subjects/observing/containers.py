"""Docker on the bastion: the engine, and the life of containers from hello-world and ubuntu."""

from __future__ import annotations

import secrets

from harness.errors import TimedOut, Unmet
from harness.facts.containers import (
    Command,
    Container,
    Engine,
    ForcedRemoval,
    Greeting,
    Images,
    Moment,
    Removal,
    Shell,
)
from harness.hosts.docker import Docker, EngineError
from harness.hosts.inspection import inspect
from harness.hosts.terminal import Terminal
from harness.steps import step
from harness.subjects.stage import Stage
from harness.waiting import until

REACTION = 15.0
"""Seconds within which an engine must have done what takes it a moment."""


class Containers(Stage):
    """Looks at the engine and leads two containers, which are the subject's to make, through their lives."""

    opened: Docker | None = None

    @property
    def interactive(self) -> str:
        """Return the name of the interactive container."""
        return self.homework.docker.interactive

    @property
    def command(self) -> str:
        """Return the docker command as the bastion's user must write it."""
        return "sudo -n docker" if self.docker().needs_sudo else "docker"

    def greeting_run(self) -> Container:
        """Return a container from hello-world that has run; raises ``Unmet`` where that cannot be."""
        raise NotImplementedError

    def shell_created(self) -> Container:
        """Return an interactive container that was not started yet; raises ``Unmet`` where that cannot be."""
        raise NotImplementedError

    def images(self) -> Images:
        """Return the images on the bastion, once the homework's have been used."""
        raise NotImplementedError

    @step
    def docker(self) -> Docker:
        """Return the bastion's engine; raises ``Unmet`` where none answers, or nobody can log in to ask it."""
        instances = self.subject.instances
        instances.bastion_login()
        try:
            self.opened = Docker(instances.ssh(), instances.bastion_target(), timeout=self.patience.command)
        except EngineError as error:
            raise Unmet("docker.engine", f"no engine answers on bastion {instances.bastion().id}: {error}") from error
        return self.opened

    def close(self) -> None:
        """End the connections to the engine."""
        if self.opened is not None:
            self.opened.close()

    @step
    def engine(self) -> Engine:
        """Return package, service and version of the engine."""
        docker = self.docker()
        instances, wanted = self.subject.instances, self.homework.docker
        host = inspect(instances.ssh(), instances.bastion_target(), timeout=self.patience.command)
        names = (wanted.package, *wanted.accepted_packages)
        package = next((name for name in names if host.package(name).is_installed), "")
        service = host.service("docker")
        version, api_version = docker.version()
        return Engine(
            package=package,
            package_version=str(host.package(package).version) if package else "",
            is_service_active=bool(service.is_running),
            is_service_enabled=bool(service.is_enabled),
            version=version,
            api_version=api_version,
            needs_sudo=docker.needs_sudo,
        )

    @step
    def greeting(self) -> Greeting:
        """Return what hello-world left behind."""
        container, docker = self.greeting_run(), self.docker()
        return Greeting(
            container=container,
            output=docker.logs(container.id),
            is_listed=container.name in docker.names(),
            is_listed_among_all=container.name in docker.names(all=True),
        )

    @step
    def greeting_removed(self) -> Removal:
        """Remove the exited container, and try to remove it again."""
        name = self.greeting().container.name
        removed = self.on_bastion(f"{self.command} rm {name}")
        is_gone = name not in self.docker().names(all=True)
        return Removal(removed, is_gone, again=self.on_bastion(f"{self.command} rm {name}"))

    @step
    def terminal(self) -> Terminal:
        """Attach to the interactive container and start it."""
        name = self.shell_created().name
        terminal = self.docker().attach(name)
        self.docker().client.api.start(name)
        return terminal

    @step
    def shell(self) -> Shell:
        """Let the container's shell compute something at its terminal."""
        left, right = secrets.randbelow(10**6), secrets.randbelow(10**6)
        typed, expected = f"echo sum=$(({left}+{right}))", f"sum={left + right}"
        terminal = self.terminal()
        terminal.type(typed)
        output = terminal.read_until(expected, REACTION)
        return Shell(self._interactive("docker.interactive"), typed, expected, output, self.interactive)

    @step
    def shell_detached(self) -> Moment:
        """Press the detach keys."""
        self.shell()
        self.terminal().detach()
        is_closed = self.terminal().is_closed_within(REACTION)
        self.terminal().close()
        return Moment("Ctrl-P Ctrl-Q", self._interactive("docker.detach"), is_closed)

    @step
    def shell_left(self) -> Moment:
        """Attach again and leave the shell."""
        name = self.shell_detached().container.name
        terminal = self.docker().attach(name)
        terminal.type("exit")
        is_closed = terminal.is_closed_within(REACTION)
        terminal.close()
        return Moment("exit", self._once_stopped(), is_closed)

    @step
    def shell_restarted(self) -> Moment:
        """Start the container again."""
        name = self.shell_left().container.name
        self.must("docker.restart", f"{self.command} start {name}")
        return Moment("start", self._interactive("docker.restart"))

    @step
    def shell_removed(self) -> ForcedRemoval:
        """Remove the running container: without force, which must fail, then with it."""
        name = self.shell_restarted().container.name
        refused = self.on_bastion(f"{self.command} rm {name}")
        then = self.docker().container(name)
        forced = self.on_bastion(f"{self.command} rm -f {name}")
        is_gone = name not in self.docker().names(all=True)
        return ForcedRemoval(refused, then.status if then else "gone", forced, is_gone)

    def on_bastion(self, line: str) -> Command:
        """Run a line on the bastion; it may pull an image."""
        return self.subject.instances.on_bastion(line, timeout=self.patience.build)

    def must(self, requirement: str, line: str) -> Command:
        """Run a line on the bastion that must succeed."""
        return self.subject.instances.must(requirement, line, timeout=self.patience.build)

    def container(self, requirement: str, name: str) -> Container:
        """Return a container of the bastion's; raises ``Unmet`` where there is none of that name."""
        docker = self.docker()
        found = docker.container(name)
        if found is None or found.name != name:
            there = ", ".join(self.others()[:10]) or "none"
            raise Unmet(requirement, f"no container {name} on bastion {self._bastion}; there are: {there}")
        return found

    def others(self) -> tuple[str, ...]:
        """Return the names of the containers that are the subject's own."""
        return self.docker().names(all=True)

    def _interactive(self, requirement: str) -> Container:
        return self.container(requirement, self.interactive)

    def _once_stopped(self) -> Container:
        """Return the interactive container as soon as it has stopped, or as it is when that takes too long."""
        try:
            return until(
                "the container has stopped", lambda: self._interactive("docker.attach-exit"), timeout=REACTION,
                every=self.patience.poll, is_done=lambda container: not container.is_running,
            )  # fmt: skip
        except TimedOut:
            return self._interactive("docker.attach-exit")

    @property
    def _bastion(self) -> str:
        return str(self.subject.instances.bastion().id)
