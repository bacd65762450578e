"""CloudTrail's event history: who did what, when."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.aws.answers import pages
from harness.aws.session import Aws
from harness.facts.final import Event


def find_events(aws: Aws, resource: str, *names: str) -> tuple[Event, ...]:
    """Return the calls of these names that concern a resource (its id) and succeeded, the oldest first.

    AWS keeps 90 days, answers with the newest first and in whole seconds, and shows an event about five minutes after
    the call; nobody waits for it here.
    """
    wanted = [{"AttributeKey": "ResourceName", "AttributeValue": resource}]
    found = pages(aws, "cloudtrail", "lookup_events", "Events", LookupAttributes=wanted)
    events = [_event(event) for event in reversed(found) if event["EventName"] in names and not _failed(event)]
    return tuple(sorted(events, key=lambda event: event.time))


@dataclass(frozen=True)
class Record:
    """An event with what CloudTrail recorded of request and answer; of secrets, it records none."""

    event: Event
    identity: str
    """The kind of who called: ``Root``, ``IAMUser``, ``AssumedRole``, …"""
    arn: str
    request: dict[str, Any]
    response: dict[str, Any]

    def values(self, name: str) -> list[str]:
        """Return every value of that name in answer and request, however deep; CloudTrail's spelling differs by API."""
        return list(dict.fromkeys((*_values(self.response, name), *_values(self.request, name))))

    def value(self, name: str) -> str | None:
        """Return the first of these values."""
        return next(iter(self.values(name)), None)


def find_records(aws: Aws, name: str) -> tuple[Record, ...]:
    """Return the calls of one name that succeeded, the oldest first; AWS keeps 90 days."""
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = pages(aws, "cloudtrail", "lookup_events", "Events", LookupAttributes=wanted)
    done = [_record(event, _recorded(event)) for event in reversed(found) if not _failed(event)]
    return tuple(sorted(done, key=lambda record: record.event.time))


def _recorded(event: Any) -> Any:
    return json.loads(event.get("CloudTrailEvent") or "{}")


def _failed(event: Any) -> bool:
    """Say whether nothing came of a call: it was refused, or a dry run."""
    return bool(_recorded(event).get("errorCode"))


def _record(event: Any, record: dict[str, Any]) -> Record:
    who = record.get("userIdentity") or {}
    request, response = record.get("requestParameters") or {}, record.get("responseElements") or {}
    return Record(_event(event), who.get("type", ""), who.get("arn", ""), request, response)


def _values(document: Any, name: str) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key.lower() == name.lower() and isinstance(value, str):
                yield value
            else:
                yield from _values(value, name)
    elif isinstance(document, list):
        for inner in document:
            yield from _values(inner, name)


def _event(event: Any) -> Event:
    return Event(
        name=event["EventName"],
        time=event["EventTime"].astimezone(datetime.UTC).isoformat(),
        caller=event.get("Username", ""),
        resources=tuple(r["ResourceName"] for r in event.get("Resources", []) if r.get("ResourceName")),
    )
