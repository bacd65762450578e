"""What is known of a launch: the instance beside what it was to be launched with."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence
from harness.facts.instances import Instance
from harness.facts.network import Group


@dataclass(frozen=True)
class Launch:
    """An instance, the id of the default VPC, the security group meant for it, and the name of the key pair."""

    instance: Instance
    vpc: str
    group: Group
    key_name: str

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return what EC2 says of the instance."""
        return self.instance.evidence
