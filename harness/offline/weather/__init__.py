"""The weather: how long AWS takes on a given day, how soon it knows what it was told, and what goes wrong."""

from __future__ import annotations

from harness.offline.weather.forecast import KINDS, Calm, Weather, forecast

__all__ = ["KINDS", "Calm", "Weather", "forecast"]
