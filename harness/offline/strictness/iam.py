"""IAM: what still has contents cannot be deleted; and AWS's managed policies are there."""

from __future__ import annotations

import functools
import json
import re
import string
from collections.abc import Collection
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import DeleteConflictException, IAMException, MalformedPolicyDocument
from moto.iam.models import AWSManagedPolicy, IAMBackend

_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_SHORTEST, _FEWEST_KINDS = 8, 3
_KINDS_OF_SIGNS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)
"""AWS's own password policy: three kinds of four ("Set an account password policy for IAM users", IAM user guide)."""


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

    def create_user(self, region_name: str, user_name: str, *given: Any, **named: Any) -> Any:
        _check_name("userName", user_name, self.users)
        return super().create_user(region_name, user_name, *given, **named)

    def create_group(self, group_name: str, *given: Any, **named: Any) -> Any:
        _check_name("groupName", group_name, self.groups)
        return super().create_group(group_name, *given, **named)

    def create_role(self, role_name: str, assume_role_policy_document: str, *given: Any, **named: Any) -> Any:
        _check_trust(assume_role_policy_document)
        return super().create_role(role_name, assume_role_policy_document, *given, **named)

    def create_login_profile(self, user_name: str, password: str) -> Any:
        kinds = sum(any(sign in signs for sign in password) for signs in _KINDS_OF_SIGNS)
        if len(password) < _SHORTEST or kinds < _FEWEST_KINDS:
            raise IAMException("PasswordPolicyViolation", "Password does not conform to the account password policy.")
        return super().create_login_profile(user_name, password)

    def delete_policy(self, policy_arn: str) -> None:
        if self.get_policy(policy_arn).attachment_count:
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        super().delete_policy(policy_arn)

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


def _check_trust(document: str) -> None:
    """Check that a trust policy is JSON and says who may assume the role; moto keeps any text, and fails later."""
    try:
        statements = json.loads(document).get("Statement")
    except (ValueError, RecursionError, AttributeError):
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or "Principal" not in statement:
            raise MalformedPolicyDocument("Missing required field Principal")


def _check_name(parameter: str, name: str, there: Collection[str]) -> None:
    """Check a name's characters and length; names that differ by case only are one name for IAM."""
    if not _NAME.fullmatch(name):
        raise IAMException(
            "ValidationError", f"The specified value for {parameter} is invalid. It must contain only alphanumeric "
            "characters and/or the following: +=,.@_-",
        )  # fmt: skip
    if any(name != other and name.lower() == other.lower() for other in there):
        raise IAMException("EntityAlreadyExists", f"An entity with name {name} already exists.")


@functools.cache
def _aws_policies() -> dict[str, Any]:
    """Return AWS's own policies; reading all 1,582 takes a seventh of a second, once per process."""
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies


def _refuse_if_any(contents: dict[str, Any]) -> None:
    for remedy, found in contents.items():
        if found:
            raise DeleteConflictException(f"Cannot delete entity, must {remedy} first.")
