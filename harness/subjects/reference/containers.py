"""Docker on the bastion: its installation by Docker's own steps, and the life of the homework's first containers."""

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
from harness.subjects.reference.stage import Stage
from harness.waiting import until

REACTION = 15.0
"""Seconds within which an engine must have done what takes it a moment."""

# "Install Docker Engine on Ubuntu", docs.docker.com, section "Install using the apt repository", read 2026-11. The
# lock option waits for the updates that a new instance begins with.
APT = "sudo DEBIAN_FRONTEND=noninteractive apt-get -oDPkg::Lock::Timeout=300 -y -q"
KEYRING = "/etc/apt/keyrings/docker.asc"
ORIGIN = "https://download.docker.com/linux/ubuntu"
SOURCE = f"""\
Types: deb
URIs: {ORIGIN}
Suites: $(. /etc/os-release && echo "${{UBUNTU_CODENAME:-$VERSION_CODENAME}}")
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: {KEYRING}
"""
COMPANIONS = "docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin"


class Containers(Stage):
    """Docker's installation, then hello-world and the interactive container, each deed a step."""

    opened: Docker | None = None

    @step
    def prepared(self) -> Command:
        """Install what the next steps need."""
        self._install(f"{APT} update")
        return self._install(f"{APT} install ca-certificates curl")

    @step
    def keyring(self) -> Command:
        """Put Docker's signing key in place."""
        self.prepared()
        self._install("sudo install -m 0755 -d /etc/apt/keyrings")
        self._install(f"sudo curl -fsSL {ORIGIN}/gpg -o {KEYRING}")
        return self._install(f"sudo chmod a+r {KEYRING}")

    @step
    def package_source(self) -> Command:
        """Name Docker's repository, signed by that key."""
        self.keyring()
        return self._install(f"sudo tee /etc/apt/sources.list.d/docker.sources > /dev/null <<END\n{SOURCE}END")

    @step
    def packages(self) -> Command:
        """Install the engine and its companions."""
        self.package_source()
        self._install(f"{APT} update")
        return self._install(f"{APT} install {self.homework.docker.package} {COMPANIONS}")

    @step
    def group_member(self) -> Command:
        """Let the user speak to the engine; a login from now on has the new group."""
        self.packages()
        done = self._install(f"sudo usermod -aG docker {self.homework.bastion.user}")
        instances = self.subject.instances
        instances.ssh().forget(instances.bastion_target())
        return done

    @step
    def docker(self) -> Docker:
        """Return the bastion's engine; raises ``Unmet`` where none answers."""
        self.group_member()
        instances = self.subject.instances
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
    def greeting_run(self) -> Container:
        """Run hello-world to its end."""
        docker = self.docker()
        self.must("docker.hello-world", "docker run hello-world")
        container = docker.latest_from("hello-world")
        if container is None:
            raise Unmet("docker.hello-world", f"no container from hello-world on bastion {self._bastion}")
        return container

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
        removed = self.on_bastion(f"docker rm {name}")
        is_gone = name not in self.docker().names(all=True)
        return Removal(removed, is_gone, again=self.on_bastion(f"docker rm {name}"))

    @step
    def shell_created(self) -> Container:
        """Make the interactive container, as ``docker run -ti`` does before it attaches."""
        docker, name = self.docker(), self.homework.docker.interactive
        self.must("docker.interactive", "docker pull ubuntu")
        docker.client.api.create_container("ubuntu", "bash", name=name, **self.interactive_options)
        return self._interactive("docker.interactive")

    @property
    def interactive_options(self) -> dict[str, bool]:
        """Return what ``-ti`` asks of the engine."""
        return {"tty": True, "stdin_open": True}

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
        return Shell(self._interactive("docker.interactive"), typed, expected, output)

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
        self.must("docker.restart", f"docker start {name}")
        return Moment("start", self._interactive("docker.restart"))

    @step
    def shell_removed(self) -> ForcedRemoval:
        """Remove the running container: without force, which must fail, then with it."""
        name = self.shell_restarted().container.name
        refused = self.on_bastion(f"docker rm {name}")
        then = self.docker().container(name)
        forced = self.on_bastion(f"docker rm -f {name}")
        is_gone = name not in self.docker().names(all=True)
        return ForcedRemoval(refused, then.status if then else "gone", forced, is_gone)

    @step
    def images(self) -> Images:
        """Return the images on the bastion, once the homework's have been used."""
        self.greeting_run()
        self.shell_created()
        self.subject.httpd.image_pulled()
        return Images(self.docker().tags())

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
            there = ", ".join(docker.names(all=True)[:10]) or "none"
            raise Unmet(requirement, f"no container {name} on bastion {self._bastion}; there are: {there}")
        return found

    def _install(self, line: str) -> Command:
        return self.subject.instances.must("docker.engine", line, timeout=self.patience.build)

    def _interactive(self, requirement: str) -> Container:
        return self.container(requirement, self.homework.docker.interactive)

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
