"""Nearest centroids, purity, and the pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from harness import clusters

ROWS = np.array([[0, 0], [1, 0], [10, 10], [11, 10]], dtype=np.float32)
CENTROIDS = np.array([[10, 10], [0, 0], [50, 50]], dtype=np.float32)


def test_nearest_centroid_and_its_euclidean_distance():
    index, distance = clusters.nearest(ROWS, CENTROIDS)
    assert index.tolist() == [1, 1, 0, 0]
    assert distance == pytest.approx([0, 1, 0, 1])


def test_distances_agree_with_the_definition_over_many_chunks():
    chance = np.random.default_rng(1)
    rows, centroids = chance.random((clusters.CHUNK + 7, 20)), chance.random((3, 20))
    expected = np.linalg.norm(rows[:, None, :] - centroids[None, :, :], axis=2)
    assert clusters.distances(rows, centroids) == pytest.approx(expected)


def test_large_values_lose_no_precision():
    rows = np.full((1, 784), 1000, dtype=np.float32)
    assert clusters.nearest(rows, rows)[1] == pytest.approx([0], abs=1e-2)


def test_no_rows_have_no_distances():
    assert clusters.distances(ROWS[:0], CENTROIDS).shape == (0, 3)


@pytest.mark.parametrize(
    ("assigned", "labels", "expected"),
    [
        ([0, 0, 1, 1], [7, 7, 3, 3], 1.0),
        ([0, 0, 0, 0], [1, 2, 3, 4], 0.25),
        ([0, 0, 1, 1], [1, 2, 2, 2], 0.75),
        ([5, 5, 9], [1, 1, 1], 1.0),
    ],
)
def test_purity(assigned, labels, expected):
    assert clusters.purity(np.array(assigned), np.array(labels)) == expected


@pytest.mark.parametrize("labels", [[], [1]])
def test_purity_of_nothing_or_of_unequal_lengths_is_refused(labels):
    with pytest.raises(ValueError, match="expected as many"):
        clusters.purity(np.array([]), np.array(labels))


def test_an_empty_cluster_is_counted():
    assert clusters.sizes(np.array([0, 2, 2]), 4) == (1, 0, 2, 0)


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_centroids_are_drawn_dark_where_they_are_large(tmp_path):
    centroids = np.zeros((10, 784), dtype=np.float32)
    centroids[0, :392] = 1.0
    drawn = pixels(clusters.draw_centroids(tmp_path / "new" / "centroids.png", centroids, tuple(range(10))))
    top, bottom = drawn[clusters.CAPTION : clusters.CAPTION + 42, :84], drawn[clusters.CAPTION + 43 : 98, :84]
    assert (top.max(), bottom.min()) == (0, 255)


@pytest.mark.parametrize("k", [1, 3, 10, 12])
def test_any_number_of_clusters_can_be_drawn(tmp_path, k):
    rows = np.random.default_rng(2).random((30, 784), dtype=np.float32)
    assigned = np.arange(30) % k
    centroids = clusters.draw_centroids(tmp_path / "a.png", rows[:k], clusters.sizes(assigned, k))
    members = clusters.draw_clusters(tmp_path / "b.png", rows, assigned, k)
    assert pixels(centroids).min() == 0
    assert pixels(members).shape[0] == k * (clusters.CELL + clusters.CAPTION + clusters.MARGIN)
