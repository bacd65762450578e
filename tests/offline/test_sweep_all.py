"""``python -m harness sweep --all`` finds every run's leftovers, spares those going on, and touches nothing else."""

from __future__ import annotations

import datetime
from unittest import mock

import pytest

from harness.__main__ import main
from harness.aws import budgets, groups, s3, sagemaker
from harness.aws.instances import find_state
from harness.aws.keys import create_key_pair
from harness.aws.session import Aws
from harness.cloud import Credentials
from harness.offline.cloud import OfflineCloud
from harness.runrecord import write_record
from tests.offline.support import HOMEWORK_IMAGE, RecordingHosts

NOW = datetime.datetime.now(datetime.UTC)
LATER, EARLIER = NOW + datetime.timedelta(hours=1), NOW - datetime.timedelta(hours=1)


@pytest.fixture
def offline(tmp_path):
    """Serve an account to each test, as what is spared stays in it."""
    with OfflineCloud(tmp_path / "cloud", hosts=RecordingHosts(), settle=0.02) as offline:
        yield offline


@pytest.fixture
def account(offline, tmp_path, monkeypatch):
    """Work as root in a directory of its own, and end everything that is left afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCEPTANCE_PATIENCE", "offline")
    with acting_as(offline, offline.cloud.owner):
        yield Aws(offline.cloud, offline.cloud.owner)


def acting_as(offline, credentials: Credentials):
    return mock.patch.dict(
        "os.environ",
        {
            "AWS_ENDPOINT_URL": offline.cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_DEFAULT_REGION": offline.cloud.region,
        },
    )


def make_things(aws: Aws, run: str, *, owner: str = "", expires: datetime.datetime | None = None) -> str:
    """Make one thing of most kinds, as a run does; returns the instance's id."""
    tags = {"acceptance-run": run}
    tags |= {"acceptance-owner": owner} if owner else {}
    tags |= {"acceptance-expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ")} if expires else {}
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = groups.create_group(aws, f"PublicSG-{run}", "for a test", vpc, tags)
    create_key_pair(aws, f"acceptance-{run}", tags)
    budgets.create_budget(aws, f"acceptance-{run}", 10, "budget@example.com")
    role = sagemaker.create_execution_role(aws, f"acceptance-{run}-sagemaker", tags)
    s3.create_bucket(aws, f"sagemaker-{run}", tags)
    aws.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=f"kmeans-{run}", InstanceType="ml.t3.medium", RoleArn=role, Tags=sagemaker.tag_list(tags)
    )
    tagged = [{"ResourceType": kind, "Tags": sagemaker.tag_list(tags)} for kind in ("instance", "volume")]
    launched = ec2.run_instances(
        ImageId=HOMEWORK_IMAGE, InstanceType="t2.micro", MinCount=1, MaxCount=1, SecurityGroupIds=[group],
        TagSpecifications=tagged,
    )  # fmt: skip
    return str(launched["Instances"][0]["InstanceId"])


def inventory(aws: Aws) -> dict[str, list[str]]:
    """Return the names and ids of everything of these kinds that is there."""
    ec2, client = aws.client("ec2"), aws.client("sagemaker")
    instances = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    return {
        "instances": sorted(i["InstanceId"] for i in instances if i["State"]["Name"] != "terminated"),
        "groups": sorted(group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]),
        "keys": sorted(pair["KeyName"] for pair in ec2.describe_key_pairs()["KeyPairs"]),
        "budgets": sorted(watch.name for watch in budgets.find_budgets(aws)),
        "roles": sorted(role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]),
        "buckets": sorted(bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]),
        "notebooks": sorted(
            n["NotebookInstanceName"] for n in client.list_notebook_instances()["NotebookInstances"]
        ),
    }  # fmt: skip


def sweep(capsys, *arguments: str) -> tuple[int, str]:
    code = main(["sweep", "--all", *arguments])
    return code, capsys.readouterr().out


def test_every_run_is_swept_and_bystanders_are_not(account, capsys) -> None:
    account.client("s3").create_bucket(Bucket="sagemaker-of-somebody")
    account.client("ec2").create_key_pair(KeyName="acceptance")
    before = inventory(account)
    ids = [make_things(account, "k3f9qz"), make_things(account, "w8x2mn", owner="arn:x", expires=EARLIER)]
    during = inventory(account)
    code, shown = sweep(capsys, "--dry-run")
    assert code == 1
    assert inventory(account) == during
    for id in (*ids, "acceptance-k3f9qz", "acceptance-w8x2mn-sagemaker", "kmeans-k3f9qz", "sagemaker-w8x2mn"):
        assert f"{id} in us-east-1: would be removed" in shown
    code, said = sweep(capsys)
    assert (code, inventory(account)) == (0, before), said
    assert [find_state(account, id) for id in ids] == ["terminated"] * 2
    assert f"run k3f9qz: instance {ids[0]}: gone" in said
    assert sweep(capsys) == (0, "account 123456789012, region us-east-1\n")


def test_what_may_be_going_on_is_spared(account, tmp_path, capsys) -> None:
    make_things(account, "aaaaaa", owner="arn:aws:iam::1:user/ben", expires=LATER)
    spared = inventory(account)
    (tmp_path / ".runs" / "bbbbbb").mkdir(parents=True)
    write_record(tmp_path / ".runs" / "bbbbbb", run_id="bbbbbb", aws="real", account="1", region="us-east-1")
    make_things(account, "bbbbbb")
    all_spared = inventory(account)
    code, said = sweep(capsys)
    assert (code, inventory(account)) == (1, all_spared)
    assert "run aaaaaa of arn:aws:iam::1:user/ben" in said
    assert "spared, it is somebody else's and may be going on" in said
    assert "run bbbbbb: spared, it is going on" in said
    (tmp_path / ".runs" / "bbbbbb" / "run.json").unlink()
    assert sweep(capsys)[0] == 1
    assert inventory(account) == spared


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--region", "mars-north-1"], "'mars-north-1' is not a region of AWS"),
        (["--run-dir", "somewhere"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_swept_is_a_sentence(account, capsys, arguments, sentence) -> None:
    try:
        code = main(["sweep", "--all", *arguments])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert sentence in capsys.readouterr().err
