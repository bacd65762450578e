"""What an instance costs: on demand as AWS lists it, and on the spot market as it might go."""

from __future__ import annotations

import datetime
import functools
import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# Spot prices of small types lie around a third of the on-demand price and drift slowly ("Spot pricing history").
_LEAST, _MOST = 0.28, 0.46
_DRIFT = 0.06


@dataclass(frozen=True)
class SpotPrice:
    """The price in effect in one zone from ``since`` on, US dollars per hour."""

    zone: str
    instance_type: str
    price: float
    since: datetime.datetime


@functools.cache
def _book() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8"))


def regions() -> list[str]:
    """Return the regions whose prices are known."""
    return list(_book())


def location(region: str) -> str:
    """Return the region's name as the price list writes it."""
    return str(_book()[region]["location"])


def on_demand(region: str) -> dict[str, float]:
    """Return the hourly Linux prices of a region by instance type; empty where none are known."""
    page = _book().get(region, {})
    prices: dict[str, float] = _book()[page["same_as"]]["hourly"] if "same_as" in page else page.get("hourly", {})
    return prices


def spot(region: str, zone: str, instance_type: str, at: datetime.datetime) -> SpotPrice | None:
    """Return the spot price in effect at a time, or ``None`` for a type whose on-demand price is not known."""
    return next(spot_history(region, zone, instance_type, at), None)


def spot_history(region: str, zone: str, instance_type: str, before: datetime.datetime) -> Iterator[SpotPrice]:
    """Yield the prices of a type in a zone from ``before`` backwards, without end; the same ones on every call.

    A price holds between five and seven hours, each zone changing at minutes of its own.
    """
    hourly = on_demand(region).get(instance_type)
    if hourly is None:
        return
    base = _LEAST + (_MOST - _LEAST) * _chance(zone, instance_type)
    period = 18_000 + int(7_200 * _chance(instance_type, zone))
    number = int((before - _EPOCH).total_seconds()) // period
    while True:
        factor = base * (1 + _DRIFT * (2 * _chance(zone, instance_type, str(number)) - 1))
        yield SpotPrice(
            zone, instance_type, round(hourly * factor, 6), _EPOCH + datetime.timedelta(seconds=number * period)
        )
        number -= 1


def _chance(*words: str) -> float:
    """Return a number from 0 to 1 that is always the same for the same words."""
    return int.from_bytes(hashlib.sha256("/".join(words).encode()).digest()[:6]) / 2**48
