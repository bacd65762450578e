"""The network, as the document has its reader build it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.aws import groups
from harness.facts.network import Door, Group
from harness.steps import step
from harness.subjects import observing
from harness.subjects.material.stages import must_be_its_own, must_not_be_over
from harness.subjects.reference.network import Network as ReferenceNetwork

if TYPE_CHECKING:
    from harness.subjects.material.doing import Doing


class Network(ReferenceNetwork):
    """Looks at the groups that the document makes; a group that is needed and was not made is made in its place."""

    subject: Doing

    def public_id(self) -> str:
        return self._id(self.homework.network.public_group, self.public_made)

    def private_id(self) -> str:
        return self._id(self.homework.network.private_group, self.private_made)

    def _id(self, name: str, make: object) -> str:
        found = [group for group in groups.find_groups(self.aws, name) if group.vpc == self.vpc().id]
        if found:
            return found[0].id
        requirement = "network.public-sg" if name == self.homework.network.public_group else "network.private-sg"
        must_not_be_over(self.subject, requirement, f"makes a group {name}")
        self.subject.repaired[name] = f"the document makes no group {name} in the default VPC"
        assert callable(make)
        return str(make())

    @step
    def public_group(self) -> Group:
        """Observe the public group when the first login needs it."""
        id = self.public_id()
        must_be_its_own(self.subject, self.homework.network.public_group, "network.public-sg")
        return self._observed(id, "network.public-sg")

    @step
    def private_group(self) -> Group:
        """Observe the private group when the hop needs it."""
        id = self.private_id()
        must_be_its_own(self.subject, self.homework.network.private_group, "network.private-sg")
        return self._observed(id, "network.private-sg")

    @step
    def private_door(self) -> Door:
        """Observe whether the bastion may come in, before anything is put right."""
        must_not_be_over(self.subject, "network.private-ssh", "lets the bastion in")
        return observing.Network.private_door(self)

    @step
    def open_web_ports(self) -> Group:
        """Observe the public group when the first web port is used, before anything is put right."""
        id = self.public_id()
        must_be_its_own(self.subject, self.homework.network.public_group, "network.public-sg")
        return self._observed(id, "network.public-sg")

    def is_open_to_all(self, group: str, port: int) -> bool:
        """Say whether anybody may reach a port of a group's members now."""
        found = groups.find_group(self.aws, group)
        return found is not None and found.admits("tcp", port, self.homework.network.anywhere)

    def lets_bastion_in(self, group: str) -> bool:
        """Say whether the bastion may come in by ssh to a group's members now."""
        found, bastion = groups.find_group(self.aws, group), self.subject.instances.bastion()
        port = self.homework.network.ssh_port
        return found is not None and found.admits_instance(bastion.private_ip or "", bastion.group_ids, "tcp", port)
