"""Authentication and authorisation: who signed, and what they may."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from harness.cloud import Credentials
from tests.offline.support import HOMEWORK_IMAGE, Caller, code_of

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
CALLS = {
    "ec2": lambda client: client.describe_vpcs(),
    "iam": lambda client: client.list_users(),
    "sts": lambda client: client.get_caller_identity(),
    "s3": lambda client: client.list_buckets(),
    "sagemaker": lambda client: client.list_models(),
    "cloudtrail": lambda client: client.lookup_events(),
}


@pytest.fixture(scope="module")
def iam(root):
    return root("iam")


@pytest.fixture
def user(request, root, iam):
    """Make a user of the test's own and return a function that gives a policy to it, and its clients."""
    name = request.node.name.replace("[", ".").replace("]", "")[:60]
    iam.create_user(UserName=name)
    caller = root.by(iam.create_access_key(UserName=name)["AccessKey"])
    caller.name = name
    return caller


def allow(iam, user, *actions, effect="Allow", resource="*", condition=None) -> None:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource} | (
        {"Condition": condition} if condition else {}
    )
    iam.put_user_policy(
        UserName=user.name,
        PolicyName=f"p{effect}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("ec2", "AuthFailure"), ("iam", "InvalidClientTokenId"), ("sts", "InvalidClientTokenId"),
        ("s3", "InvalidAccessKeyId"), ("sagemaker", "UnrecognizedClientException"),
        ("cloudtrail", "UnrecognizedClientException"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_refused(root, service, code) -> None:
    stranger = Caller(root.url, Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40))
    assert code_of(lambda: CALLS[service](stranger(service))) == code


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("ec2", "AuthFailure"), ("iam", "SignatureDoesNotMatch"), ("sts", "SignatureDoesNotMatch"),
        ("s3", "SignatureDoesNotMatch"), ("sagemaker", "InvalidSignatureException"),
    ],
)  # fmt: skip
def test_a_wrong_secret_is_refused(root, service, code) -> None:
    forger = Caller(root.url, Credentials(root.credentials.access_key, "not-the-secret"))
    assert code_of(lambda: CALLS[service](forger(service))) == code


@pytest.mark.parametrize("service", sorted(CALLS))
def test_roots_signature_is_right_for_every_protocol(root, service) -> None:
    assert CALLS[service](root(service))["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_an_unsigned_call_is_refused(root) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{root.url}/?Action=ListUsers&Version=2010-05-08")
    assert refused.value.code == 403
    refused.value.close()


def test_a_body_changed_on_the_way_is_refused(root) -> None:
    client = Caller(root.url, root.credentials)("s3")
    client.meta.events.register(
        "before-send.s3", lambda request, **_: request.headers.__setitem__("X-Amz-Date", "20260101T000000Z")
    )
    assert code_of(client.list_buckets) == "SignatureDoesNotMatch"


def test_presigned_urls_open_and_only_unchanged(root) -> None:
    s3 = root("s3")
    s3.create_bucket(Bucket="presigned")
    s3.put_object(Bucket="presigned", Key="a b", Body=b"hello")
    for version in ("s3v4", "s3"):
        url = root("s3", signature_version=version).generate_presigned_url(
            "get_object", Params={"Bucket": "presigned", "Key": "a b"}
        )
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"hello"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url.replace("a%20b", "other"))
        assert refused.value.code == 403
        refused.value.close()


