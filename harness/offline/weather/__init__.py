"""The weather: how long AWS takes on a given day, how soon it knows what it was told, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable

from harness.offline.weather.calm import Calm
from harness.offline.weather.storm import Stormy
from harness.offline.weather.typical import Weather

__all__ = ["Calm", "Weather", "forecast"]

_KINDS: dict[str, Callable[[int, float], Calm]] = {
    "calm": lambda _seed, _scale: Calm(),
    "typical": Weather,
    "stormy": Stormy,
}


def forecast(kind: str, *, seed: int, scale: float) -> Calm:
    """Return the weather of that name; ``scale`` is how many seconds here a second on AWS takes."""
    return _KINDS[kind](seed, scale)
