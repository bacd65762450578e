"""VPCs: the default one leads out and can be made again, and none goes while something is in it."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError

from harness.offline.seeding import lead_out


class StrictVpcs:
    """Completes the default VPC and refuses to delete a VPC that something depends on."""

    groups: dict[str, dict[str, Any]]
    default_vpc: Any

    def create_default_vpc(self) -> Any:
        vpc = super().create_default_vpc()  # type: ignore[misc]
        lead_out(self, vpc)
        self.default_vpc = vpc
        return vpc

    def delete_vpc(self, vpc_id: str) -> Any:
        gateways = [gateway for gateway in self.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id]  # type: ignore[attr-defined]
        others = [group for group in self.groups.get(vpc_id, {}).values() if not group.is_default]
        if gateways or others:
            raise EC2ClientError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return super().delete_vpc(vpc_id)  # type: ignore[misc]
