"""Which weather it is: calm, typical or stormy; seeded, so that a day can be had again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, cast

from harness.offline.layers import Layer
from harness.offline.sagemaker.durations import CALM, Durations
from harness.offline.weather.usual import USUAL

if TYPE_CHECKING:
    from harness.offline.cloud import OfflineCloud


@dataclass(frozen=True)
class Drawn:
    """A duration as it was drawn: the ``number``-th of its kind, in seconds of this cloud's clock."""

    what: str
    number: int
    seconds: float


class Calm:
    """Everything at once and nothing wrong; ``settle`` is how long an instance's transition takes, in seconds."""

    name = "calm"
    boot = 0.1

    def __init__(self, settle: float = 0.1) -> None:
        self.settle = settle
        self.has_begun = False

    def begin(self, cloud: OfflineCloud) -> None:  # noqa: ARG002 - in calm weather nothing changes
        """Let the weather begin: what was made in the account before is known to everybody."""
        self.has_begun = True

    def seconds(self, what: str) -> float:
        """Return how long this takes now; ``what`` is a key of :data:`~harness.offline.weather.usual.USUAL`."""
        return self.settle if what.startswith("instance.") else self.boot if what == "host.boot" else 0.0

    def now(self) -> float:
        """Return the time by which what is new grows old, in seconds."""
        return time.monotonic()

    def sagemaker(self) -> Durations:
        """Return SageMaker's durations."""
        return CALM

    def layers(self) -> tuple[Layer, ...]:
        """Return what stands in the way of a call, behind authorization."""
        return ()

    def front(self) -> tuple[Layer, ...]:
        """Return what stands in the way of a call before anybody looks who is calling."""
        return ()

    def has_capacity(self, instance_type: str, zone: str) -> bool:  # noqa: ARG002 - in calm weather there always is
        """Say whether a zone has a machine to give."""
        return True

    def interruption(self) -> float | None:
        """Return after how many seconds EC2 takes the spot instance back that now begins to run, or ``None``."""
        return None

    def endpoint_trouble(self) -> str | None:
        """Return why the endpoint that is now being made fails, or ``None``."""
        return None

    def credentials_last(self) -> float | None:
        """Return after how many seconds the caller's credentials expire, or ``None`` for never."""
        return None


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
        from harness.offline.weather.consistency import Eventually

        return (Eventually(self),)


class _DrawnDurations:
    """SageMaker's durations, drawn anew at every look: ``endpoint_creating`` is the kind ``endpoint.creating``."""

    def __init__(self, seconds: Callable[[str], float]) -> None:
        self._seconds = seconds

    def __getattr__(self, name: str) -> float:
        if name not in {field.name for field in fields(Durations)}:
            raise AttributeError(name)
        return self._seconds(name.replace("_", ".", 1))


def forecast(kind: str, *, seed: int, scale: float) -> Calm:
    """Return the weather of that name; ``scale`` is how many seconds here a second on AWS takes."""
    from harness.offline.weather.storm import Stormy

    kinds: dict[str, Callable[[int, float], Calm]] = {
        "calm": lambda _seed, _scale: Calm(), "typical": Weather, "stormy": Stormy,
    }  # fmt: skip
    return kinds[kind](seed, scale)


KINDS = ("calm", "typical", "stormy")
