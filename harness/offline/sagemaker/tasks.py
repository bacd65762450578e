"""What a training job hands to a worker, and what comes back. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .hyperparameters import Settings


class AlgorithmError(Exception):
    """Says why the algorithm failed, in the words of the job's FailureReason."""


@dataclass(frozen=True)
class Channel:
    """A channel's data as it was downloaded: for each host the contents of its objects."""

    name: str
    content_type: str
    hosts: tuple[tuple[bytes, ...], ...]


@dataclass(frozen=True)
class Task:
    """One training."""

    settings: Settings
    train: Channel
    test: Channel | None = None


@dataclass(frozen=True)
class Outcome:
    """A trained model: centroids of shape (k, feature_dim), float32, and the metrics by name."""

    centroids: NDArray[np.float32]
    metrics: dict[str, float] = field(default_factory=dict)
