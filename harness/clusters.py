"""What k-means made of the digits: which centroid is nearest, how pure the clusters are, and how they look.

Arrays are numpy's: ``rows`` is (n, d), ``centroids`` is (k, d), ``labels`` and ``assigned`` are (n,).
The pictures are drawn with Pillow: matplotlib, which would do as well, takes twenty times as long to import.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

CHUNK = 4096
CELL = 28 * 3
MARGIN = 4
CAPTION = 14


def distances(rows: Array, centroids: Array) -> Array:
    """Return the Euclidean distance of each row to each centroid, shape (n, k), in double precision."""
    centres = centroids.astype(np.float64)
    return np.concatenate([_distances(chunk, centres) for chunk in _chunks(rows)])


def _chunks(rows: Array) -> Iterator[Array]:
    for start in range(0, max(len(rows), 1), CHUNK):
        yield rows[start : start + CHUNK].astype(np.float64)


def _distances(rows: Array, centroids: Array) -> Array:
    squares = (rows**2).sum(1)[:, None] - 2 * rows @ centroids.T + (centroids**2).sum(1)[None, :]
    found: Array = np.sqrt(np.maximum(squares, 0))
    return found


def nearest(rows: Array, centroids: Array) -> tuple[Array, Array]:
    """Return the index of each row's nearest centroid, and the distance to it."""
    each = distances(rows, centroids)
    return each.argmin(axis=1), each.min(axis=1)


def purity(assigned: Array, labels: Array) -> float:
    """Return the share of rows whose label is the most frequent one of their cluster (0…1).

    Manning, Raghavan, Schütze, "Introduction to Information Retrieval", section 16.3.
    Raises ``ValueError`` where there is nothing to count or the lengths differ.
    """
    if len(assigned) != len(labels) or not len(labels):
        raise ValueError(f"{len(assigned)} assignments and {len(labels)} labels: expected as many, and some")
    majority = sum(np.unique(labels[assigned == cluster], return_counts=True)[1].max() for cluster in set(assigned))
    return float(majority / len(labels))


def sizes(assigned: Array, k: int) -> tuple[int, ...]:
    """Return how many rows each of ``k`` clusters has; a cluster may be empty."""
    return tuple(int(count) for count in np.bincount(assigned.astype(np.int64), minlength=k))


def draw_centroids(path: Path, centroids: Array, members: tuple[int, ...]) -> Path:
    """Draw each centroid as an image with its number and the size of its cluster; returns ``path``."""
    captions = [f"{number}: {count}" for number, count in enumerate(members)]
    return _draw(path, [list(centroids[:5]), list(centroids[5:])], [captions[:5], captions[5:]])


def draw_clusters(path: Path, rows: Array, assigned: Array, k: int, *, shown: int = 12) -> Path:
    """Draw the first ``shown`` rows of each cluster, one cluster a line; returns ``path``."""
    lines = [list(rows[assigned == cluster][:shown]) for cluster in range(k)]
    return _draw(path, lines, [[f"cluster {cluster}"] for cluster in range(k)])


def _draw(path: Path, lines: list[list[Array]], captions: list[list[str]]) -> Path:
    from PIL import Image, ImageDraw  # only those who look at pictures wait for it

    columns = max(1, *(len(line) for line in lines))
    sheet = Image.new("L", (columns * (CELL + MARGIN), len(lines) * (CELL + CAPTION + MARGIN)), 255)
    pen = ImageDraw.Draw(sheet)
    for down, (line, words) in enumerate(zip(lines, captions, strict=True)):
        top = down * (CELL + CAPTION + MARGIN)
        for across, word in enumerate(words):
            pen.text((across * (CELL + MARGIN) + 2, top + 1), word, fill=0)
        for across, row in enumerate(line):
            sheet.paste(_image(row), (across * (CELL + MARGIN), top + CAPTION))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return path


def _image(row: Array) -> Any:
    """Return one row as a square picture, dark where the values are large."""
    from PIL import Image

    side = round(len(row) ** 0.5)
    square = row[: side * side].reshape(side, side).astype(np.float64)
    highest = max(float(square.max(initial=0.0)), 1e-9)
    shades = 255 - np.clip(square / highest, 0, 1) * 255
    return Image.fromarray(shades.astype(np.uint8)).resize((CELL, CELL), Image.Resampling.NEAREST)
