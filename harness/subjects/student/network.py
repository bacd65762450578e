"""The student's network: the default VPC and the groups by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.aws import groups, vpc
from harness.errors import Unmet
from harness.facts.instances import Instance
from harness.facts.network import Group, Vpc
from harness.steps import step
from harness.subjects import observing

if TYPE_CHECKING:
    from harness.subjects.student import Student


class Network(observing.Network):
    """Finds groups by name; where none is called so, the group of the instance that should be in it."""

    subject: Student

    @step
    def vpc(self) -> Vpc:
        found = vpc.find_default_vpc(self.aws)
        if found is None:
            raise Unmet("network.default-vpc", f"{self.region} has no default VPC, expected one")
        return found

    @step
    def public_id(self) -> str:
        """Find the public group; returns its id."""
        return self._found(self.homework.network.public_group, "network.public-sg", "bastion")

    @step
    def private_id(self) -> str:
        """Find the private group; returns its id."""
        return self._found(self.homework.network.private_group, "network.private-sg", "private")

    def groups_of(self, instance: Instance) -> tuple[Group, ...]:
        """Return the groups of an instance with their rules."""
        return tuple(group for id in instance.group_ids if (group := groups.find_group(self.aws, id)))

    def _found(self, name: str, requirement: str, role: str) -> str:
        """Return the group's id: of several, that of the default VPC, and of those the one that is used."""
        instance = self.subject.instances.chosen(role)
        used = instance.group_ids if instance else ()
        home = vpc.find_default_vpc(self.aws)
        found = groups.find_groups(self.aws, name)
        if found:
            return max(found, key=lambda group: (home is not None and group.vpc == home.id, group.id in used)).id
        stand_in = self._other(used)
        if stand_in is None:
            raise Unmet(requirement, f"{self.region} has no security group {name}, expected one in the default VPC")
        return stand_in

    def _other(self, used: tuple[str, ...]) -> str | None:
        """Return a group of the instance that neither AWS made nor the homework asks for elsewhere."""
        named = self.homework.network
        spared = ("default", named.public_group, named.private_group)
        seen: list[Group] = [group for id in used if (group := groups.find_group(self.aws, id))]
        return next((group.id for group in seen if group.name not in spared), None)
