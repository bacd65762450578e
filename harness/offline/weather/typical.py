"""Typical weather: AWS's usual durations and delays; seeded, so that a day can be had again."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import cast

from harness.offline.layers import Layer
from harness.offline.sagemaker.durations import Durations
from harness.offline.weather.calm import Calm
from harness.offline.weather.consistency import Eventually
from harness.offline.weather.usual import USUAL


@dataclass(frozen=True)
class Drawn:
    """A duration as it was drawn: the ``number``-th of its kind, in seconds of this cloud's clock."""

    what: str
    number: int
    seconds: float


class Weather(Calm):
    """AWS's usual durations times ``scale``; what the n-th of a kind takes depends on ``seed`` alone."""

    name = "typical"

    def __init__(self, seed: int, scale: float) -> None:
        super().__init__()
        self.seed = seed
        self.scale = scale
        self.drawn: list[Drawn] = []
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def seconds(self, what: str) -> float:
        with self._lock:
            number = self._counts[what]
            self._counts[what] += 1
            seconds = USUAL[what].drawn(self.chance(what, number)) * self.scale
            self.drawn.append(Drawn(what, number, seconds))
        return seconds

    def chance(self, *words: object) -> random.Random:
        """Return what decides a matter: the same for the same words on a day of the same seed."""
        return random.Random("/".join(map(str, (self.seed, *words))))

    def count(self, what: str) -> int:
        """Return how often this was asked before."""
        with self._lock:
            self._counts[what] += 1
            return self._counts[what] - 1

    def sagemaker(self) -> Durations:
        return cast(Durations, _DrawnDurations(self.seconds))

    def layers(self) -> tuple[Layer, ...]:
        return (Eventually(self),)


class _DrawnDurations:
    """SageMaker's durations, drawn anew at every look: ``endpoint_creating`` is the kind ``endpoint.creating``."""

    def __init__(self, seconds: Callable[[str], float]) -> None:
        self._seconds = seconds

    def __getattr__(self, name: str) -> float:
        if name not in {field.name for field in fields(Durations)}:
            raise AttributeError(name)
        return self._seconds(name.replace("_", ".", 1))
