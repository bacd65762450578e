"""Instances: launched, looked at, ended."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.aws.answers import absence, filters, pages, specification, tag_filters
from harness.aws.images import find_image
from harness.aws.kinds import Kind, Rank
from harness.aws.session import Aws
from harness.facts.instances import GroupRef, Instance
from harness.ledger import Entry
from harness.waiting import until

ABSENT = "InvalidInstanceID"
ENDED = re.compile(r"\((?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")


def launch(
    aws: Aws,
    *,
    image: str,
    instance_type: str,
    key_name: str,
    groups: Iterable[str],
    public: bool,
    token: str,
    tags: Mapping[str, str],
    market: Mapping[str, Any] | None = None,
) -> tuple[str, str | None]:
    """Launch one instance in the default VPC; returns its id and that of its spot request, where it has one.

    ``token`` makes it one: a second call with the same token launches nothing. ``market`` are the options of spot.
    """
    kinds = ["instance", "volume", "network-interface", *(["spot-instances-request"] if market else [])]
    interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": public, "Groups": list(groups)}
    answer = aws.client("ec2").run_instances(
        ImageId=image,
        InstanceType=instance_type,
        KeyName=key_name,
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[interface],
        ClientToken=token,
        TagSpecifications=[specification(kind, tags) for kind in kinds],
        **({"InstanceMarketOptions": market} if market else {}),
    )
    instance = answer["Instances"][0]
    return instance["InstanceId"], instance.get("SpotInstanceRequestId")


def find_instance(aws: Aws, id: str) -> Instance | None:
    """Return an instance with its image, or ``None`` where EC2 does not know it (any more)."""
    found = _described(aws, filters(instance_id=id))
    return _instance(aws, found[0]) if found else None


def find_instances(aws: Aws, wanted: list[dict[str, Any]]) -> tuple[Instance, ...]:
    """Return the instances that EC2's filters select."""
    return tuple(_instance(aws, instance) for instance in _described(aws, wanted))


def find_state(aws: Aws, id: str) -> str:
    """Return an instance's state, or ``unknown`` where EC2 does not know it."""
    found = _described(aws, filters(instance_id=id))
    return str(found[0]["State"]["Name"]) if found else "unknown"


def until_running(aws: Aws, id: str) -> Instance:
    """Wait until an instance runs or never will, and return it as it then is."""
    awaited = f"instance {id} runs"
    patience = aws.cloud.patience
    until(
        awaited,
        lambda: find_state(aws, id),
        timeout=patience.instance,
        every=patience.poll,
        # EC2 may take a moment to know an instance that it has just launched.
        is_done=lambda state: state not in ("pending", "unknown"),
    )
    found = find_instance(aws, id)
    assert found is not None, f"instance {id} vanished"
    return found


def terminate(aws: Aws, id: str) -> None:
    """Ask for an instance's termination; one that EC2 does not know is no error."""
    with absence(ABSENT):
        aws.client("ec2").terminate_instances(InstanceIds=[id])


def until_terminated(aws: Aws, id: str) -> Instance | None:
    """Wait until an instance is terminated; returns it as it then is, ``None`` where EC2 has forgotten it."""
    patience = aws.cloud.patience
    until(
        f"instance {id} is terminated",
        lambda: find_state(aws, id),
        timeout=patience.instance,
        every=patience.poll,
        is_done=lambda state: state in ("terminated", "unknown"),
    )
    return find_instance(aws, id)


def _described(aws: Aws, wanted: list[dict[str, Any]]) -> list[Any]:
    reservations = pages(aws, "ec2", "describe_instances", "Reservations", Filters=wanted)
    return [instance for reservation in reservations for instance in reservation["Instances"]]


def _instance(aws: Aws, instance: Any) -> Instance:
    return Instance(
        id=instance["InstanceId"],
        type=instance["InstanceType"],
        state=instance["State"]["Name"],
        image=find_image(aws, instance["ImageId"]),
        key_name=instance.get("KeyName"),
        vpc=instance.get("VpcId"),
        subnet=instance.get("SubnetId"),
        groups=_groups(instance),
        private_ip=instance.get("PrivateIpAddress") or None,
        private_dns=instance.get("PrivateDnsName") or None,
        public_ip=instance.get("PublicIpAddress") or None,
        public_dns=instance.get("PublicDnsName") or None,
        lifecycle=instance.get("InstanceLifecycle") or "on-demand",
        spot_request=instance.get("SpotInstanceRequestId") or None,
        volumes=tuple(m["Ebs"]["VolumeId"] for m in instance.get("BlockDeviceMappings", []) if "Ebs" in m),
        launched=instance["LaunchTime"].astimezone(datetime.UTC).isoformat(),
        region=aws.region,
        ended=_ended(instance.get("StateTransitionReason") or ""),
    )


def _groups(instance: Any) -> tuple[GroupRef, ...]:
    """Return the groups of all network interfaces; an instance's own list has only the first one's."""
    listed = [*instance.get("SecurityGroups", [])]
    for interface in instance.get("NetworkInterfaces", []):
        listed += interface.get("Groups", [])
    return tuple(dict.fromkeys(GroupRef(group["GroupId"], group["GroupName"]) for group in listed))


def _ended(reason: str) -> str | None:
    """Return the time in a sentence such as ``User initiated (2026-11-23 15:00:00 GMT)``, ISO 8601."""
    match = ENDED.search(reason)
    return match["at"].replace(" ", "T") + "+00:00" if match else None


def _instance_of(aws: Aws, entry: Entry) -> tuple[str, ...]:
    wanted = filters(client_token=entry.find["token"])
    run = {"Name": "tag-value", "Values": [entry.find["run"]]}
    return tuple(instance["InstanceId"] for instance in _described(aws, [*wanted, run]))


def _is_gone(aws: Aws, id: str) -> bool:
    return find_state(aws, id) in ("terminated", "unknown")


def _tagged(aws: Aws, tags: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(i["InstanceId"] for i in _described(aws, tag_filters(tags)) if i["State"]["Name"] != "terminated")


KINDS = (Kind("instance", Rank.INSTANCE, _instance_of, terminate, _is_gone, tagged=_tagged),)
