"""Several accounts in one cloud: separate, and entered from one another by roles alone."""

from __future__ import annotations

import json

import boto3
import pytest

from harness.commands.accounts import ROLE, furnish
from harness.offline.cloud import OfflineCloud
from harness.workstation import configure
from tests.offline.support import Caller, Ec2, RecordingHosts, code_of

FIRST, ALICE, BOB = "123456789012", "111111111111", "222222222222"


@pytest.fixture(scope="module")
def hosts():
    return RecordingHosts()


@pytest.fixture(scope="module")
def offline(tmp_path_factory, hosts):
    with OfflineCloud(tmp_path_factory.mktemp("cloud"), hosts=hosts, settle=0.02, others=(ALICE, BOB)) as offline:
        yield offline


@pytest.fixture(scope="module")
def root(offline):
    """Return root of an account."""
    return lambda account: Caller(offline.cloud.endpoint_url, offline.owners[account])


@pytest.fixture(scope="module")
def profiles(offline, tmp_path_factory):
    """Return the credentials file after the accounts were furnished."""
    path = configure(tmp_path_factory.mktemp("aws"), offline.region, offline.owner)
    furnish(offline, path)
    return path


@pytest.fixture
def grader(request, root):
    """Make a user of the first account that may assume any role and nothing else."""
    iam, name = root(FIRST)("iam"), request.node.name[:60]
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(statement))
    return root(FIRST).by(iam.create_access_key(UserName=name)["AccessKey"])


