"""The offline cloud as a whole: one per process, on a port of its own, and gone without a trace."""

from __future__ import annotations

import socket
import threading

import pytest
from botocore.exceptions import EndpointConnectionError

from harness.cloud import OFFLINE
from harness.errors import UsageError
from harness.offline.call import AwsError, Reply
from harness.offline.cloud import OfflineCloud
from tests.offline.support import Caller, Ec2, RecordingHosts, code_of


@pytest.fixture
def started(tmp_path):
    """Return a way to start clouds that are stopped at the end of the test."""
    clouds = []

    def start(**given):
        offline = OfflineCloud(tmp_path, hosts=RecordingHosts(), settle=0.02, **given)
        clouds.append(offline)
        offline.start()
        return offline, Caller(offline.cloud.endpoint_url, offline.cloud.owner, given.get("region", "us-east-1"))

    yield start
    for offline in clouds:
        offline.stop()


def test_start_says_all_that_the_suite_must_know(started) -> None:
    offline, root = started(region="eu-west-1")
    cloud = offline.cloud
    assert (cloud.name, cloud.hosts, cloud.region, cloud.patience) == ("moto", "embedded", "eu-west-1", OFFLINE)
    assert cloud.endpoint_url.startswith("http://127.0.0.1:")
    assert root("sts").get_caller_identity()["Account"] == cloud.account


def test_a_second_cloud_in_the_process_is_refused(started, tmp_path) -> None:
    started()
    with pytest.raises(UsageError, match="running in this process already"):
        OfflineCloud(tmp_path, hosts=RecordingHosts()).start()


def test_a_port_in_use_is_one_sentence_and_leaves_nothing_running(tmp_path, started) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"^Port {port} cannot be taken \(Address already in use\)"):
            OfflineCloud(tmp_path, hosts=RecordingHosts(), port=port).start()
    started()


def test_an_unknown_kind_of_hosts_is_refused(tmp_path) -> None:
    with pytest.raises(UsageError, match="'wooden'"):
        OfflineCloud(tmp_path, kind="wooden").start()


@pytest.mark.parametrize("region", ["mars-1", "ü", ""])
def test_a_region_that_aws_does_not_have_is_refused(tmp_path, region) -> None:
    with pytest.raises(UsageError, match=f"^'{region}' is not a region of AWS; name one"):
        OfflineCloud(tmp_path, hosts=RecordingHosts(), region=region).start()


def test_stopping_ends_threads_connections_and_hosts(tmp_path) -> None:
    hosts, before = RecordingHosts(), set(threading.enumerate())
    with OfflineCloud(tmp_path, hosts=hosts, settle=0.02) as offline:
        client = Caller(offline.cloud.endpoint_url, offline.cloud.owner)("sts")
        client.get_caller_identity()
    assert hosts.told[-1] == ("close",)
    assert {thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("offline")} == set()
    with pytest.raises(EndpointConnectionError):
        client.get_caller_identity()


def test_a_new_cloud_knows_nothing_of_the_last(started) -> None:
    offline, root = started()
    root("iam").create_user(UserName="left-behind")
    group = Ec2(root("ec2")).group()
    offline.stop()
    _, later = started()
    assert later("iam").list_users()["Users"] == []
    assert code_of(lambda: later("ec2").describe_security_groups(GroupIds=[group])) == "InvalidGroup.NotFound"


def test_the_callers_configuration_is_not_read(started, monkeypatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    offline, _ = started()
    assert offline.backend("ec2", "ap-south-1").region_name == "ap-south-1"


def test_an_operation_can_be_answered_by_a_handler(started) -> None:
    offline, root = started()
    offline.routes.intercept("kms", "ListKeys", lambda call: {"Keys": [{"KeyId": call.region}], "Truncated": False})
    offline.routes.intercept(
        "s3", lambda call: call.path == "/raw/bytes", lambda call: Reply(200, [], b"\xff\x00" + call.body)
    )
    assert root("kms").list_keys()["Keys"][0]["KeyId"] == "us-east-1"
    assert root("s3").get_object(Bucket="raw", Key="bytes")["Body"].read() == b"\xff\x00"


def test_a_layer_can_refuse_in_the_words_of_the_service(started) -> None:
    offline, root = started()

    def closed(call, forward):
        raise AwsError("Unavailable", "closed & <shut>", 409)

    offline.inner.append(closed)
    for service, method in (
        ("ec2", "describe_vpcs"),
        ("iam", "list_users"),
        ("s3", "list_buckets"),
        ("sagemaker", "list_models"),
    ):
        assert code_of(getattr(root(service), method)) == "Unavailable"


def test_what_moto_lacks_is_said_and_not_retried(started) -> None:
    _, root = started()
    assert code_of(lambda: root("ec2").describe_spot_datafeed_subscription()) == "NotImplemented"


def test_s3_works_by_path_and_by_virtual_host(started) -> None:
    _, root = started()
    s3 = root("s3")
    s3.create_bucket(Bucket="some.bucket")
    s3.put_object(Bucket="some.bucket", Key="a b/ü+c%2F", Body=b"x" * 100_000, Metadata={"my_key": "v"})
    found = s3.get_object(Bucket="some.bucket", Key="a b/ü+c%2F")
    assert (found["Body"].read(), found["Metadata"]) == (b"x" * 100_000, {"my_key": "v"})
    assert s3.head_object(Bucket="some.bucket", Key="a b/ü+c%2F")["ContentLength"] == 100_000


def test_a_fault_of_ours_is_an_internal_failure_and_not_a_hang(started, caplog) -> None:
    offline, root = started()
    offline.routes.intercept("iam", "ListUsers", lambda call: 1 / 0)
    assert code_of(root("iam").list_users) == "InternalFailure"
    assert "iam ListUsers failed" in caplog.text
