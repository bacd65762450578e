"""Instances: launched, looked at, ended."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from harness.aws.answers import absence, filters, pages, specification, tag_filters, tags_of
from harness.aws.errors import code_of, is_passing
from harness.aws.images import find_image
from harness.aws.kinds import RUN_TAG, Kind, Rank
from harness.aws.session import Aws
from harness.facts.instances import GroupRef, Instance
from harness.ledger import Entry
from harness.waiting import until

ABSENT = "InvalidInstanceID"
NO_ROOM = ("InsufficientInstanceCapacity", "InsufficientFreeAddressesInSubnet", "Unsupported")
ZONES = 6
"""Availability zones that are tried at most; no region has more."""
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
    minutes: int,
    market: Mapping[str, Any] | None = None,
) -> tuple[str, str | None]:
    """Launch one instance in the default VPC; returns its id and that of its spot request, where it has one.

    ``token`` makes it one: a second call with the same token launches nothing. ``market`` are the options of spot.
    Zones are tried one after another until one has the capacity; where none has, the last one's error is raised. After
    ``minutes`` the instance shuts itself down, which terminates it, whatever has become of whoever launched it.
    """
    kinds = ["instance", "volume", "network-interface", *(["spot-instances-request"] if market else [])]
    asked = {
        "ImageId": image,
        "InstanceType": instance_type,
        "KeyName": key_name,
        "MinCount": 1,
        "MaxCount": 1,
        "TagSpecifications": [specification(kind, tags) for kind in kinds],
        "InstanceInitiatedShutdownBehavior": "terminate",
        "UserData": f"#!/bin/sh\nshutdown -P +{minutes}\n",
        **({"InstanceMarketOptions": market} if market else {}),
    }
    interface: dict[str, Any] = {"DeviceIndex": 0, "AssociatePublicIpAddress": public, "Groups": list(groups)}
    for number, place in enumerate(_places(aws, instance_type)):
        # A token stands for one request: each zone's has its own.
        asked |= {"NetworkInterfaces": [{**interface, **place.interface}], "ClientToken": _token(token, number)}
        try:
            instance = aws.client("ec2").run_instances(**asked)["Instances"][0]
        except ClientError as error:
            if code_of(error) not in NO_ROOM or place.is_last:
                raise
        else:
            return instance["InstanceId"], instance.get("SpotInstanceRequestId")
    raise AssertionError("there is always a last place")


def _token(token: str, number: int) -> str:
    return f"{token}-{number}" if number else token


@dataclass(frozen=True)
class _Place:
    interface: Mapping[str, str]
    is_last: bool


def _places(aws: Aws, instance_type: str) -> Iterator[_Place]:
    """Yield where to launch: first where EC2 chooses, then each default subnet of a zone that offers the type."""
    yield _Place({}, is_last=False)
    subnets = pages(aws, "ec2", "describe_subnets", "Subnets", Filters=filters(default_for_az="true"))
    offers = pages(
        aws, "ec2", "describe_instance_type_offerings", "InstanceTypeOfferings",
        LocationType="availability-zone", Filters=filters(instance_type=instance_type),
    )  # fmt: skip
    zones = {offer["Location"] for offer in offers}
    offering = sorted((s["AvailabilityZone"], s["SubnetId"]) for s in subnets if s["AvailabilityZone"] in zones)
    offering = offering[:ZONES]
    for number, (_, subnet) in enumerate(offering, 1):
        yield _Place({"SubnetId": subnet}, is_last=number == len(offering))


def find_instance(aws: Aws, id: str) -> Instance | None:
    """Return an instance with its image, or ``None`` where EC2 does not know it (any more)."""
    found = _named(aws, id)
    return _instance(aws, found[0]) if found else None


def find_instances(aws: Aws, wanted: list[dict[str, Any]]) -> tuple[Instance, ...]:
    """Return the instances that EC2's filters select."""
    return tuple(_instance(aws, instance) for instance in _described(aws, wanted))


def find_others(aws: Aws, newest: int) -> tuple[Instance, ...]:
    """Return the newest so many instances of the region that no run of this suite launched."""
    found = [instance for instance in _described(aws, []) if RUN_TAG not in tags_of(instance)]
    found.sort(key=lambda instance: instance["LaunchTime"], reverse=True)
    return tuple(_instance(aws, instance) for instance in found[:newest])


