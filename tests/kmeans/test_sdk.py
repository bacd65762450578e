"""The unmodified SageMaker Python SDK: our formats are its formats, and its estimator works against our SageMaker."""

from __future__ import annotations

import io
import warnings

import boto3
import numpy as np
import pytest

from harness import builtin_images, recordio
from tests.kmeans.support import BUCKET, REGION, ROWS, WIDTH

# The SDK is the only user of what it is warned about here.
pytestmark = pytest.mark.filterwarnings("ignore")
RANDOM = np.random.default_rng(3)


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    empty = str(tmp_path_factory.mktemp("settings"))
    with pytest.MonkeyPatch.context() as environment, warnings.catch_warnings():
        # No settings files of this machine, and none of ours: where there is one, the SDK checks it some forty times
        # against its schema, a third of a second each.
        for variable in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
            environment.setenv(variable, empty)
        environment.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
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
    known = sdk.image_uris.config_for_framework("kmeans")["versions"]["1"]["registries"]
    assert builtin_images.KMEANS_REGISTRIES.items() <= known.items()
    for region in ("us-east-1", "cn-north-1"):
        assert builtin_images.kmeans_image(region) == sdk.image_uris.retrieve("kmeans", region)


@pytest.fixture
def session(sdk, account, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.cloud.endpoint_url)
    owner = account.cloud.owner
    aws = boto3.Session(owner.access_key, owner.secret_key, region_name=REGION)
    return sdk.Session(boto_session=aws, default_bucket=BUCKET)


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
