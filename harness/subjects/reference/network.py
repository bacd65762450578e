"""The network: the default VPC, the two security groups and their rules."""

from __future__ import annotations

import contextlib

from harness.aws import groups, vpc
from harness.errors import Unmet
from harness.facts.network import Group, Vpc
from harness.steps import shared_step, step
from harness.subjects import observing


class Network(observing.Network):
    """Takes the region's default VPC, or makes it, and puts the homework's groups into it."""

    @step
    def vpc(self) -> Vpc:
        """Observe the default VPC; a region without one is given one."""
        found = vpc.find_default_vpc(self.aws) or self._made_vpc()
        if found is None:
            raise Unmet("network.default-vpc", f"{self.region} has no default VPC, expected one")
        return found

    def _made_vpc(self) -> Vpc | None:
        # It is written down as kept: whoever comes next expects a region to have its default VPC.
        with self.context.ledger.creating("default-vpc", self.region, run=self.run_id) as creation:
            creation.id = vpc.create_default_vpc(self.aws)
        return vpc.find_default_vpc(self.aws)

    @shared_step
    def public_made(self) -> str:
        """Create the public group; returns its id."""
        return self._made(self.homework.network.public_group, "Bastion: ssh and the web servers, from anywhere")

    @shared_step
    def private_made(self) -> str:
        """Create the private group; returns its id."""
        return self._made(self.homework.network.private_group, "Private instance: ssh from the bastion")

    def _made(self, name: str, description: str) -> str:
        inside = self.vpc().id
        ledger = self.context.ledger
        with ledger.creating("security-group", self.region, name=name, vpc=inside, run=self.run_id) as creation:
            creation.id = groups.create_group(self.aws, name, description, inside, self.context.tags)
        return creation.id

    @step
    def public_ssh_opened(self) -> None:
        """Let ssh into the public group, from anywhere."""
        network = self.homework.network
        groups.admit(self.aws, self.public_made(), network.ssh_port, network.anywhere)

    @step
    def private_ssh_opened(self) -> None:
        """Let ssh into the private group, from members of the public one."""
        groups.admit(self.aws, self.private_made(), self.homework.network.ssh_port, self.public_made())

    @step
    def httpd_port_opened(self) -> None:
        """Let the world to the web server, once it was seen that nobody gets there without a rule."""
        with contextlib.suppress(Exception):  # kept by that step, for the requirement that asks for it
            self.subject.httpd.before_rule()
        groups.admit(self.aws, self.public_made(), self.homework.httpd.port, self.homework.network.anywhere)

    @step
    def jupyter_port_opened(self) -> None:
        """Let the world to Jupyter."""
        groups.admit(self.aws, self.public_made(), self.homework.jupyter.port, self.homework.network.anywhere)

    def public_id(self) -> str:
        return self.public_made()

    def private_id(self) -> str:
        return self.private_made()

    @step
    def public_group(self) -> Group:
        """Observe the public group once it lets ssh in."""
        self.public_ssh_opened()
        return super().public_group()

    @step
    def private_group(self) -> Group:
        """Observe the private group once it lets ssh in."""
        self.private_ssh_opened()
        return super().private_group()

    @step
    def open_web_ports(self) -> Group:
        """Open both web ports and observe the public group as it then is."""
        self.jupyter_port_opened()
        self.httpd_port_opened()
        return super().open_web_ports()
