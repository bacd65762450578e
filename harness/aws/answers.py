"""Reading AWS's answers: pages, tags, filters, absent things."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import botocore.exceptions

from harness.aws.errors import code_of
from harness.aws.session import Aws
from harness.errors import TimedOut
from harness.waiting import until


def pages(aws: Aws, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
    """Return what is listed under ``key`` on all pages of an answer."""
    client = aws.client(service)
    if not client.can_paginate(operation):
        return list(getattr(client, operation)(**arguments)[key])
    found = client.get_paginator(operation).paginate(**arguments)
    return [item for page in found for item in page.get(key, [])]


@contextlib.contextmanager
def absence(*codes: str) -> Iterator[None]:
    """Pass over the answer that a thing is not there: an error with one of ``codes``, or one whose code begins so."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        if not code_of(error).startswith(codes):
            raise


def until_listed(aws: Aws, what: str, find: Callable[[], list[Any]]) -> list[Any]:
    """Return what is listed of something that is there, as AWS says, but may be too young to be listed yet."""
    patience = aws.cloud.patience
    with contextlib.suppress(TimedOut):
        return until(f"{what} is listed", find, timeout=patience.unseen, every=patience.poll)
    return []


def filters(**wanted: str) -> list[dict[str, Any]]:
    """Return EC2 filters; underscores of the names become dashes."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in wanted.items()]


def tag_filters(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return EC2 filters for things that carry every one of the tags."""
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def specification(kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the tag specification of one kind of EC2 resource."""
    return {"ResourceType": kind, "Tags": as_tags(tags)}


def tags_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that an answer shows on a thing."""
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or []}
