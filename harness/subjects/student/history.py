"""Instances that EC2 has forgotten, an hour after their end, as CloudTrail's event history has them."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

from harness.aws import images, trail
from harness.aws.kinds import RUN_TAG
from harness.aws.session import Aws
from harness.facts.final import End, Event
from harness.facts.instances import GroupRef, Instance


def find_launched(aws: Aws) -> dict[str, Instance]:
    """Return by id the instances that were launched in the last 90 days, each as if it had ended since.

    Those of runs of this suite are left out. ``ended`` is the time of the first call that terminated it, if any did.
    """
    records = trail.find_records(aws, "RunInstances")
    ends = trail.find_records(aws, "TerminateInstances")
    ended = {id: record.event.time for record in reversed(ends) for id in record.event.resources}
    return {
        id: replace(_instance(aws, record, id), ended=ended.get(id))
        for record in records
        if RUN_TAG not in json.dumps(record.request)
        for id in record.values("instanceId")
    }


def completed(instance: Instance, launched: Instance | None) -> Instance:
    """Return an ended instance with the groups of its launch, which EC2 leaves out in the hour that it lists it.

    Of its end CloudTrail tells the time where EC2 does not.
    """
    if launched is None:
        return instance
    return replace(instance, groups=instance.groups or launched.groups, ended=instance.ended or launched.ended)


def _instance(aws: Aws, record: trail.Record, id: str) -> Instance:
    return Instance(
        id=id,
        type=record.value("instanceType") or "",
        state="terminated",
        image=images.find_image(aws, record.value("imageId") or "ami-unknown"),
        key_name=record.value("keyName"),
        vpc=record.value("vpcId"),
        subnet=record.value("subnetId"),
        groups=_groups(record),
        private_ip=record.value("privateIpAddress"),
        private_dns=None,
        public_ip=None,
        public_dns=None,
        lifecycle="spot" if "spot" in record.values("instanceLifecycle") + record.values("marketType") else "on-demand",
        spot_request=record.value("spotInstanceRequestId"),
        volumes=(),
        launched=record.event.time,
        region=aws.region,
    )


def _groups(record: trail.Record) -> tuple[GroupRef, ...]:
    """Return the groups that were named with their names, as EC2's answer has them."""
    return tuple(
        GroupRef(id, name) for id, name in zip(record.values("groupId"), record.values("groupName"), strict=False)
    )


def find_end(aws: Aws, instance: Instance) -> End:
    """Return how an instance ended: by EC2's word and, with the time of the call, by CloudTrail's."""
    events = trail.find_events(aws, instance.id, "TerminateInstances")
    at = events[0].time if events else instance.ended
    return End(instance.id, instance.state, at, events)


def was_stopped(aws: Aws, instance: str, at: str) -> bool:
    """Say whether an instance had been stopped, and not started again, before a moment (ISO 8601)."""
    events = trail.find_events(aws, instance, "StopInstances", "StartInstances")
    before = [event.name for event in events if when(event.time) < when(at)]
    return before[-1:] == ["StopInstances"]


def find_attached(aws: Aws, instance: str) -> tuple[str, ...]:
    """Return the volumes that were attached to an instance after its launch."""
    records = trail.find_records(aws, "AttachVolume")
    return tuple(
        id for record in records if instance in record.values("instanceId") for id in record.values("volumeId")
    )


def ended_by(instance: Instance, events: tuple[Event, ...]) -> str:
    """Return who ended an instance and when, in words."""
    if not events:
        return f"{instance.id} is {instance.state}" + (f" since {instance.ended}" if instance.ended else "")
    return f"{instance.id} was terminated by {events[0].caller} at {events[0].time}"


def when(text: str) -> datetime.datetime:
    """Read an ISO 8601 time."""
    return datetime.datetime.fromisoformat(text)


def renamed(instance: Instance, why: str) -> Instance:
    """Return an instance with another reason why it was taken."""
    return replace(instance, why=why)
