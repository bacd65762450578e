"""The preflight asks, says and stops in one sentence; nothing is created by it."""

from __future__ import annotations

import dataclasses

import pytest

from harness import catalogue
from harness.aws import asking, groups, iam, vpc
from harness.aws.errors import classify
from harness.aws.identity import find_caller
from harness.aws.session import Aws
from harness.errors import UsageError
from harness.preflight import Needs, examine

HOMEWORK = catalogue.load()
ALL = frozenset(HOMEWORK.requirements)


def entered(cloud, credentials, region="us-east-1") -> Aws:
    """Enter as the real mode does."""
    there = dataclasses.replace(cloud, region=region)
    caller = find_caller(Aws(there, credentials))
    return Aws(dataclasses.replace(there, caller=caller.arn), credentials)


@pytest.fixture(scope="module")
def owner(offline) -> Aws:
    return entered(offline.cloud, offline.cloud.owner)


def user(owner: Aws, name: str, policy: str) -> Aws:
    iam.create_user(owner, name, {})
    iam.create_group(owner, name)
    iam.attach_policy(owner, name, policy)
    iam.add_to_group(owner, name, name)
    return entered(owner.cloud, iam.create_access_key(owner, name))


@pytest.fixture(scope="module")
def admin(owner) -> Aws:
    return user(owner, "admin", "AdministratorAccess")


def examined(aws: Aws, chosen=ALL, max_cost: float | None = None) -> list[str]:
    said: list[str] = []
    examine(aws, Needs(HOMEWORK, chosen), max_cost=max_cost, say=said.append)
    return said


def stopped(aws: Aws, **given) -> str:
    with pytest.raises(UsageError) as error:
        examined(aws, **given)
    return str(error.value)


def test_everything_is_asked_and_said_and_nothing_is_changed(offline, admin):
    before = len([event for event in offline.trail.events() if not event.call.is_reading])
    said = "\n".join(examined(admin))
    assert len([event for event in offline.trail.events() if not event.call.is_reading]) == before
    assert "account 123456789012, region us-east-1, as arn:aws:iam::123456789012:user/admin" in said
    assert "on-demand vCPUs: 3 needed, 0 of 32 in use" in said
    assert "actions are allowed" in said
    assert "bastion: 0.5 h of t2.large (price list)" in said
    assert "endpoint: 0.25 h of ml.m4.xlarge (approximate, table of " in said
    assert "estimate: $0.20" in said


def test_only_what_the_chosen_tests_need_is_asked_for(admin):
    said = "\n".join(examined(admin, chosen=frozenset({"quota.gpu-vcpus"})))
    assert "estimate: $0.00" in said
    assert "vCPUs" not in said


def test_root_is_stopped(owner):
    assert "nobody should work as root" in stopped(owner)


def test_region_without_the_types_is_stopped(offline, admin):
    abroad = Aws(dataclasses.replace(admin.cloud, region="eu-north-1"), _credentials(admin))
    assert stopped(abroad).startswith("region eu-north-1 offers no t2.large or t2.micro; choose another region")


def _credentials(aws: Aws):
    from harness.cloud import Credentials

    keys = aws.session.get_credentials().get_frozen_credentials()
    return Credentials(keys.access_key, keys.secret_key)


def test_dearer_than_allowed_is_stopped_and_the_dearest_item_named(admin):
    assert stopped(admin, max_cost=0.01).startswith(
        "the run is estimated at $0.20, more than --max-cost 0.01; the dearest"
    )
    assert "--max-cost $0.30" in "\n".join(examined(admin, max_cost=0.3))


def test_missing_permissions_are_named(owner):
    reader = user(owner, "reader", "ReadOnlyAccess")
    said = stopped(reader)
    assert "user/reader is not allowed ec2:CreateKeyPair, ec2:DeleteKeyPair" in said
    assert " more; grant it" in said


def test_group_of_the_same_name_is_stopped(admin):
    inside = vpc.find_default_vpc(admin)
    id = groups.create_group(admin, "PublicSG", "in the way", inside.id, {"a": "b"})
    try:
        assert f"has a security group PublicSG already ({id})" in stopped(admin)
    finally:
        groups.delete_group(admin, id)


def test_quota_that_is_too_small_is_stopped(admin, monkeypatch):
    monkeypatch.setattr(asking, "find_quota", lambda _aws, _code: 2.0)
    assert stopped(admin).startswith("the run needs 3 on-demand vCPUs in us-east-1, where 0 of 2 are in use")


def test_machine_learning_quota_that_is_too_small_is_stopped(admin, monkeypatch):
    granted = {"ml.m4.xlarge for endpoint usage": 0.0, "ml.c4.xlarge for training job usage": 4.0}
    monkeypatch.setattr(asking, "find_ml_quotas", lambda _aws: granted)
    assert stopped(admin).startswith("the quota 'ml.m4.xlarge for endpoint usage' is 0 in us-east-1")


def test_question_that_nobody_answers_is_said_and_stops_nothing(admin, monkeypatch):
    import botocore.exceptions

    def refused(*_):
        answer = {
            "Error": {"Code": "AccessDenied", "Message": "not authorized to perform: iam:SimulatePrincipalPolicy"}
        }
        raise botocore.exceptions.ClientError(answer, "SimulatePrincipalPolicy")

    monkeypatch.setattr(asking, "find_denied", refused)
    said = "\n".join(examined(admin))
    assert "permissions: could not be asked for (the account does not grant iam:SimulatePrincipalPolicy" in said
    assert "estimate:" in said


def test_session_of_a_role_is_judged_by_the_role():
    session = "arn:aws:sts::123456789012:assumed-role/Grader/me@example.org"
    assert asking.principal_of(session) == "arn:aws:iam::123456789012:role/Grader"
    assert asking.principal_of("arn:aws:iam::123456789012:user/me") == "arn:aws:iam::123456789012:user/me"


def test_expired_credentials_are_the_callers_trouble(offline):
    import datetime

    key = offline.identities.lend(offline.cloud.owner.access_key, datetime.timedelta(seconds=-1))
    from harness.cloud import Credentials

    with pytest.raises(Exception, match="ExpiredToken") as error:
        find_caller(Aws(offline.cloud, Credentials(key.access_key, key.secret, key.token)))
    assert "AWS does not take the credentials" in str(classify(error.value))
