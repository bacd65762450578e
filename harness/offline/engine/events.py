"""The engine's event stream: kept in memory, filtered, followed."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from harness.offline.engine.model import Json

KEPT = 256
Filters = dict[str, list[str]]


@dataclass
class Events:
    """Records what happens and tells everyone who listens."""

    past: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT))
    listeners: set[asyncio.Queue[Json]] = field(default_factory=set)

    def emit(self, kind: str, action: str, actor: str, attributes: dict[str, str]) -> None:
        """Record one event; the fields ``status``, ``id`` and ``from`` are those of the API before 1.22."""
        moment = time.time_ns()
        event: Json = {}
        if kind in {"container", "image"}:
            event |= {"status": action, "id": actor}
        if kind == "container":
            event["from"] = attributes.get("image", "")
        event |= {
            "Type": kind, "Action": action, "Actor": {"ID": actor, "Attributes": attributes}, "scope": "local",
            "time": moment // 10**9, "timeNano": moment,
        }  # fmt: skip
        self.past.append(event)
        for listener in self.listeners:
            listener.put_nowait(event)

    async def follow(self, since: float | None, until: float | None, filters: Filters) -> AsyncIterator[Json]:
        """Yield the events from ``since`` to ``until``, seconds since the epoch; ``None`` is now, and for ever."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self.listeners.add(queue)
        try:
            for event in list(self.past) if since is not None else []:
                if since <= event["timeNano"] / 1e9 <= (until or float("inf")) and matches(event, filters):
                    yield event
            while True:
                event = await asyncio.wait_for(queue.get(), None if until is None else max(0.0, until - time.time()))
                if matches(event, filters):
                    yield event
        except TimeoutError:
            return
        finally:
            self.listeners.discard(queue)


def matches(event: Json, filters: Filters) -> bool:
    """Tell whether an event passes the filters: any value of a key, every key."""
    return all(any(_passes(event, key, value) for value in values) for key, values in filters.items() if values)


def _passes(event: Json, key: str, value: str) -> bool:
    actor, attributes = event["Actor"]["ID"], event["Actor"]["Attributes"]
    if key == "type":
        return bool(event["Type"] == value)
    if key == "event":
        return bool(event["Action"] == value or event["Action"].partition(":")[0] == value)
    if key in {"container", "volume", "network"}:
        named = attributes.get("name", "")
        return event["Type"] == key and (value in {actor, named} or (len(value) > 3 and actor.startswith(value)))
    if key == "image":
        image = attributes.get("image", "") if event["Type"] == "container" else actor
        return bool(value in {image, image.partition(":")[0]})
    if key == "label":
        name, equals, wanted = value.partition("=")
        return name in attributes and (not equals or attributes[name] == wanted)
    return key in {"scope", "daemon"}
