"""How long SageMaker's resources take from one state to the next in the offline cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Trouble = Callable[[], str | None]
"""Says why something fails, or nothing."""


@dataclass(frozen=True)
class Durations:
    """Seconds spent in each state that only waiting ends. Training itself takes as long as it takes."""

    job_starting: float = 0.02
    job_downloading: float = 0.01
    job_uploading: float = 0.01
    job_stopping: float = 0.01
    endpoint_creating: float = 0.05
    endpoint_updating: float = 0.05
    endpoint_deleting: float = 0.02
    notebook_pending: float = 0.05
    notebook_stopping: float = 0.03
    notebook_deleting: float = 0.02


CALM = Durations()
"""Every state can be observed, and none is waited for."""
