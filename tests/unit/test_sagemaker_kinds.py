"""Sweeping what SageMaker, S3 and the example's role leave, in whatever state it is."""

from __future__ import annotations

import pytest

from harness.aws import notebooks, s3, sagemaker, sagemaker_kinds
from harness.aws.sagemaker_kinds import KINDS
from harness.aws.session import Aws
from harness.errors import CloudTrouble
from harness.ledger import Entry, Ledger
from harness.offline.cloud import OfflineCloud
from harness.sweep import sweep
from tests.offline.support import RecordingHosts

TAGS = {"acceptance-run": "kinds"}


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    with OfflineCloud(tmp_path_factory.mktemp("cloud"), hosts=RecordingHosts()) as offline:
        yield offline


@pytest.fixture(scope="module")
def aws(offline):
    return Aws(offline.cloud, offline.cloud.owner)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture(scope="module")
def role(aws):
    return sagemaker.create_execution_role(aws, "kinds", TAGS)


def swept(aws, ledger, **given):
    return sweep(lambda _: aws, ledger, **given)


def by_name(name):
    return next(kind for kind in KINDS if kind.name == name)


def test_a_notebook_instance_is_stopped_and_deleted_however_young(aws, ledger, role):
    with ledger.creating(sagemaker_kinds.NOTEBOOK, aws.region, name="young") as creation:
        notebooks.create(aws, "young", "ml.t3.medium", role, TAGS)
        creation.id = "young"
    assert swept(aws, ledger) == []
    assert notebooks.describe(aws, "young") is None


def test_an_intent_whose_answer_never_came_is_found_by_its_name(aws, ledger, role):
    with ledger.creating(sagemaker_kinds.NOTEBOOK, aws.region, name="unheard"):
        notebooks.create(aws, "unheard", "ml.t3.medium", role, TAGS)
    with ledger.creating(sagemaker_kinds.BUCKET, aws.region, name="unheard-bucket"):
        s3.create_bucket(aws, "unheard-bucket", TAGS)
    with ledger.creating(sagemaker_kinds.OBJECTS, aws.region, uri="s3://unheard-bucket/a"):
        aws.client("s3").put_object(Bucket="unheard-bucket", Key="a/b", Body=b"x")
    assert swept(aws, ledger) == []
    assert notebooks.describe(aws, "unheard") is None
    assert not s3.has_bucket(aws, "unheard-bucket")


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.name != sagemaker_kinds.LOGS], ids=lambda kind: kind.name
)
def test_what_never_came_to_be_is_neither_found_nor_an_error(aws, kind):
    id = "s3://no-such-bucket/x" if kind.name == sagemaker_kinds.OBJECTS else "no-such-thing"
    assert kind.is_gone(aws, id)
    assert kind.find(aws, Entry("k", kind.name, aws.region, {"name": id, "uri": id})) == ()
    kind.prepare(aws, id)
    kind.delete(aws, id)


def test_a_bucket_goes_with_its_versions_and_unfinished_uploads(aws, ledger):
    client = aws.client("s3")
    with ledger.creating(sagemaker_kinds.BUCKET, aws.region, name="versions") as creation:
        s3.create_bucket(aws, "versions", TAGS)
        creation.id = "versions"
    client.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        client.put_object(Bucket="versions", Key="k", Body=body)
    client.delete_object(Bucket="versions", Key="k")
    client.create_multipart_upload(Bucket="versions", Key="half")
    assert s3.has_objects(aws, s3.Location("versions", "k"))
    assert s3.has_objects(aws, s3.Location("versions", "half"))
    assert swept(aws, ledger) == []
    assert not s3.has_bucket(aws, "versions")


def test_objects_go_and_their_neighbours_stay(aws):
    s3.create_bucket(aws, "shared", {})
    for key in ("mine/a", "mine/b", "theirs"):
        aws.client("s3").put_object(Bucket="shared", Key=key, Body=b"x")
    by_name(sagemaker_kinds.OBJECTS).delete(aws, "s3://shared/mine/")
    assert [key for key, _ in s3.keys(aws, s3.Location("shared", ""))] == ["theirs"]
    s3.delete_bucket(aws, "shared")


def test_a_role_goes_with_its_policies(aws, ledger):
    with ledger.creating(sagemaker_kinds.ROLE, aws.region, name="short-lived") as creation:
        sagemaker.create_execution_role(aws, "short-lived", TAGS)
        creation.id = "short-lived"
    inline = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    aws.client("iam").put_role_policy(RoleName="short-lived", PolicyName="more", PolicyDocument=inline)
    assert swept(aws, ledger) == []
    assert by_name(sagemaker_kinds.ROLE).is_gone(aws, "short-lived")


def test_what_carries_the_runs_tag_is_found_without_the_ledger(aws, ledger, role):
    tags = {"acceptance-run": "strays"}
    notebooks.create(aws, "stray", "ml.t3.medium", role, tags)
    notebooks.create(aws, "not-ours", "ml.t3.medium", role, {"acceptance-run": "another"})
    s3.create_bucket(aws, "stray-bucket", tags)
    assert swept(aws, ledger, tags=tags, regions=(aws.region,)) == []
    assert notebooks.describe(aws, "stray") is None
    assert not s3.has_bucket(aws, "stray-bucket")
    assert notebooks.describe(aws, "not-ours") is not None


def test_log_streams_of_a_job_go_and_others_stay(aws, ledger):
    logs, group = aws.client("logs"), "/aws/sagemaker/TrainingJobs"
    logs.create_log_group(logGroupName=group)
    for stream in ("mine/algo-1", "mine/algo-2", "theirs/algo-1"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    ledger.found(sagemaker_kinds.LOGS, aws.region, f"{group}|mine/")
    assert swept(aws, ledger) == []
    left = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert [stream["logStreamName"] for stream in left] == ["theirs/algo-1"]


def test_a_log_group_goes_and_one_with_a_longer_name_stays(aws, ledger):
    logs = aws.client("logs")
    for name in ("/aws/sagemaker/Endpoints/a", "/aws/sagemaker/Endpoints/ab"):
        logs.create_log_group(logGroupName=name)
    ledger.found(sagemaker_kinds.LOG_GROUP, aws.region, "/aws/sagemaker/Endpoints/a")
    assert swept(aws, ledger) == []
    assert by_name(sagemaker_kinds.LOG_GROUP).is_gone(aws, "/aws/sagemaker/Endpoints/a")
    assert not by_name(sagemaker_kinds.LOG_GROUP).is_gone(aws, "/aws/sagemaker/Endpoints/ab")


# Waiting.


def settled(*descriptions):
    said = iter(descriptions)
    sagemaker.until_settled("endpoint e", lambda: next(said), "S", frozenset({"InService"}), timeout=5, every=0)


def test_waiting_ends_with_the_state_awaited_with_failure_or_when_the_thing_has_vanished():
    settled({"S": "Creating"}, {"S": "InService"})
    settled({"S": "Creating"}, {"S": "Failed", "FailureReason": "ClientError: no model"})
    settled({"S": "Creating"}, None)


@pytest.mark.parametrize(
    "reason", ["CapacityError: none left", "InsufficientInstanceCapacity", "ResourceLimitExceeded: 0"]
)
def test_a_failure_for_want_of_machines_is_the_clouds(reason):
    with pytest.raises(CloudTrouble, match=f"endpoint e: {reason}"):
        settled({"S": "Failed", "FailureReason": reason})
