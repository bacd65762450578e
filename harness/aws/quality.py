"""How well a model's clusters tell digits apart, in a number and in pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness import clusters
from harness.aws.mnist import Origin
from harness.clusters import Array
from harness.evidence import Evidence
from harness.facts.kmeans import Quality

MOST_JUDGED = 5_000
"""Digits that are judged at most."""
GREYS = (1.0, 16.0, 255.0)
"""What ink may be in digits that somebody trains on: as in the example, in scikit-learn's digits, in a picture."""


def observe(origin: Origin, centroids: Array, pictures: Path) -> Quality:
    """Put each digit to its nearest centroid, compare with the labels, and draw both into ``pictures``."""
    rows, labels = origin.digits.images[:MOST_JUDGED] * _ink(centroids), origin.digits.labels[:MOST_JUDGED]
    assigned, _ = clusters.nearest(rows, centroids)
    share, members = clusters.purity(assigned, labels), clusters.sizes(assigned, len(centroids))
    sheets = (
        clusters.draw_centroids(pictures / "centroids.png", centroids, members),
        clusters.draw_clusters(pictures / "clusters.png", rows, assigned, len(centroids)),
    )
    return Quality(
        origin=origin.name,
        rows=len(rows),
        purity=round(share, 4),
        sizes=members,
        pictures=tuple(str(sheet) for sheet in sheets),
        evidence=(
            *origin.evidence,
            Evidence("api", f"nearest centroid of {len(rows)} digits", f"purity {share:.3f}, clusters of {members}"),
            *(Evidence("file", sheet.name, f"pictures/{sheet.name}") for sheet in sheets),
        ),
    )


def _ink(centroids: Array) -> np.float32:
    """Return what ink was in the digits that a model was trained on: a centroid is a mean, and has no more of it."""
    most = float(centroids.max())
    return np.float32(next((ink for ink in GREYS if most <= ink), GREYS[-1]))
