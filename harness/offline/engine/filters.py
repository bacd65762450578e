"""Query parameters of the API: booleans, numbers, filters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from harness.offline.engine.errors import bad_parameter

Query = Mapping[str, str]


def flag(query: Query, name: str, default: bool = False) -> bool:
    """Return a boolean as moby's ``httputils.BoolValue`` reads it."""
    value = query.get(name)
    return default if value is None else value.strip().lower() not in {"", "0", "no", "false", "none"}


def number(query: Query, name: str, default: int) -> int:
    """Return an integer; raises 400."""
    value = query.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise bad_parameter(f'strconv.Atoi: parsing "{value}": invalid syntax') from None


def read(query: Query, known: Iterable[str]) -> dict[str, list[str]]:
    """Return the filters of a request, in either of their two encodings; raises 400 for an unknown one."""
    text = query.get("filters", "")
    if not text:
        return {}
    try:
        given = json.loads(text)
        filters = {key: list(map(str, values)) for key, values in given.items()}
    except (ValueError, AttributeError, TypeError):
        raise bad_parameter("invalid filter") from None
    for key in filters:
        if key not in known:
            raise bad_parameter(f"invalid filter '{key}'")
    return filters


def labels_match(labels: Mapping[str, str] | None, wanted: Iterable[str]) -> bool:
    """Tell whether all of ``name`` or ``name=value`` are among the labels."""
    for one in wanted:
        name, equals, value = one.partition("=")
        if name not in (labels or {}) or (equals and (labels or {})[name] != value):
            return False
    return True
