"""Calm weather: everything at once and nothing wrong. What the other kinds of weather are asked for as well."""

from __future__ import annotations

import time

from harness.offline.layers import Layer
from harness.offline.sagemaker.durations import CALM, Durations


class Calm:
    """Everything at once and nothing wrong; ``settle`` is how long an instance's transition takes, in seconds."""

    name = "calm"
    boot = 0.1

    def __init__(self, settle: float = 0.1) -> None:
        self.settle = settle
        self.has_begun = False

    def begin(self) -> None:
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
