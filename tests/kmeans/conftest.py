"""An offline cloud per file of tests, and an account in it that has a model."""

from __future__ import annotations

import numpy as np
import pytest

from harness import ndarray
from harness.offline.cloud import OfflineCloud
from tests.kmeans.support import ROWS, create_account
from tests.offline.support import RecordingHosts


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    with OfflineCloud(tmp_path_factory.mktemp("cloud"), hosts=RecordingHosts()) as offline:
        yield offline


@pytest.fixture(scope="module")
def installation(offline):
    return offline.extension("sagemaker")


@pytest.fixture(scope="module")
def account(offline):
    return create_account(offline.cloud)


@pytest.fixture(scope="module")
def centroids():
    return np.stack([ROWS[:20].mean(axis=0), ROWS[20:40].mean(axis=0), ROWS[40:].mean(axis=0)])


@pytest.fixture(scope="module")
def artifact(account, centroids):
    return account.put("made/model.tar.gz", ndarray.pack_model(centroids))


@pytest.fixture(scope="module")
def endpoint(account, artifact):
    """An endpoint that serves the model."""
    account.deploy("served", artifact)
    assert account.settled("served")["EndpointStatus"] == "InService"
    return "served"
