"""What is known of a launch: the instance beside what it was to be launched with."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence
from harness.facts.instances import Instance
from harness.facts.network import Group


@dataclass(frozen=True)
class Launch:
    """An instance, the id of the default VPC, the security group meant for it, and the name of the key pair.

    ``twins`` are other names under which EC2 has the same key, as of one that was imported twice.
    """

    instance: Instance
    vpc: str
    group: Group
    key_name: str
    twins: tuple[str, ...] = ()

    @property
    def has_the_key(self) -> bool:
        """Say whether the instance was launched with the key, whatever EC2 calls it."""
        return self.instance.key_name in (self.key_name, *self.twins)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return what EC2 says of the instance."""
        return self.instance.evidence
