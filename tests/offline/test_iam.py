"""IAM: what still has contents cannot be deleted, and what would be decided can be asked."""

from __future__ import annotations

import json

import pytest

from tests.offline.support import code_of

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def iam(root):
    return root("iam")


@pytest.fixture
def name(request, iam):
    """Make a user and a group of the test's own name."""
    name = request.node.name.replace("[", "-").replace("]", "")[:60]
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    return name


USER_CONTENTS = {
    "group": (
        lambda iam, name: iam.add_user_to_group(GroupName=name, UserName=name),
        lambda iam, name, _: iam.remove_user_from_group(GroupName=name, UserName=name),
    ),
    "policy": (
        lambda iam, name: iam.attach_user_policy(UserName=name, PolicyArn=READ_ONLY),
        lambda iam, name, _: iam.detach_user_policy(UserName=name, PolicyArn=READ_ONLY),
    ),
    "inline": (
        lambda iam, name: iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=NOTHING),
        lambda iam, name, _: iam.delete_user_policy(UserName=name, PolicyName="p"),
    ),
    "key": (
        lambda iam, name: iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"],
        lambda iam, name, key: iam.delete_access_key(UserName=name, AccessKeyId=key),
    ),
    "login": (
        lambda iam, name: iam.create_login_profile(UserName=name, Password="Correct-horse-1"),
        lambda iam, name, _: iam.delete_login_profile(UserName=name),
    ),
}


@pytest.mark.parametrize("content", sorted(USER_CONTENTS))
def test_a_user_with_contents_stays(iam, name, content) -> None:
    fill, empty = USER_CONTENTS[content]
    made = fill(iam, name)
    assert code_of(lambda: iam.delete_user(UserName=name)) == "DeleteConflict"
    empty(iam, name, made)
    iam.delete_user(UserName=name)
    assert code_of(lambda: iam.get_user(UserName=name)) == "NoSuchEntity"


def test_a_group_with_contents_stays(iam, name) -> None:
    iam.add_user_to_group(GroupName=name, UserName=name)
    assert code_of(lambda: iam.delete_group(GroupName=name)) == "DeleteConflict"
    iam.remove_user_from_group(GroupName=name, UserName=name)
    iam.attach_group_policy(GroupName=name, PolicyArn=READ_ONLY)
    assert code_of(lambda: iam.delete_group(GroupName=name)) == "DeleteConflict"
    iam.detach_group_policy(GroupName=name, PolicyArn=READ_ONLY)
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=NOTHING)
    assert code_of(lambda: iam.delete_group(GroupName=name)) == "DeleteConflict"
    iam.delete_group_policy(GroupName=name, PolicyName="p")
    iam.delete_group(GroupName=name)


def test_a_user_has_two_keys_at_most(iam, name) -> None:
    for _ in range(2):
        iam.create_access_key(UserName=name)
    assert code_of(lambda: iam.create_access_key(UserName=name)) == "LimitExceeded"


def decisions(iam, arn, *actions, **given):
    results = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions), **given)[
        "EvaluationResults"
    ]
    return {result["EvalActionName"]: result["EvalDecision"] for result in results}


def test_simulation_says_what_a_call_would_be_told(iam, name) -> None:
    arn = iam.get_user(UserName=name)["User"]["Arn"]
    assert decisions(iam, arn, "ec2:RunInstances") == {"ec2:RunInstances": "implicitDeny"}
    iam.attach_group_policy(GroupName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.add_user_to_group(GroupName=name, UserName=name)
    assert decisions(iam, arn, "ec2:RunInstances", "s3:ListBucket") == {
        "ec2:RunInstances": "allowed",
        "s3:ListBucket": "allowed",
    }
    assert decisions(iam, arn, "ec2:RunInstances", PolicyInputList=[NOTHING]) == {"ec2:RunInstances": "explicitDeny"}
    group = iam.get_group(GroupName=name)["Group"]["Arn"]
    assert decisions(iam, group, "iam:CreateUser") == {"iam:CreateUser": "allowed"}
    assert code_of(lambda: decisions(iam, arn + "-not", "ec2:RunInstances")) == "NoSuchEntity"


def test_simulation_of_policies_given_along(iam) -> None:
    allow = {"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}}
    results = iam.simulate_custom_policy(
        PolicyInputList=[json.dumps(allow)], ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::b/ann/x", "arn:aws:s3:::b/bob/x"],
        ContextEntries=[{"ContextKeyName": "aws:username", "ContextKeyValues": ["ann"], "ContextKeyType": "string"}],
    )["EvaluationResults"]  # fmt: skip
    assert [result["EvalDecision"] for result in results] == ["allowed", "implicitDeny"]


def test_a_name_is_one_for_iam_however_it_is_written(iam, name) -> None:
    assert code_of(lambda: iam.create_user(UserName=name.upper())) == "EntityAlreadyExists"
    assert code_of(lambda: iam.create_group(GroupName=name.upper())) == "EntityAlreadyExists"
    assert code_of(lambda: iam.create_user(UserName="ann lee")) == "ValidationError"


@pytest.mark.parametrize("password", ["aA1!", "onlyletters", "12345678"], ids=["short", "letters", "digits"])
def test_a_weak_password_is_refused(iam, name, password) -> None:
    refused = code_of(lambda: iam.create_login_profile(UserName=name, Password=password))
    assert refused == "PasswordPolicyViolation"


def test_a_policy_of_aws_or_in_use_cannot_be_deleted(iam, name) -> None:
    assert code_of(lambda: iam.delete_policy(PolicyArn=READ_ONLY)) == "AccessDenied"
    arn = iam.create_policy(PolicyName=name, PolicyDocument=NOTHING)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=name, PolicyArn=arn)
    assert code_of(lambda: iam.delete_policy(PolicyArn=arn)) == "DeleteConflict"
    iam.detach_group_policy(GroupName=name, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


@pytest.mark.parametrize(
    "document", ['{"Version": "2012-10-17" "Statement": []}', NOTHING], ids=["no JSON", "nobody who may assume it"]
)
def test_a_trust_policy_that_is_none_is_refused(iam, document):
    refused = code_of(lambda: iam.create_role(RoleName="nobodys", AssumeRolePolicyDocument=document))
    assert refused == "MalformedPolicyDocument"