def document(statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(root, account: str, name: str, principal: str, policy: str = "ReadOnlyAccess", **condition) -> str:
    """Make a role that trusts somebody; returns its ARN."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **condition}
    iam = root(account)("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(statement))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return arn


def assume(caller: Caller, arn: str, **given) -> Caller:
    return caller.by(caller("sts").assume_role(RoleArn=arn, RoleSessionName="grading", **given)["Credentials"])


@pytest.mark.parametrize("account", [FIRST, ALICE, BOB])
def test_a_root_is_of_its_own_account(root, account) -> None:
    told = root(account)("sts").get_caller_identity()
    assert (told["Account"], told["Arn"]) == (account, f"arn:aws:iam::{account}:root")


def test_what_one_makes_the_other_does_not_see(root) -> None:
    for account in (ALICE, BOB):
        root(account)("iam").create_user(UserName="of-" + account)
        root(account)("ec2").create_key_pair(KeyName="same name")
        group = Ec2(root(account)("ec2")).group()
        assert (
            root(account)("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["OwnerId"] == account
        )
    for account, other in ((ALICE, BOB), (BOB, ALICE)):
        assert "of-" + other not in [user["UserName"] for user in root(account)("iam").list_users()["Users"]]
        assert len(root(account)("ec2").describe_key_pairs(KeyNames=["same name"])["KeyPairs"]) == 1
    assert code_of(lambda: root(ALICE)("ec2").describe_security_groups(GroupIds=[group])) == "InvalidGroup.NotFound"


def test_instances_boot_and_are_counted_in_their_own_account(root, hosts) -> None:
    ids = [Ec2(root(account)("ec2")).running()["InstanceId"] for account in (ALICE, BOB)]
    assert [hosts.of(id) for id in ids] == [["boot"], ["boot"]]
    networks = {hosts.specs[id].network for id in ids}
    assert len(networks - {""}) == 2
    assert code_of(lambda: root(ALICE)("ec2").terminate_instances(InstanceIds=ids[1:])) == "InvalidInstanceID.NotFound"
    seen = root(FIRST)("ec2").describe_instances()["Reservations"]
    assert not {instance["InstanceId"] for one in seen for instance in one["Instances"]} & set(ids)
    assert "of" in root(BOB)("ec2").get_console_output(InstanceId=ids[1])["Output"]


def test_quotas_and_histories_are_apart(root) -> None:
    wanted = {"ServiceCode": "ec2", "QuotaCode": "L-417A185B"}
    asked = root(ALICE)("service-quotas").request_service_quota_increase(**wanted, DesiredValue=8)["RequestedQuota"]
    assert json.loads(asked["Requester"])["accountId"] == ALICE
    history = "list_requested_service_quota_change_history_by_quota"
    assert not getattr(root(BOB)("service-quotas"), history)(**wanted)["RequestedQuotas"]
    root(BOB)("service-quotas").request_service_quota_increase(**wanted, DesiredValue=8)
    events = [root(account)("cloudtrail").lookup_events()["Events"] for account in (ALICE, BOB)]
    records = [{json.loads(event["CloudTrailEvent"])["recipientAccountId"] for event in found} for found in events]
    assert records == [{ALICE}, {BOB}]


def test_a_bucket_opens_to_another_account_only_by_its_policy(root) -> None:
    ours, theirs = root(ALICE)("s3"), root(BOB)("s3")
    ours.create_bucket(Bucket="of-alice")
    ours.put_object(Bucket="of-alice", Key="k", Body=b"hers")
    assert code_of(lambda: theirs.get_object(Bucket="of-alice", Key="k")) == "AccessDenied"
    assert code_of(lambda: theirs.delete_object(Bucket="of-alice", Key="k")) == "AccessDenied"
    allowed = {"Effect": "Allow", "Principal": {"AWS": BOB}, "Action": "s3:GetObject", "Resource": "*"}
    ours.put_bucket_policy(Bucket="of-alice", Policy=document(allowed))
    assert theirs.get_object(Bucket="of-alice", Key="k")["Body"].read() == b"hers"
    assert code_of(lambda: theirs.delete_object(Bucket="of-alice", Key="k")) == "AccessDenied"


def test_a_role_of_another_account_acts_there_with_its_own_rights(root, grader) -> None:
    arn = make_role(root, ALICE, "grading", f"arn:aws:iam::{FIRST}:root")
    visitor = assume(grader, arn)
    told = visitor("sts").get_caller_identity()
    assert (told["Account"], told["Arn"]) == (ALICE, f"arn:aws:sts::{ALICE}:assumed-role/grading/grading")
    names = [pair["KeyName"] for pair in visitor("ec2").describe_key_pairs()["KeyPairs"]]
    assert names == [pair["KeyName"] for pair in root(ALICE)("ec2").describe_key_pairs()["KeyPairs"]]
    assert code_of(lambda: visitor("ec2").create_key_pair(KeyName="not hers")) == "UnauthorizedOperation"
    assert code_of(grader("ec2").describe_key_pairs) == "UnauthorizedOperation"


def test_a_role_trusts_whom_it_names_and_nobody_else(root, grader) -> None:
    arn = make_role(root, BOB, "for-alice", f"arn:aws:iam::{ALICE}:root")
    assert code_of(lambda: assume(grader, arn)) == "AccessDenied"
    assert code_of(lambda: assume(grader, f"arn:aws:iam::{BOB}:role/nobody")) == "AccessDenied"
    assert code_of(lambda: assume(grader, "arn:aws:iam::999999999999:role/nobody")) == "AccessDenied"


def test_a_user_whose_policies_do_not_allow_it_assumes_nothing(root) -> None:
    arn = make_role(root, ALICE, "open", FIRST)
    root(FIRST)("iam").create_user(UserName="unprivileged")
    user = root(FIRST).by(root(FIRST)("iam").create_access_key(UserName="unprivileged")["AccessKey"])
    assert code_of(lambda: assume(user, arn)) == "AccessDenied"


def test_an_external_id_is_asked_for(root, grader) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "course-7"}}
    arn = make_role(root, ALICE, "with-id", FIRST, Condition=condition)
    assert code_of(lambda: assume(grader, arn)) == "AccessDenied"
    assert assume(grader, arn, ExternalId="course-7")("ec2").describe_vpcs()["Vpcs"]


def test_a_session_policy_narrows_the_role(root, grader) -> None:
    arn = make_role(root, ALICE, "narrowed", FIRST)
    only = document({"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"})
    visitor = assume(grader, arn, Policy=only)
    assert visitor("ec2").describe_vpcs()["Vpcs"]
    assert code_of(visitor("ec2").describe_key_pairs) == "UnauthorizedOperation"


def test_a_role_may_be_named_as_the_one_who_is_trusted(root, grader) -> None:
    """Roles are chained, over accounts as well."""
    first = make_role(root, ALICE, "stepping-stone", FIRST, policy="AdministratorAccess")
    second = make_role(root, BOB, "beyond", first)
    assert assume(assume(grader, first), second)("sts").get_caller_identity()["Account"] == BOB
    assert code_of(lambda: assume(grader, second)) == "AccessDenied"


def test_no_client_says_by_a_header_which_account_it_is_in(root) -> None:
    client = Caller(root(ALICE).url, root(ALICE).credentials)("iam")
    client.meta.events.register(
        "before-sign.iam", lambda request, **_: request.headers.add_header("x-moto-account-id", BOB)
    )
    root(BOB)("iam").create_user(UserName="only-of-bob")
    assert "only-of-bob" not in [user["UserName"] for user in client.list_users()["Users"]]


def test_accounts_come_with_an_administrator_and_a_role(root, profiles, grader, monkeypatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles.with_name("config")))
    profile = boto3.Session(profile_name=ALICE).get_credentials()
    hers = root(ALICE).by({"AccessKeyId": profile.access_key, "SecretAccessKey": profile.secret_key})
    assert hers("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ALICE}:user/homework"
    manager = assume(grader, f"arn:aws:iam::{BOB}:role/{ROLE}")
    assert "homework" in [user["UserName"] for user in manager("iam").list_users()["Users"]]
