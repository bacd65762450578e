"""The unmodified SageMaker Python SDK: our formats are its formats, and its estimator works against our SageMaker."""

from __future__ import annotations

import io
import os
import warnings

import boto3
import numpy as np
import pytest

from harness import builtin_images, recordio
from tests.kmeans.support import BUCKET, REGION, ROWS, WIDTH

# The SDK is the only user of what it is warned about here.
pytestmark = pytest.mark.filterwarnings("ignore")
QUIET = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
RANDOM = np.random.default_rng(3)


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sagemaker
        import sagemaker.amazon.common
    return sagemaker


@pytest.fixture(scope="module")
def common(sdk):
    return sdk.amazon.common


def written(write, *arguments):
    file = io.BytesIO()
    write(file, *arguments)
    return file.getvalue()


@pytest.mark.parametrize("labels", [None, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("width", [1, 3, 784])
def test_matrices_are_written_byte_for_byte_as_the_sdk_does(common, dtype, labels, width):
    rows = (RANDOM.random((5, width)) * 100).astype(dtype)
    given = None if labels is None else np.arange(5).astype(labels)
    assert recordio.encode_matrix(rows, given) == written(common.write_numpy_to_dense_tensor, rows, given)


def test_the_sdk_reads_what_is_written(common):
    records = common.read_records(io.BytesIO(recordio.encode_matrix(ROWS, np.arange(len(ROWS)))))
    assert [list(record.features["values"].float32_tensor.values) for record in records] == ROWS.tolist()
    assert [record.label["values"].int32_tensor.values[0] for record in records] == list(range(len(ROWS)))


def test_answers_are_read_by_the_sdk(common):
    answer = recordio.Record(label={"closest_cluster": np.float32([2]), "distance_to_cluster": np.float32([1.5])})
    (record,) = common.read_records(io.BytesIO(recordio.encode([answer])))
    assert record.label["closest_cluster"].float32_tensor.values[0] == 2
    assert record.label["distance_to_cluster"].float32_tensor.values[0] == 1.5


def test_sparse_rows_of_the_sdk_are_read(common):
    import scipy.sparse

    rows = np.array([[0, 0, 2.5, 0], [1, 0, 0, 0], [0, 0, 0, 3]], dtype=np.float32)
    data = written(common.write_spmatrix_to_sparse_tensor, scipy.sparse.csr_matrix(rows), np.arange(3))
    read, labels = recordio.decode_matrix(data)
    np.testing.assert_array_equal(read, rows)
    assert labels.tolist() == [0, 1, 2]


def test_the_registries_are_the_sdk_s(sdk):
    for region in builtin_images.KMEANS_REGISTRIES:
        assert builtin_images.kmeans_image(region) == sdk.image_uris.retrieve("kmeans", region)


@pytest.fixture
def session(sdk, url, account, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    aws = boto3.Session("AKIAEXAMPLE", "secret", region_name=REGION)
    return sdk.Session(boto_session=aws, default_bucket=BUCKET, sagemaker_config=QUIET)


def test_the_estimator_trains_deploys_and_predicts(sdk, session, account):
    kmeans = sdk.KMeans(
        role=account.role, instance_count=2, instance_type="ml.c4.xlarge", k=3,
        data_location=f"s3://{BUCKET}/example/data", output_path=f"s3://{BUCKET}/example/output",
        sagemaker_session=session,
    )  # fmt: skip
    kmeans.fit(kmeans.record_set(ROWS), wait=False)
    job = account.ended(kmeans.latest_training_job.name)
    assert job["TrainingJobStatus"] == "Completed", job
    assert job["HyperParameters"] == {"k": "3", "feature_dim": str(WIDTH), "force_dense": "True"}

    predictor = kmeans.deploy(1, "ml.m4.xlarge", wait=False)
    assert account.settled(predictor.endpoint_name)["EndpointStatus"] == "InService"
    clusters = [record.label["closest_cluster"].float32_tensor.values[0] for record in predictor.predict(ROWS)]
    assert [len(set(clusters[first : first + 20])) for first in (0, 20, 40)] == [1, 1, 1]
    assert sorted(set(clusters)) == [0, 1, 2]

    predictor.delete_model()
    predictor.delete_endpoint()
    assert not account.sagemaker.list_models(NameContains=predictor.endpoint_name)["Models"]
