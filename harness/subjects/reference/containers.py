"""Docker on the bastion: its installation by Docker's own steps, and the life of the homework's first containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import Unmet
from harness.facts.containers import (
    Command,
    Container,
    Images,
)
from harness.hosts.docker import Docker
from harness.steps import step
from harness.subjects import observing

if TYPE_CHECKING:
    from harness.subjects.reference import Reference

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


class Containers(observing.Containers):
    """Docker's installation, then hello-world and the interactive container, each deed a step."""

    subject: Reference

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
        """Return the bastion's engine, once it is installed."""
        self.group_member()
        return super().docker()

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
    def images(self) -> Images:
        """Return the images on the bastion, once the homework's have been used."""
        self.greeting_run()
        self.shell_created()
        self.subject.httpd.image_pulled()
        return Images(self.docker().tags())

    def _install(self, line: str) -> Command:
        return self.subject.instances.must("docker.engine", line, timeout=self.patience.build)
