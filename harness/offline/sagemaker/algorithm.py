"""The k-means algorithm: data in, centroids out. Runs in a worker.

Two stages, as AWS describes them ("How K-Means Clustering Works"): the data is read in mini-batches while K = k x
``extra_center_factor`` centres are kept; then Lloyd's algorithm reduces the weighted centres to k. Both stages are
scikit-learn's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import recordio

from .geometry import nearest
from .media import parse_media_type
from .tables import check_finite, read_csv
from .tasks import AlgorithmError, Channel, Outcome, Settings, Task

Log = Callable[[str], None]
Centers = NDArray[Any]
Masses = NDArray[np.float64]
_INIT = {"random": "random", "kmeans++": "k-means++"}
# What "auto" stands for is not documented; these keep the second stage well fed and quick.
_AUTO_FACTOR = 10
_AUTO_TRIALS = 10
_LEAST_WEIGHT = 1e-9


def perform(task: Task, log: Log) -> Outcome:
    """Train as a task asks. Raises :class:`AlgorithmError`; ``log`` gets the lines of the job's log."""
    settings = task.settings
    rows = _load(task.train, settings)
    if len(rows) < settings.k:
        raise AlgorithmError(
            f"ClientError: The number of training records ({len(rows)}) must be at least k ({settings.k})"
        )
    begun = time.perf_counter()
    log(f"Number of records in channel train: {len(rows)}")
    centroids = _fit(rows, settings, log)
    throughput = len(rows) * settings.epochs / max(time.perf_counter() - begun, 1e-6)
    metrics = {"train:progress": 100.0, "train:throughput": throughput}
    log("#progress_metric: host=algo-1, completed 100.0 %")
    log(f"#throughput_metric: host=algo-1, train throughput={throughput} records/second")
    metrics |= _scores("train", rows, centroids, ("msd",), log)
    if task.test is not None:
        metrics |= _scores("test", _load(task.test, settings), centroids, settings.eval_metrics, log)
    return Outcome(centroids, metrics)


def _fit(rows: NDArray[np.float32], settings: Settings, log: Log) -> NDArray[np.float32]:
    centers, mass = _stream(rows, _decay(len(rows), settings.half_life_time_size), settings)
    if len(centers) == settings.k:
        log("No shrinking is required as extra_center_factor is 1.")
        return centers.astype(np.float32)
    if np.count_nonzero(mass) >= settings.k:
        centers, mass = centers[mass > 0], mass[mass > 0]
    else:
        mass = np.maximum(mass, _LEAST_WEIGHT)  # fewer different points than k: keep them all, so that k remain
    log(f"Shrinking {len(centers)} centers to {settings.k}")
    return _shrink(centers, mass, settings).astype(np.float32)


def _stream(rows: NDArray[np.float32], weights: NDArray[np.float64], settings: Settings) -> tuple[Centers, Masses]:
    """Read the data ``epochs`` times in mini-batches; return the centres and the weight that each has gathered."""
    from sklearn.cluster import MiniBatchKMeans

    kept = min(settings.k * (settings.extra_center_factor or _AUTO_FACTOR), len(rows))
    batch = max(settings.mini_batch_size, kept)  # the first must hold as many points as there are centres
    centers = _first_centers(rows[:batch], weights[:batch], kept, settings.init_method)
    mass = np.zeros(kept)
    model = MiniBatchKMeans(kept, init=centers, n_init=1, reassignment_ratio=0)
    for _ in range(settings.epochs):
        for begin in range(0, len(rows), batch):
            part, heavy = rows[begin : begin + batch], weights[begin : begin + batch]
            mass += np.bincount(nearest(part, centers)[0], heavy, kept)
            centers = model.partial_fit(part, sample_weight=heavy).cluster_centers_.copy()
    return centers, mass


def _first_centers(rows: NDArray[np.float32], weights: NDArray[np.float64], count: int, method: str) -> Centers:
    from sklearn.cluster import kmeans_plusplus

    if method == "random":
        chosen = np.random.default_rng().choice(len(rows), count, replace=False, p=weights / weights.sum())
        return rows[chosen]
    centers: Centers = kmeans_plusplus(rows, count, sample_weight=weights)[0]
    return centers


def _shrink(centers: Centers, mass: Masses, settings: Settings) -> Centers:
    """Reduce weighted centres to k."""
    from sklearn.cluster import KMeans

    model = KMeans(
        settings.k,
        init=_INIT[settings.local_lloyd_init_method],
        n_init=settings.local_lloyd_num_trials or _AUTO_TRIALS,
        max_iter=settings.local_lloyd_max_iter,
        tol=settings.local_lloyd_tol,
    ).fit(centers, sample_weight=mass)
    found: Centers = model.cluster_centers_
    return found


def _decay(count: int, half_life: int) -> NDArray[np.float64]:
    """Weigh each observation by how many came after it; all alike where nothing decays."""
    if not half_life:
        return np.ones(count)
    age = np.arange(count - 1, -1, -1, dtype=np.float64)
    return np.maximum(0.5 ** (age / half_life), _LEAST_WEIGHT)


def _scores(
    channel: str, rows: NDArray[np.float32], centroids: NDArray[np.float32], names: tuple[str, ...], log: Log
) -> dict[str, float]:
    _, distances = nearest(rows, centroids)
    known = {"msd": float((distances**2).mean()), "ssd": float((distances**2).sum())}
    for name in names:
        log(f"#quality_metric: host=algo-1, {channel} {name} <loss>={known[name]}")
    return {f"{channel}:{name}": known[name] for name in names}


def _load(channel: Channel, settings: Settings) -> NDArray[np.float32]:
    """Return what all hosts read together; a host without data fails the job, as on AWS."""
    shares = [[_rows(channel, content) for content in host if content] for host in channel.hosts]
    for number, share in enumerate(shares, start=1):
        if not any(len(rows) for rows in share):
            raise _unreadable(channel, f"algo-{number} was given no records")
    parts = [rows for share in shares for rows in share]
    for rows in parts:
        if rows.shape[1] != settings.feature_dim:
            raise AlgorithmError(
                f"ClientError: The data in channel {channel.name} has {rows.shape[1]} features, which does not match"
                f" the value of hyperparameter feature_dim ({settings.feature_dim})"
            )
    return np.concatenate(parts)


def _rows(channel: Channel, content: bytes) -> NDArray[np.float32]:
    media = parse_media_type(channel.content_type)
    try:
        if media.name == recordio.CONTENT_TYPE:
            rows = recordio.decode_matrix(content)[0].astype(np.float32)
        elif media.name == "text/csv":
            # AWS: "Common Data Formats for Training": the first column is the label unless label_size=0.
            rows = read_csv(content)[:, int(media.parameters.get("label_size", "1")) :]
        else:
            raise _unreadable(channel, "the content type is not supported")
        check_finite(rows)
    except ValueError as error:
        raise _unreadable(channel, str(error)) from None
    return rows


def _unreadable(channel: Channel, why: str) -> AlgorithmError:
    return AlgorithmError(
        f"ClientError: Unable to read data channel '{channel.name}'. Requested content-type is"
        f" '{channel.content_type}'. Please verify the data matches the requested content-type. ({why})"
    )
