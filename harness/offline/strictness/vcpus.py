"""vCPU quotas: a launch that would go beyond the account's quota is refused."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES

from harness.offline.quotas import Quota, Quotas


class VcpuLimits:
    """Counts the vCPUs of running and pending instances per quota, on demand and spot apart."""

    quotas: Quotas

    def _check_capacity(self, given: dict[str, Any], count: int) -> None:
        super()._check_capacity(given, count)  # type: ignore[misc]
        spot = given.get("lifecycle") == "spot"
        quota = self.quotas.of_instance(given["instance_type"], "spot" if spot else "on-demand")
        if quota is None or self._in_use(quota) + count * vcpus(given["instance_type"]) <= quota.value:
            return
        if spot:
            raise EC2ClientError("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
        raise EC2ClientError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {quota.value:.0f} allows for the "
            "instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )

    def _in_use(self, quota: Quota) -> int:
        running = (i for i in self.all_instances() if i.state in ("pending", "running"))  # type: ignore[attr-defined]
        return sum(
            vcpus(instance.instance_type)
            for instance in running
            if self.quotas.of_instance(instance.instance_type, instance.lifecycle or "on-demand") == quota
        )


def vcpus(instance_type: str) -> int:
    """Return the vCPUs of an instance type."""
    return int(INSTANCE_TYPES.get(instance_type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 1))
