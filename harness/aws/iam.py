"""IAM: users with their groups, policies and keys."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from harness.aws.answers import absence, as_tags, pages, tags_of
from harness.aws.kinds import Kind, Rank
from harness.aws.session import Aws
from harness.cloud import Credentials
from harness.facts.account import AccessKey, User, UserGroup
from harness.ledger import Entry

ABSENT = "NoSuchEntity"


def find_user(aws: Aws, name: str) -> User | None:
    """Return a user with keys, groups and policies, or ``None`` where there is none of that name."""
    with absence(ABSENT):
        user = aws.client("iam").get_user(UserName=name)["User"]
        keys = pages(aws, "iam", "list_access_keys", "AccessKeyMetadata", UserName=name)
        groups = pages(aws, "iam", "list_groups_for_user", "Groups", UserName=name)
        return User(
            name=name,
            arn=user["Arn"],
            has_console_access=_has_login_profile(aws, name),
            keys=tuple(AccessKey(_masked(key["AccessKeyId"]), key["Status"] == "Active") for key in keys),
            groups=tuple(_group(aws, group["GroupName"]) for group in groups),
            policies=_arns(pages(aws, "iam", "list_attached_user_policies", "AttachedPolicies", UserName=name)),
        )
    return None


def find_names(aws: Aws) -> tuple[str, ...]:
    """Return the names of the account's users."""
    return tuple(user["UserName"] for user in pages(aws, "iam", "list_users", "Users"))


def find_likely_worker(aws: Aws, policy: str) -> User | None:
    """Return the account's user that looks most like the homework's, for a caller that is a role."""
    users = [user for name in find_names(aws) if (user := find_user(aws, name))]

    def likeness(user: User) -> int:
        return sum((user.is_granted_by_a_group(policy), user.has_console_access, user.has_active_key))

    return max(users, key=likeness, default=None)


def _has_login_profile(aws: Aws, name: str) -> bool:
    with absence(ABSENT):
        return bool(aws.client("iam").get_login_profile(UserName=name))
    return False


def _group(aws: Aws, name: str) -> UserGroup:
    return UserGroup(name, _arns(pages(aws, "iam", "list_attached_group_policies", "AttachedPolicies", GroupName=name)))


def _arns(policies: list[Any]) -> tuple[str, ...]:
    return tuple(policy["PolicyArn"] for policy in policies)


def _masked(key: str) -> str:
    return f"{key[:4]}…{key[-4:]}"


def create_user(aws: Aws, name: str, tags: Mapping[str, str]) -> None:
    """Create a user that can do nothing yet."""
    aws.client("iam").create_user(UserName=name, Tags=as_tags(tags))


def create_login_profile(aws: Aws, user: str) -> None:
    """Give a user console access, with a password that nobody is told."""
    password = secrets.token_urlsafe(24) + "aA1!"
    aws.client("iam").create_login_profile(UserName=user, Password=password, PasswordResetRequired=False)


def create_role_for(aws: Aws, name: str, account: str, policy: str) -> str:
    """Create a role with one of AWS's own policies that identities of an account may assume; returns its ARN."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    iam = aws.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=_managed(aws, policy))
    return str(arn)


def create_access_key(aws: Aws, user: str) -> Credentials:
    """Give a user an access key; the secret is not to be had again."""
    key = aws.client("iam").create_access_key(UserName=user)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def create_group(aws: Aws, name: str) -> None:
    """Create a group of users; IAM groups take no tags."""
    aws.client("iam").create_group(GroupName=name)


def attach_policy(aws: Aws, group: str, policy: str) -> None:
    """Attach AWS's own policy of that name to a group."""
    aws.client("iam").attach_group_policy(GroupName=group, PolicyArn=_managed(aws, policy))


def _managed(aws: Aws, policy: str) -> str:
    return f"arn:{aws.session.get_partition_for_region(aws.region)}:iam::aws:policy/{policy}"


def add_to_group(aws: Aws, user: str, group: str) -> None:
    """Put a user into a group."""
    aws.client("iam").add_user_to_group(UserName=user, GroupName=group)


def delete_user(aws: Aws, name: str) -> None:
    """Delete a user after all that hangs on it: IAM refuses (DeleteConflict) while anything does."""
    iam = aws.client("iam")
    with absence(ABSENT):
        iam.delete_login_profile(UserName=name)
    with absence(ABSENT):
        for key in pages(aws, "iam", "list_access_keys", "AccessKeyMetadata", UserName=name):
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for group in pages(aws, "iam", "list_groups_for_user", "Groups", UserName=name):
            iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
        for policy in pages(aws, "iam", "list_attached_user_policies", "AttachedPolicies", UserName=name):
            iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
        for inline in pages(aws, "iam", "list_user_policies", "PolicyNames", UserName=name):
            iam.delete_user_policy(UserName=name, PolicyName=inline)
        iam.delete_user(UserName=name)


def delete_group(aws: Aws, name: str) -> None:
    """Delete a group after its memberships and policies."""
    iam = aws.client("iam")
    with absence(ABSENT):
        for user in iam.get_group(GroupName=name)["Users"]:
            iam.remove_user_from_group(GroupName=name, UserName=user["UserName"])
        for policy in pages(aws, "iam", "list_attached_group_policies", "AttachedPolicies", GroupName=name):
            iam.detach_group_policy(GroupName=name, PolicyArn=policy["PolicyArn"])
        for inline in pages(aws, "iam", "list_group_policies", "PolicyNames", GroupName=name):
            iam.delete_group_policy(GroupName=name, PolicyName=inline)
        iam.delete_group(GroupName=name)


def _user_of(aws: Aws, entry: Entry) -> tuple[str, ...]:
    """Return the user's name where it exists and carries the run's tag."""
    with absence(ABSENT):
        user = aws.client("iam").get_user(UserName=entry.find["name"])["User"]
        return (user["UserName"],) if entry.find["run"] in tags_of(user).values() else ()
    return ()


def _group_of(aws: Aws, entry: Entry) -> tuple[str, ...]:
    """Return the group's name where it exists; a group has no tags, so its name must carry the run's id."""
    name = entry.find["name"]
    return (name,) if entry.find["run"] in name and not _group_is_gone(aws, name) else ()


def _user_is_gone(aws: Aws, name: str) -> bool:
    with absence(ABSENT):
        return not aws.client("iam").get_user(UserName=name)
    return True


def _group_is_gone(aws: Aws, name: str) -> bool:
    with absence(ABSENT):
        return not aws.client("iam").get_group(GroupName=name)
    return True


KINDS = (
    Kind("iam-user", Rank.USER, _user_of, delete_user, _user_is_gone),
    Kind("iam-group", Rank.USER_GROUP, _group_of, delete_group, _group_is_gone),
)
