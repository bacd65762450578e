"""S3: buckets, objects, and what must be looked at to say that they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from harness.aws.answers import absence
from harness.aws.session import Aws

ABSENT = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})
BATCH = 1000
"""Keys per DeleteObjects call, S3's limit."""


@dataclass(frozen=True)
class Location:
    """A bucket and a key, or the beginning of keys."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Read ``s3://bucket/key``; raises ``ValueError`` for anything else."""
        parts = urlsplit(uri)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError(f"{uri!r} is not an S3 URI")
        # A key may hold "?" and "#": all that follows the bucket is the key.
        return cls(parts.netloc, uri.partition(parts.netloc)[2].removeprefix("/"))

    @property
    def uri(self) -> str:
        """Return the location as one writes it."""
        return f"s3://{self.bucket}/{self.key}"


def is_absent(error: ClientError) -> bool:
    """Say whether an error means that the bucket or object does not exist."""
    return error.response.get("Error", {}).get("Code") in ABSENT


def create_bucket(aws: Aws, name: str, tags: dict[str, str]) -> None:
    """Create a bucket in the region and tag it."""
    where = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    with absence("BucketAlreadyOwnedByYou"):  # an answer was lost: the name is the run's own
        aws.client("s3").create_bucket(Bucket=name, **where)
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    aws.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})


def has_bucket(aws: Aws, name: str) -> bool:
    """Look for a bucket of the caller's."""
    try:
        aws.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        if is_absent(error):
            return False
        raise
    return True


def keys(aws: Aws, place: Location) -> Iterator[tuple[str, int]]:
    """Yield key and size (bytes) of every object whose key begins with the location's; none of an absent bucket."""
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
    try:
        for page in pages:
            for found in page.get("Contents", []):
                yield found["Key"], found["Size"]
    except ClientError as error:
        if not is_absent(error):
            raise


def size(aws: Aws, place: Location) -> int | None:
    """Return an object's size in bytes, or ``None`` where there is no such object."""
    try:
        length: int = aws.client("s3").head_object(Bucket=place.bucket, Key=place.key)["ContentLength"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return length


def read(aws: Aws, place: Location, limit: int) -> bytes | None:
    """Return an object's first ``limit`` bytes, or ``None`` where there is no such object."""
    try:
        answer = aws.client("s3").get_object(Bucket=place.bucket, Key=place.key)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    with answer["Body"] as body:
        content: bytes = body.read(limit)
    return content


def delete_objects(aws: Aws, place: Location) -> None:
    """Delete every object whose key begins with the location's: all versions, and unfinished uploads."""
    doomed = list(_versions(aws, place))
    for start in range(0, len(doomed), BATCH):
        _delete(aws, place.bucket, doomed[start : start + BATCH])
    for upload in _uploads(aws, place):
        aws.client("s3").abort_multipart_upload(Bucket=place.bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _delete(aws: Aws, bucket: str, objects: list[dict[str, str]]) -> None:
    answer = aws.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    for refusal in answer.get("Errors", []):
        raise ClientError({"Error": {"Code": refusal["Code"], "Message": refusal["Message"]}}, "DeleteObjects")


def _versions(aws: Aws, place: Location) -> Iterator[dict[str, str]]:
    for page in _pages(aws, "list_object_versions", place):
        for found in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            yield {"Key": found["Key"], "VersionId": found["VersionId"]}


def _uploads(aws: Aws, place: Location) -> list[dict[str, str]]:
    return [upload for page in _pages(aws, "list_multipart_uploads", place) for upload in page.get("Uploads", [])]


def _pages(aws: Aws, operation: str, place: Location) -> Iterator[dict[str, Any]]:
    try:
        yield from aws.client("s3").get_paginator(operation).paginate(Bucket=place.bucket, Prefix=place.key)
    except ClientError as error:
        if not is_absent(error):
            raise


def delete_bucket(aws: Aws, name: str) -> None:
    """Empty a bucket and delete it; an absent one is no error."""
    delete_objects(aws, Location(name, ""))
    try:
        aws.client("s3").delete_bucket(Bucket=name)
    except ClientError as error:
        if not is_absent(error):
            raise


def has_objects(aws: Aws, place: Location) -> bool:
    """Look for any object, old version or unfinished upload whose key begins with the location's."""
    return any(True for _ in _versions(aws, place)) or bool(_uploads(aws, place))
