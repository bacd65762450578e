"""CloudTrail's event history: who did what, when."""

from __future__ import annotations

import datetime
from typing import Any

from harness.aws.answers import pages
from harness.aws.session import Aws
from harness.facts.final import Event


def find_events(aws: Aws, resource: str, name: str) -> tuple[Event, ...]:
    """Return the events of one name that concern a resource (its id), the oldest first.

    AWS keeps 90 days and shows an event about five minutes after the call; nobody waits for it here.
    """
    wanted = [{"AttributeKey": "ResourceName", "AttributeValue": resource}]
    found = pages(aws, "cloudtrail", "lookup_events", "Events", LookupAttributes=wanted)
    events = [_event(event) for event in found if event["EventName"] == name]
    return tuple(sorted(events, key=lambda event: event.time))


def _event(event: Any) -> Event:
    return Event(
        name=event["EventName"],
        time=event["EventTime"].astimezone(datetime.UTC).isoformat(),
        caller=event.get("Username", ""),
        resources=tuple(r["ResourceName"] for r in event.get("Resources", []) if r.get("ResourceName")),
    )