def test_an_inactive_key_is_refused_until_it_is_active_again(root, iam) -> None:
    iam.create_user(UserName="sleeper")
    key = iam.create_access_key(UserName="sleeper")["AccessKey"]
    sleeper = root.by(key)
    iam.update_access_key(UserName="sleeper", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert code_of(sleeper("sts").get_caller_identity) == "InvalidClientTokenId"
    iam.update_access_key(UserName="sleeper", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert sleeper("sts").get_caller_identity()["Arn"].endswith("user/sleeper")


def test_the_identity_is_the_truth(root, user) -> None:
    assert root("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"
    assert user("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::123456789012:user/{user.name}"
    assert root("iam").get_user()["User"]["Arn"].endswith(":root")


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("ec2", "UnauthorizedOperation"),
        ("iam", "AccessDenied"),
        ("s3", "AccessDenied"),
        ("sagemaker", "AccessDeniedException"),
    ],
)
def test_a_user_without_policies_may_do_nothing(user, service, code) -> None:
    assert code_of(lambda: CALLS[service](user(service))) == code


def test_a_policy_on_the_group_is_enough(root, iam, user) -> None:
    iam.create_group(GroupName="administrators")
    iam.attach_group_policy(GroupName="administrators", PolicyArn=ADMINISTRATOR)
    iam.add_user_to_group(GroupName="administrators", UserName=user.name)
    assert user("iam").get_user()["User"]["UserName"] == user.name
    assert user("ec2").describe_vpcs()["Vpcs"]
    iam.remove_user_from_group(GroupName="administrators", UserName=user.name)
    assert code_of(user("ec2").describe_vpcs) == "UnauthorizedOperation"


def test_actions_match_by_wildcard_and_an_explicit_deny_wins(iam, user) -> None:
    allow(iam, user, "ec2:Describe*")
    assert user("ec2").describe_vpcs()["Vpcs"]
    assert code_of(user("ec2").create_default_vpc) == "UnauthorizedOperation"
    allow(iam, user, "ec2:DescribeVpcs", effect="Deny")
    assert code_of(user("ec2").describe_vpcs) == "UnauthorizedOperation"
    assert user("ec2").describe_subnets()["Subnets"]


def test_resources_and_conditions_narrow_a_policy(root, iam, user) -> None:
    root("s3").create_bucket(Bucket="open-one")
    root("s3").create_bucket(Bucket="closed-one")
    allow(iam, user, "s3:*", resource=["arn:aws:s3:::open-one", "arn:aws:s3:::open-one/*"])
    user("s3").put_object(Bucket="open-one", Key="k", Body=b"v")
    assert code_of(lambda: user("s3").put_object(Bucket="closed-one", Key="k", Body=b"v")) == "AccessDenied"
    allow(iam, user, "ec2:*", condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    assert user("ec2", region_name="eu-west-1").describe_vpcs()["Vpcs"]
    assert code_of(user("ec2").describe_vpcs) == "UnauthorizedOperation"


def test_a_dry_run_says_whether_the_caller_may(root, user) -> None:
    launch = {"ImageId": HOMEWORK_IMAGE, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1, "DryRun": True}
    assert code_of(lambda: root("ec2").run_instances(**launch)) == "DryRunOperation"
    assert code_of(lambda: user("ec2").run_instances(**launch)) == "UnauthorizedOperation"
    assert root("ec2").describe_instances()["Reservations"] == []


def trust(principal) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


def test_a_role_is_assumed_by_whom_it_trusts_and_its_token_works(root, iam, user) -> None:
    allow(iam, user, "sts:AssumeRole")
    arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"AWS": "arn:aws:iam::123456789012:root"}))[
        "Role"
    ]["Arn"]
    iam.attach_role_policy(RoleName="worker", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess")
    key = user("sts").assume_role(RoleArn=arn, RoleSessionName="shift")["Credentials"]
    worker = root.by(key)
    assert worker("sts").get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/worker/shift"
    assert worker("ec2").describe_vpcs()["Vpcs"]
    assert code_of(lambda: worker("ec2").create_key_pair(KeyName="k")) == "UnauthorizedOperation"
    assert code_of(root.by({**key, "SessionToken": "torn"})("sts").get_caller_identity) == "InvalidClientTokenId"


def test_a_role_that_does_not_trust_the_caller_is_refused(root, iam, user) -> None:
    allow(iam, user, "sts:AssumeRole")
    arn = iam.create_role(RoleName="aloof", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))["Role"][
        "Arn"
    ]
    assert code_of(lambda: user("sts").assume_role(RoleArn=arn, RoleSessionName="shift")) == "AccessDenied"
    assert code_of(lambda: user("sts").assume_role(RoleArn=arn + "-not", RoleSessionName="shift")) == "AccessDenied"
    assert code_of(lambda: root("sts").assume_role(RoleArn=arn, RoleSessionName="shift")) == "AccessDenied"


def test_a_session_token_speaks_for_its_user(root, user) -> None:
    session = root.by(user("sts").get_session_token()["Credentials"])
    assert session("sts").get_caller_identity()["Arn"].endswith(f"user/{user.name}")
    assert code_of(session("ec2").describe_vpcs) == "UnauthorizedOperation"