def find_state(aws: Aws, id: str) -> str:
    """Return an instance's state, or ``unknown`` where EC2 does not know it."""
    found = _named(aws, id)
    return str(found[0]["State"]["Name"]) if found else "unknown"


def until_running(aws: Aws, id: str) -> Instance:
    """Wait until an instance runs or never will, and return it as it then is."""
    awaited = f"instance {id} runs"
    patience = aws.cloud.patience
    until(
        awaited,
        lambda: _look(aws, id),
        timeout=patience.instance,
        every=patience.poll,
        # EC2 may take a moment to know an instance that it has just launched.
        is_done=lambda state: state not in ("pending", "unknown", "not told"),
    )
    found = find_instance(aws, id)
    assert found is not None, f"instance {id} vanished"
    return found


def _look(aws: Aws, id: str) -> str:
    """Return an instance's state; AWS's passing trouble is no state, and no reason to give up."""
    try:
        return find_state(aws, id)
    except Exception as error:
        if not is_passing(error):
            raise
        return "not told"


def put_into(aws: Aws, id: str, group: str) -> None:
    """Put an instance into a security group, besides those that it is in."""
    own = [ref["GroupId"] for instance in _named(aws, id) for ref in instance["SecurityGroups"]]
    aws.client("ec2").modify_instance_attribute(InstanceId=id, Groups=[*own, group])


def terminate(aws: Aws, id: str) -> None:
    """Ask for an instance's termination; one that EC2 does not know is no error."""
    with absence(ABSENT):
        aws.client("ec2").terminate_instances(InstanceIds=[id])


def until_terminated(aws: Aws, id: str) -> Instance | None:
    """Wait until an instance is terminated; returns it as it then is, ``None`` where EC2 has forgotten it."""
    patience = aws.cloud.patience
    until(
        f"instance {id} is terminated",
        lambda: _look(aws, id),
        timeout=patience.instance,
        every=patience.poll,
        is_done=lambda state: state in ("terminated", "unknown"),
    )
    return find_instance(aws, id)


def _named(aws: Aws, id: str) -> list[Any]:
    """Return an instance by its id, not by a filter: only so EC2 tells one that it does not know yet."""
    with absence(ABSENT):
        return _described(aws, InstanceIds=[id])
    return []


def _described(aws: Aws, wanted: list[dict[str, Any]] | None = None, **named: Any) -> list[Any]:
    selected = {"Filters": wanted} if wanted else {}
    reservations = pages(aws, "ec2", "describe_instances", "Reservations", **selected, **named)
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
    listed = [(0, group) for group in instance.get("SecurityGroups", [])]
    for interface in instance.get("NetworkInterfaces", []):
        number = interface.get("Attachment", {}).get("DeviceIndex", 0)
        listed += [(number, group) for group in interface.get("Groups", [])]
    return tuple(dict.fromkeys(GroupRef(group["GroupId"], group["GroupName"], number) for number, group in listed))


def _ended(reason: str) -> str | None:
    """Return the time in a sentence such as ``User initiated (2026-11-23 15:00:00 GMT)``, ISO 8601."""
    match = ENDED.search(reason)
    return match["at"].replace(" ", "T") + "+00:00" if match else None


def _instance_of(aws: Aws, entry: Entry) -> tuple[str, ...]:
    tokens = [_token(entry.find["token"], number) for number in range(ZONES + 1)]
    wanted = [{"Name": "client-token", "Values": tokens}]
    run = {"Name": "tag-value", "Values": [entry.find["run"]]}
    return tuple(instance["InstanceId"] for instance in _described(aws, [*wanted, run]))


def _is_gone(aws: Aws, id: str) -> bool:
    return find_state(aws, id) in ("terminated", "unknown")


def _tagged(aws: Aws, tags: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(i["InstanceId"] for i in _described(aws, tag_filters(tags)) if i["State"]["Name"] != "terminated")


KINDS = (Kind("instance", Rank.INSTANCE, _instance_of, terminate, _is_gone, tagged=_tagged),)
