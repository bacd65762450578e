"""What a training job hands to a worker, and what comes back. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class AlgorithmError(Exception):
    """Says why the algorithm failed, in the words of the job's FailureReason."""


@dataclass(frozen=True)
class Settings:
    """Checked hyperparameters (:mod:`~harness.offline.sagemaker.hyperparameters`). ``None`` stands for ``auto``."""

    k: int
    feature_dim: int
    init_method: str = "random"
    extra_center_factor: int | None = None
    mini_batch_size: int = 5000
    epochs: int = 1
    half_life_time_size: int = 0
    local_lloyd_init_method: str = "kmeans++"
    local_lloyd_max_iter: int = 300
    local_lloyd_num_trials: int | None = None
    local_lloyd_tol: float = 0.0001
    eval_metrics: tuple[str, ...] = ("msd",)
    force_dense: bool = True


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
