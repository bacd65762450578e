"""Spot: prices and requests."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from harness.aws.answers import absence, pages, tag_filters
from harness.aws.kinds import Kind, Rank
from harness.aws.session import Aws
from harness.facts.spot import Price, Request
from harness.ledger import Entry

ABSENT = "InvalidSpotInstanceRequestID"
PRODUCT = "Linux/UNIX"


def find_prices(aws: Aws, instance_type: str, at: datetime.datetime) -> tuple[Price, ...]:
    """Return each zone's spot price of a Linux instance that is in force at a moment.

    EC2 answers a start time of now with the price in force, which was set some time ago
    ("DescribeSpotPriceHistory", EC2 API reference).
    """
    history = pages(
        aws, "ec2", "describe_spot_price_history", "SpotPriceHistory",
        InstanceTypes=[instance_type], ProductDescriptions=[PRODUCT], StartTime=at,
    )  # fmt: skip
    newest: dict[str, Any] = {}
    for price in sorted(history, key=lambda price: price["Timestamp"]):
        newest[price["AvailabilityZone"]] = price
    return tuple(
        Price(zone, str(price["SpotPrice"]), price["Timestamp"].astimezone(datetime.UTC).isoformat())
        for zone, price in sorted(newest.items())
    )


def find_request(aws: Aws, id: str) -> Request | None:
    """Return a spot request, or ``None`` where EC2 does not know it (any more)."""
    found = _described(aws, SpotInstanceRequestIds=[id])
    return _request(found[0]) if found else None


def find_request_of(aws: Aws, instance: str) -> Request | None:
    """Return the request behind a spot instance that does not name it itself."""
    found = _described(aws, Filters=[{"Name": "instance-id", "Values": [instance]}])
    return _request(found[0]) if found else None


def _described(aws: Aws, **wanted: Any) -> list[Any]:
    with absence(ABSENT):
        return pages(aws, "ec2", "describe_spot_instance_requests", "SpotInstanceRequests", **wanted)
    return []


def _request(request: Any) -> Request:
    return Request(
        id=request["SpotInstanceRequestId"],
        state=request["State"],
        type=request.get("Type", ""),
        status=request.get("Status", {}).get("Code", ""),
        max_price=str(request.get("SpotPrice", "")),
        instance=request.get("InstanceId"),
    )


def cancel_request(aws: Aws, id: str) -> None:
    """Cancel a spot request, so that EC2 launches nothing for it any more; its instance runs on."""
    with absence(ABSENT):
        aws.client("ec2").cancel_spot_instance_requests(SpotInstanceRequestIds=[id])


def _none(_aws: Aws, _entry: Entry) -> tuple[str, ...]:
    """Find nothing: a request comes to be with its instance and is written down with its id."""
    return ()


def _is_gone(aws: Aws, id: str) -> bool:
    request = find_request(aws, id)
    return request is None or request.is_over


def _tagged(aws: Aws, tags: Mapping[str, str]) -> tuple[str, ...]:
    requests = map(_request, _described(aws, Filters=tag_filters(tags)))
    return tuple(request.id for request in requests if not request.is_over)


KINDS = (Kind("spot-request", Rank.SPOT_REQUEST, _none, cancel_request, _is_gone, tagged=_tagged),)
