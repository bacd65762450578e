"""Launching goes from zone to zone until one has the capacity, and instances end themselves."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from harness.aws import groups, instances, vpc
from harness.aws.session import Aws
from harness.ledger import Entry
from tests.offline.support import HOMEWORK_IMAGE


@pytest.fixture(scope="module")
def aws(offline):
    return Aws(offline.cloud, offline.cloud.owner)


@pytest.fixture(scope="module")
def group(aws):
    return groups.create_group(aws, "zones", "for a test", vpc.find_default_vpc(aws).id, {"a": "b"})


def launch(aws, group: str, token: str) -> str:
    id, _ = instances.launch(
        aws, image=HOMEWORK_IMAGE, instance_type="t2.micro", key_name=_key(aws), groups=[group], public=True,
        token=token, tags={"acceptance-run": "k3f9qz"}, minutes=90,
    )  # fmt: skip
    return id


def _key(aws) -> str:
    from harness.aws import keys

    keys.create_key_pair(aws, "zones", {"acceptance-run": "k3f9qz"})
    return "zones"


def test_next_zone_is_tried_and_the_sweep_finds_it_by_the_token(offline, aws, group, monkeypatch):
    monkeypatch.setattr(offline.weather, "has_capacity", lambda _type, zone: zone.endswith("d"))
    id = launch(aws, group, "k3f9qz-bastion")
    raw = aws.client("ec2").describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
    assert raw["Placement"]["AvailabilityZone"] == "us-east-1d"
    intent = Entry("k", "instance", "us-east-1", {"token": "k3f9qz-bastion", "run": "k3f9qz"})
    assert instances.KINDS[0].find(aws, intent) == (id,)


def test_region_without_capacity_says_so(offline, aws, group, monkeypatch):
    monkeypatch.setattr(offline.weather, "has_capacity", lambda _type, _zone: False)
    with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
        launch(aws, group, "k3f9qz-private")


def test_instance_is_told_to_end_itself(aws, hosts, group):
    id = launch(aws, group, "k3f9qz-timer")
    instances.until_running(aws, id)
    assert hosts.specs[id].user_data == "#!/bin/sh\nshutdown -P +90\n"
    told = aws.client("ec2").describe_instance_attribute(InstanceId=id, Attribute="instanceInitiatedShutdownBehavior")
    assert told["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate"
