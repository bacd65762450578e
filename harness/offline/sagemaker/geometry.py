"""Which centroid is nearest, and how far away it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def nearest(rows: NDArray[Any], centroids: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return for each row the index of the nearest centroid and the Euclidean distance to it.

    A row's answer does not depend on the rows it is asked with, unless two centroids are equally near.
    """
    points, centers = rows.astype(np.float64), centroids.astype(np.float64)
    # |x - c|² without |x|², which is the same for every centroid.
    ranking = (centers**2).sum(axis=1) - 2 * np.einsum("ij,kj->ik", points, centers, optimize=True)
    closest = ranking.argmin(axis=1)
    return closest, np.sqrt(((points - centers[closest]) ** 2).sum(axis=1))
