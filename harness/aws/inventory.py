"""What there is in a region that costs money, of the kinds that the homework knows."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.aws.answers import absence, pages, tags_of
from harness.aws.kinds import RUN_TAG
from harness.aws.session import Aws
from harness.facts.final import Inventory, Thing


def take_inventory(aws: Aws) -> Inventory:
    """List all instances of the region, and all else in it that costs money; some seconds on AWS."""
    with ThreadPoolExecutor(max_workers=len(LISTS) + 1) as pool:
        instances = pool.submit(_instances, aws)
        billed = pool.map(lambda find: find(aws), LISTS)
        return Inventory(aws.region, tuple(instances.result()), tuple(thing for things in billed for thing in things))


def _thing(kind: str, item: Any, id: str, state: str | None, created: str) -> Thing:
    seen = str(item.get(state, "")) if state else ""
    return Thing(kind, item[id], seen, tags_of(item).get(RUN_TAG), _time(item.get(created)))


def _time(given: Any) -> str | None:
    """Return a time as ISO 8601, UTC; EC2 gives that of an image as text."""
    if isinstance(given, str):
        given = datetime.datetime.fromisoformat(given)
    return given.astimezone(datetime.UTC).isoformat() if given else None


def _instances(aws: Aws) -> list[Thing]:
    found = pages(aws, "ec2", "describe_instances", "Reservations")
    return [
        Thing("instance", i["InstanceId"], i["State"]["Name"], tags_of(i).get(RUN_TAG), _time(i["LaunchTime"]))
        for reservation in found
        for i in reservation["Instances"]
    ]


def _volumes(aws: Aws) -> list[Thing]:
    found = pages(aws, "ec2", "describe_volumes", "Volumes")
    return [_thing("volume", v, "VolumeId", "State", "CreateTime") for v in found]


def _snapshots(aws: Aws) -> list[Thing]:
    found = pages(aws, "ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"])
    return [_thing("snapshot", snapshot, "SnapshotId", "State", "StartTime") for snapshot in found]


def _addresses(aws: Aws) -> list[Thing]:
    found = pages(aws, "ec2", "describe_addresses", "Addresses")
    return [Thing("address", a.get("AllocationId") or a["PublicIp"], "", tags_of(a).get(RUN_TAG)) for a in found]


def _images(aws: Aws) -> list[Thing]:
    found = pages(aws, "ec2", "describe_images", "Images", Owners=["self"])
    return [_thing("image", image, "ImageId", "State", "CreationDate") for image in found]


def _notebooks(aws: Aws) -> list[Thing]:
    found = pages(aws, "sagemaker", "list_notebook_instances", "NotebookInstances")
    return [
        _thing("notebook instance", n, "NotebookInstanceName", "NotebookInstanceStatus", "CreationTime") for n in found
    ]


def _endpoints(aws: Aws) -> list[Thing]:
    found = pages(aws, "sagemaker", "list_endpoints", "Endpoints")
    return [_thing("endpoint", endpoint, "EndpointName", "EndpointStatus", "CreationTime") for endpoint in found]


def _buckets(aws: Aws) -> list[Thing]:
    """List the buckets of this region; a bucket's region is asked for where the list does not tell."""
    found = pages(aws, "s3", "list_buckets", "Buckets")
    return [
        _thing("bucket", bucket, "Name", None, "CreationDate")
        for bucket in found
        if _region_of(aws, bucket) == aws.region
    ]


def _region_of(aws: Aws, bucket: Any) -> str:
    if "BucketRegion" in bucket:
        return str(bucket["BucketRegion"])
    with absence("NoSuchBucket"):
        return aws.client("s3").get_bucket_location(Bucket=bucket["Name"])["LocationConstraint"] or "us-east-1"
    return ""


LISTS: tuple[Callable[[Aws], list[Thing]], ...] = (
    _volumes, _snapshots, _addresses, _images, _notebooks, _endpoints, _buckets,
)  # fmt: skip
