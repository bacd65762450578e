"""Changes to instances: groups must be of the instance's network, and some things change while it is stopped only."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.exceptions import EC2ClientError

_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_WHILE_STOPPED = ("instance_type", "kernel", "ramdisk", "user_data", "ebs_optimized")


class StrictChanges:
    """Checks a change as EC2 does before anything is changed: moto keeps a group that is not there as ``None``."""

    def modify_instance_security_groups(self, instance_id: str, new_group_id_list: list[str]) -> Any:
        instance = self.get_instance(instance_id)
        if not new_group_id_list:
            raise EC2ClientError("InvalidParameterCombination", "No attributes specified.")
        for id in new_group_id_list:
            group = self.get_security_group_from_id(id)  # type: ignore[attr-defined]
            if group is None:
                raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{id}' does not exist")
            if group.vpc_id != instance.vpc_id:
                raise EC2ClientError(
                    "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
                )
        return super().modify_instance_security_groups(instance_id, new_group_id_list)  # type: ignore[misc]

    def modify_instance_attribute(self, instance_id: str, key: str, value: Any) -> Any:
        if key in _WHILE_STOPPED and self.get_instance(instance_id).state != "stopped":
            raise EC2ClientError(
                "IncorrectInstanceState", f"The instance '{instance_id}' is not in the 'stopped' state."
            )
        return super().modify_instance_attribute(instance_id, key, value)  # type: ignore[misc]

    def get_instance(self, instance_id: str) -> Any:
        _check_id(instance_id)
        return super().get_instance(instance_id)  # type: ignore[misc]

    def get_multi_instances_by_id(self, instance_ids: list[str], filters: Any = None) -> Any:
        for id in instance_ids:
            _check_id(id)
        return super().get_multi_instances_by_id(instance_ids, filters)  # type: ignore[misc]


def _check_id(id: str) -> None:
    if not _ID.fullmatch(id):
        raise EC2ClientError("InvalidInstanceID.Malformed", f'Invalid id: "{id}"')
