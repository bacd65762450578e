"""IAM: what still has contents cannot be deleted; and AWS's managed policies are there."""

from __future__ import annotations

import functools
import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import DeleteConflictException
from moto.iam.models import AWSManagedPolicy, IAMBackend


class StrictIam(IAMBackend):
    """Refuses with DeleteConflict, in the order in which AWS finds the contents."""

    def _init_aws_policies(self) -> list[Any]:
        if self.region_name != "aws":  # moto makes a backend for every partition; one account lives in one
            return []
        return [
            AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            for name, data in _aws_policies().items()
        ]

    @property
    def _url_module(self) -> Any:
        import moto.iam.urls

        return moto.iam.urls

    def delete_user(self, user_name: str) -> None:
        user = self.get_user(user_name)
        contents = {
            "remove users from group": self.get_groups_for_user(user_name), "delete policies": user.policies,
            "detach all policies": user.managed_policies, "delete access keys": user.access_keys,
            "delete login profile": user.password, "delete SSH public keys": user.ssh_public_keys,
            "delete signing certificates": user.signing_certificates, "delete MFA device": user.mfa_devices,
        }  # fmt: skip
        _refuse_if_any(contents)
        super().delete_user(user_name)

    def delete_group(self, group_name: str) -> None:
        group = self.get_group(group_name)
        contents = {
            "remove users from group": group.users, "detach all policies": group.managed_policies,
            "delete policies": group.policies,
        }  # fmt: skip
        _refuse_if_any(contents)
        super().delete_group(group_name)


@functools.cache
def _aws_policies() -> dict[str, Any]:
    """Return AWS's own policies; reading all 1,582 takes a seventh of a second, once per process."""
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies


def _refuse_if_any(contents: dict[str, Any]) -> None:
    for remedy, found in contents.items():
        if found:
            raise DeleteConflictException(f"Cannot delete entity, must {remedy} first.")
