"""EC2 DescribeSpotPriceHistory: moto knows one price of 2006."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import Any

from harness.offline import prices
from harness.offline.call import AwsError, Call
from harness.offline.layers import Result
from harness.offline.policies import matches

_PRODUCTS = ("Linux/UNIX", "Linux/UNIX (Amazon VPC)")
_PAGE = 1000
_KEPT = datetime.timedelta(days=90)


def describe_spot_price_history(call: Call) -> Result:
    """Answer with the prices of Linux, the newest first; as on AWS the one in effect at ``StartTime`` is among them."""
    given = call.parameters
    filters = {one["Name"]: one.get("Values", []) for one in given.get("Filters", [])}
    wanted = given.get("ProductDescriptions") or filters.get("product-description") or [_PRODUCTS[0]]
    if not set(wanted) & set(_PRODUCTS):
        return {"SpotPriceHistory": [], "NextToken": ""}
    found = (price for price in _prices(call, filters) if _passes(price, filters))
    first, page = _number(given.get("NextToken")), int(given.get("MaxResults") or _PAGE)
    shown = list(itertools.islice(found, first, first + page + 1))
    more = str(first + page) if len(shown) > page else ""
    return {"SpotPriceHistory": [_shown(price) for price in shown[:page]], "NextToken": more}


def _prices(call: Call, filters: dict[str, list[str]]) -> Iterator[prices.SpotPrice]:
    now = datetime.datetime.now(datetime.UTC)
    end = min(_time(call.parameters.get("EndTime"), now), now)
    start = max(_time(call.parameters.get("StartTime"), now - _KEPT), now - _KEPT)
    types = call.parameters.get("InstanceTypes") or filters.get("instance-type") or list(prices.on_demand(call.region))
    zone = call.parameters.get("AvailabilityZone")
    for offer in _offers(call.region):
        if offer["InstanceType"] in types and zone in (None, offer["Location"]):
            yield from _held(prices.spot_history(call.region, offer["Location"], offer["InstanceType"], end), start)


def _held(history: Iterator[prices.SpotPrice], start: datetime.datetime) -> Iterator[prices.SpotPrice]:
    """Yield the prices until the one in effect at ``start``, which is among them."""
    for price in history:
        yield price
        if price.since <= start:
            return


def _offers(region: str) -> list[dict[str, str]]:
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

    offers: list[dict[str, str]] = INSTANCE_TYPE_OFFERINGS["availability-zone"][region]
    return sorted(offers, key=lambda offer: (offer["InstanceType"], offer["Location"]))


def _passes(price: prices.SpotPrice, filters: dict[str, list[str]]) -> bool:
    seen = {"availability-zone": price.zone, "instance-type": price.instance_type, "spot-price": f"{price.price:.6f}"}
    return all(any(matches(value, seen[name]) for value in filters[name]) for name in seen if name in filters)


def _time(given: Any, default: datetime.datetime) -> datetime.datetime:
    if given is None:
        return default
    moment: datetime.datetime = given if given.tzinfo else given.replace(tzinfo=datetime.UTC)
    return moment


def _number(token: str | None) -> int:
    try:
        return int(token or 0)
    except ValueError:
        raise AwsError("InvalidPaginationToken", f"The pagination token '{token}' is invalid.") from None


def _shown(price: prices.SpotPrice) -> dict[str, Any]:
    return {
        "AvailabilityZone": price.zone,
        "InstanceType": price.instance_type,
        "ProductDescription": _PRODUCTS[0],
        "SpotPrice": f"{price.price:.6f}",
        "Timestamp": price.since,
    }
