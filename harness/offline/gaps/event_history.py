"""CloudTrail LookupEvents: the event history that every account has without setting up a trail."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

from harness.offline.call import AwsError, Call
from harness.offline.layers import Result
from harness.offline.trail import Event, Trail

_PAGE = 50
_ATTRIBUTES: dict[str, Callable[[Event], list[str]]] = {
    "EventId": lambda event: [event.id],
    "EventName": lambda event: [event.name],
    "EventSource": lambda event: [event.source],
    "ReadOnly": lambda event: ["true" if event.call.is_reading else "false"],
    "Username": lambda event: [event.user],
    "AccessKeyId": lambda event: [event.call.access_key or ""],
    "ResourceType": lambda event: [kind for kind, _ in event.resources],
    "ResourceName": lambda event: [name for _, name in event.resources],
}


class EventHistory:
    """Answers from what the trail recorded; unlike AWS's, without a delay of minutes."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail

    def lookup_events(self, call: Call) -> Result:
        """Answer with management events of the caller's account in the region, the newest first.

        Unlike on AWS, a role assumed from another account is told in that account's history alone.
        """
        given = call.parameters
        size = int(given.get("MaxResults") or _PAGE)
        if not 1 <= size <= _PAGE:
            raise AwsError("InvalidMaxResultsException", f"A value between 1 and {_PAGE} is required for MaxResults.")
        place = call.account, call.region
        here = (event for event in self.trail.events() if (event.caller.account, event.region) == place)
        found = [event for event in here if _wanted(event, given)]
        first = _position(found, given.get("NextToken"))
        page: Result = {"Events": [_shown(event) for event in found[first : first + size]]}
        return page | ({"NextToken": found[first + size].id} if first + size < len(found) else {})


def _wanted(event: Event, given: dict[str, Any]) -> bool:
    start, end = _time(given.get("StartTime")), _time(given.get("EndTime"))
    if start and end and end < start:
        raise AwsError("InvalidTimeRangeException", "The start time must come before the end time.")
    if event.call.is_data_event or (start and event.time < start) or (end and event.time > end):
        return False
    return all(_matches(event, one) for one in given.get("LookupAttributes", []))


def _matches(event: Event, wanted: dict[str, str]) -> bool:
    values = _ATTRIBUTES.get(wanted["AttributeKey"])
    if values is None:
        raise AwsError("InvalidLookupAttributesException", f"{wanted['AttributeKey']} is not a lookup attribute.")
    return wanted["AttributeValue"] in values(event)


def _position(found: list[Event], token: str | None) -> int:
    """Return where a page begins: tokens name an event, as new ones come in at the front meanwhile."""
    if not token:
        return 0
    for position, event in enumerate(found):
        if event.id == token:
            return position
    raise AwsError("InvalidNextTokenException", "The token is invalid.")


def _time(given: Any) -> datetime.datetime | None:
    if given is None or given.tzinfo:
        moment: datetime.datetime | None = given
        return moment
    utc: datetime.datetime = given.replace(tzinfo=datetime.UTC)
    return utc


def _shown(event: Event) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": "true" if event.call.is_reading else "false",
        "AccessKeyId": event.call.access_key,
        "EventTime": event.time.replace(microsecond=0),
        "EventSource": event.source,
        "Username": event.user,
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in event.resources],
        "CloudTrailEvent": json.dumps(event.record),
    }
