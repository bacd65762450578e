"""The algorithm itself, where the data or the settings are out of the ordinary."""

from __future__ import annotations

import numpy as np
import pytest

from harness import recordio
from harness.offline.sagemaker.algorithm import perform
from harness.offline.sagemaker.tasks import AlgorithmError, Channel, Settings, Task
from tests.kmeans.support import ROWS, WIDTH

# scikit-learn warns of data with fewer different points than clusters, which is what one of these is about.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def channel(*hosts: np.ndarray, name: str = "train") -> Channel:
    return Channel(name, recordio.CONTENT_TYPE, tuple((recordio.encode_matrix(rows),) for rows in hosts))


def centroids(rows: np.ndarray = ROWS, log=lambda _: None, **settings) -> np.ndarray:
    chosen = {"k": 3, "feature_dim": WIDTH} | settings
    return perform(Task(Settings(**chosen), channel(rows)), log).centroids


def test_hosts_train_on_what_they_have_together():
    outcome = perform(Task(Settings(3, WIDTH), channel(ROWS[:20], ROWS[20:40], ROWS[40:])), lambda _: None)
    assert sorted(outcome.centroids.argmax(axis=1)) == [0, 1, 2]


def test_there_are_always_k_centroids():
    same = np.ones((30, WIDTH), np.float32)
    found = centroids(same)
    assert found.shape == (3, WIDTH)
    np.testing.assert_allclose(found, 1)


@pytest.mark.parametrize("init_method", ["random", "kmeans++"])
def test_as_many_clusters_as_records_are_the_records(init_method):
    rows = ROWS[:5]
    found = centroids(rows, k=5, init_method=init_method)
    np.testing.assert_allclose(found[np.lexsort(found.T)], rows[np.lexsort(rows.T)], rtol=1e-6)


def test_without_extra_centers_nothing_is_shrunk():
    lines: list[str] = []
    assert centroids(log=lines.append, extra_center_factor=1).shape == (3, WIDTH)
    assert "No shrinking is required as extra_center_factor is 1." in lines


def test_with_extra_centers_they_are_shrunk_to_k():
    lines: list[str] = []
    centroids(log=lines.append, extra_center_factor=4)
    assert any(line.startswith("Shrinking ") and line.endswith(" to 3") for line in lines)


def test_what_was_seen_long_ago_weighs_less():
    rows = np.vstack([np.zeros((500, 2)), np.ones((50, 2))]).astype(np.float32)
    assert centroids(rows, k=1, feature_dim=2).mean() == pytest.approx(50 / 550, rel=1e-5)
    assert centroids(rows, k=1, feature_dim=2, half_life_time_size=10).mean() > 0.9


def test_a_host_without_records_fails_the_training():
    empty = Channel("train", recordio.CONTENT_TYPE, ((recordio.encode_matrix(ROWS),), (b"",)))
    with pytest.raises(AlgorithmError, match="algo-2 was given no records"):
        perform(Task(Settings(3, WIDTH), empty), lambda _: None)
