"""The network: the default VPC, the two security groups, and who they let in."""

from __future__ import annotations

from harness.aws import groups
from harness.errors import Unmet
from harness.facts.network import Door, Group, Vpc
from harness.steps import step
from harness.subjects.stage import Stage


class Network(Stage):
    """Looks at VPC and groups."""

    def vpc(self) -> Vpc:
        """Return the region's default VPC; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    def public_id(self) -> str:
        """Return the id of the public group; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    def private_id(self) -> str:
        """Return the id of the private group; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    @step
    def public_group(self) -> Group:
        """Observe the public group."""
        return self._observed(self.public_id(), "network.public-sg")

    @step
    def private_group(self) -> Group:
        """Observe the private group."""
        return self._observed(self.private_id(), "network.private-sg")

    @step
    def private_door(self) -> Door:
        """Observe whether the bastion may come in by the private group."""
        bastion = self.subject.instances.bastion()
        port = self.homework.network.ssh_port
        return Door(self.private_group(), port, bastion.id, bastion.private_ip or "", bastion.group_ids)

    @step
    def open_web_ports(self) -> Group:
        """Observe the public group once the web ports are open."""
        return self._observed(self.public_id(), "network.public-sg")

    def _observed(self, id: str, requirement: str) -> Group:
        group = groups.find_group(self.aws, id)
        if group is None:
            raise Unmet(requirement, f"security group {id} is not there in {self.region}")
        return group
