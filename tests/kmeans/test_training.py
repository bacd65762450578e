"""Training jobs: what is read from S3, what comes out, and how they fail."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from harness import ndarray, recordio
from harness.offline.sagemaker.durations import Durations
from harness.waiting import until
from tests.kmeans.support import ACCOUNT, BUCKET, IMAGE, ROWS, WIDTH, channel, create_role, refusal


@pytest.fixture(scope="module")
def account(account, installation):
    installation.warm()
    return account


@pytest.fixture(scope="module")
def trained(account):
    """A training job that worked."""
    return account.train("trained")


@pytest.fixture(scope="module")
def centroids(account, trained):
    key = trained["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    return ndarray.unpack_model(account.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def test_a_job_runs_through_its_states_to_completion(trained):
    assert (trained["TrainingJobStatus"], trained["SecondaryStatus"]) == ("Completed", "Completed")
    transitions = trained["SecondaryStatusTransitions"]
    assert [each["Status"] for each in transitions] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed",
    ]  # fmt: skip
    moments = [moment for each in transitions for moment in (each["StartTime"], each["EndTime"])]
    assert moments == sorted(moments)
    assert transitions[-1]["StatusMessage"] == "Training job completed"


def test_its_times_and_its_bill_are_said(trained):
    assert trained["CreationTime"] <= trained["TrainingStartTime"] < trained["TrainingEndTime"]
    assert trained["TrainingTimeInSeconds"] == trained["BillableTimeInSeconds"] >= 1


def test_the_model_is_where_the_output_path_says(trained, centroids):
    assert trained["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/output/trained/output/model.tar.gz"
    assert centroids.shape == (3, WIDTH)
    assert centroids.dtype == np.float32


def test_the_centroids_are_the_centres_of_the_clouds(centroids):
    nearest_axis = centroids.argmax(axis=1)
    assert sorted(nearest_axis) == [0, 1, 2]
    np.testing.assert_allclose(centroids.max(axis=1), 10, atol=0.3)


def test_the_metrics_tell_how_well_the_centroids_fit(trained, centroids):
    metrics = {metric["MetricName"]: metric["Value"] for metric in trained["FinalMetricDataList"]}
    distances = ((ROWS[:, None] - centroids[None]) ** 2).sum(axis=2).min(axis=1)
    assert metrics["train:msd"] == pytest.approx(distances.mean(), rel=1e-4)
    assert metrics["train:progress"] == 100


def test_test_data_is_scored_by_each_metric(account):
    data = account.put_rows("scored")
    job = account.train(
        "scored",
        channels=[channel(data), channel(data, "test")],
        settings={"eval_metrics": '["msd","ssd"]', "extra_center_factor": "1"},
    )
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics["test:ssd"] == pytest.approx(metrics["test:msd"] * len(ROWS), rel=1e-4)


def test_each_host_has_a_log_stream_and_the_first_tells_the_metrics(account):
    data = account.put_rows("logged", shards=2)
    resources = {"InstanceType": "ml.c4.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 10}
    account.train("logged", data=data, ResourceConfig=resources)
    logs, group = account.client("logs"), "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="logged/")["logStreams"]
    names = sorted(stream["logStreamName"] for stream in streams)
    assert [name.rpartition("-")[0] for name in names] == ["logged/algo-1", "logged/algo-2"]
    lines = logs.get_log_events(logGroupName=group, logStreamName=names[0])["events"]
    assert any("#quality_metric: host=algo-1, train msd <loss>=" in line["message"] for line in lines)


def test_jobs_are_listed(account, trained):
    listed = account.sagemaker.list_training_jobs(NameContains="trained")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == ["trained"]


def table(rows: np.ndarray) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in rows.tolist()).encode()


def manifest(account, name: str, entries: object) -> str:
    return account.put(f"{name}/.amazon.manifest", json.dumps(entries).encode())


def sharded(account, name: str, hosts: int = 2) -> dict:
    data = account.put_rows(name, shards=2)
    return {
        "channels": [channel(data, S3DataDistributionType="ShardedByS3Key")],
        "ResourceConfig": {"InstanceType": "ml.c4.xlarge", "InstanceCount": hosts, "VolumeSizeInGB": 1},
    }


def from_manifest(account, name: str) -> dict:
    data = account.put_rows(name, shards=2)
    source = manifest(account, name, [{"prefix": data}, "matrix_0.pbr", "matrix_1.pbr"])
    return {"channels": [channel(source, S3DataType="ManifestFile", S3DataDistributionType="ShardedByS3Key")]}


def as_csv(account, name: str, content_type: str, rows: np.ndarray) -> dict:
    return {"channels": [channel(account.put(f"{name}/rows.csv", table(rows)), ContentType=content_type)]}


def labelled(rows: np.ndarray) -> np.ndarray:
    return np.column_stack([np.full(len(rows), 5), rows])


def compressed(account, name: str) -> dict:
    data = account.put(f"{name}/rows.gz", gzip.compress(recordio.encode_matrix(ROWS.astype(np.float64))))
    return {"channels": [channel(data, CompressionType="Gzip")]}


GOOD = {
    "sharded": lambda account: sharded(account, "good-sharded"),
    "manifest": lambda account: from_manifest(account, "good-manifest"),
    "csv-without-labels": lambda account: as_csv(account, "good-csv", "text/csv; label_size=0", ROWS),
    "csv-with-labels": lambda account: as_csv(account, "good-csv-label", "text/csv", labelled(ROWS)),
    "gzip": lambda account: compressed(account, "good-gzip"),
    # Lloyd started at random is caught in a bad place four times of five: with 60 trials it is not. The clouds are
    # mixed, for centers are chosen from the first mini-batch.
    "settings": lambda account: {
        "data": account.put_rows("good-mixed", ROWS.reshape(3, 20, WIDTH).swapaxes(0, 1).reshape(ROWS.shape)),
        "settings": {
            "init_method": "kmeans++", "half_life_time_size": "30", "epochs": "2", "mini_batch_size": "20",
            "local_lloyd_init_method": "random", "local_lloyd_num_trials": "60",
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_every_form_of_input_is_trained_on(account, kind):
    job = account.train(f"good-{kind}", **GOOD[kind](account))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics["train:msd"] < 0.2


def missing_in_manifest(account) -> dict:
    data = account.put_rows("bad-manifest")
    source = manifest(account, "bad-manifest", [{"prefix": data}, "matrix_9.pbr"])
    return {"channels": [channel(source, S3DataType="ManifestFile")]}


def content(account, data: bytes, **changes: str) -> dict:
    return {"channels": [channel(account.put(f"bad-content/{len(data)}", data), **changes)]}


FAILURES = {
    "feature-dim": (
        lambda _: {"settings": {"feature_dim": "5"}},
        "ClientError: The data in channel train has 4 features, which does not match",
    ),
    "no-k": (
        lambda _: {"HyperParameters": {"feature_dim": "4"}},
        "ClientError: No value(s) were specified for 'k'",
    ),
    "k-above-rows": (
        lambda _: {"settings": {"k": "61"}},
        "ClientError: The number of training records (60) must be at least k (61)",
    ),
    "lost-object": (
        missing_in_manifest,
        f"ClientError: Data download failed:Failed to download data. Object s3://{BUCKET}/bad-manifest/matrix_9.pbr",
    ),
    "no-manifest": (
        lambda account: {"channels": [channel(account.put("bad-list", b"{}"), S3DataType="ManifestFile")]},
        f"ClientError: Data download failed:Manifest file s3://{BUCKET}/bad-list is not valid.",
    ),
    "not-recordio": (
        lambda account: content(account, b"hello"),
        "ClientError: Unable to read data channel 'train'. Requested content-type is 'application/x-recordio-protobuf'",
    ),
    "not-csv": (
        lambda account: content(account, b"a,b,c,d", ContentType="text/csv;label_size=0"),
        "ClientError: Unable to read data channel 'train'. Requested content-type is 'text/csv;label_size=0'",
    ),
    "not-finite": (
        lambda account: content(account, b"1,2,nan,4\n", ContentType="text/csv;label_size=0"),
        "ClientError: Unable to read data channel 'train'.",
    ),
    "content-type": (
        lambda account: content(account, b"{}", ContentType="application/json"),
        "ClientError: Unable to read data channel 'train'. Requested content-type is 'application/json'",
    ),
    "not-gzip": (
        lambda account: content(account, b"plainer", CompressionType="Gzip"),
        "ClientError: Data download failed:Object",
    ),
    "idle-host": (
        lambda account: sharded(account, "bad-sharded", hosts=3),
        "ClientError: Unable to read data channel 'train'.",
    ),
    "no-train": (
        lambda account: {"channels": [channel(account.put_rows("rows"), "test")]},
        "ClientError: Unable to initialize the algorithm. Failed to validate input data configuration.",
    ),
    "other-channel": (
        lambda account: {
            "channels": [channel(account.put_rows("rows")), channel(account.put_rows("rows"), "validation")]
        },
        "ClientError: Unable to initialize the algorithm. Failed to validate input data configuration.",
    ),
    "output-bucket": (
        lambda _: {"OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket/output"}},
        "ClientError: Artifact upload failed:The bucket no-such-bucket does not exist.",
    ),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_what_only_shows_later_fails_the_job(account, kind):
    changes, reason = FAILURES[kind]
    job = account.train(f"failed-{kind}", **changes(account))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"].startswith(reason)
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == "Training job failed"


def test_a_failed_job_leaves_no_model(account):
    account.train("no-model", settings={"feature_dim": "5"})
    listed = account.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="output/no-model/")
    assert listed["KeyCount"] == 0
    assert "FinalMetricDataList" not in account.ended("no-model")


OTHER_IMAGES = {
    "other algorithm": (IMAGE.replace("kmeans", "pca"), "Cannot find repository: pca in registry ID: 382416733822"),
    "other region": ("174872318107.dkr.ecr.us-west-2.amazonaws.com/kmeans:1", "Cannot find repository: kmeans"),
    "own registry": (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", "Cannot find repository: kmeans"),
    "other tag": (IMAGE.replace(":1", ":9"), f"Requested image {IMAGE.replace(':1', ':9')} not found."),
    "no registry": ("kmeans:1", "Invalid image URI kmeans:1"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHER_IMAGES)
def test_unknown_images_are_refused(account, kind):
    image, message = OTHER_IMAGES[kind]
    job = account.job("refused", AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    code, said = refusal(account.sagemaker.create_training_job, **job)
    assert code == "ValidationException"
    assert said.startswith(message)


def test_roles_that_sagemaker_cannot_assume_are_refused(account):
    other = create_role(account, "for-ec2", "ec2.amazonaws.com")
    denied = create_role(account, "denied", "sagemaker.amazonaws.com", effect="Deny")
    for role in (other, denied, f"arn:aws:iam::{ACCOUNT}:role/nobody"):
        code, said = refusal(account.sagemaker.create_training_job, **account.job("refused", RoleArn=role))
        assert (code, said) == (
            "ValidationException",
            f"Could not assume role {role}. Please ensure that the role exists and allows principal"
            " 'sagemaker.amazonaws.com' to assume the role.",
        )


@pytest.mark.parametrize("uri", [f"s3://{BUCKET}/nothing/here", "s3://no-such-bucket/data"])
def test_input_that_is_not_there_is_refused(account, uri):
    code, said = refusal(account.sagemaker.create_training_job, **account.job("refused", data=uri))
    assert code == "ValidationException"
    assert said.startswith(f'No S3 objects found under S3 URL "{uri}" given in input data source.')


CONSTRAINTS = {
    "instance type": ({"ResourceConfig": {"InstanceType": "ml.c9.huge", "InstanceCount": 1, "VolumeSizeInGB": 1}},
                      "Value 'ml.c9.huge' at 'resourceConfig.instanceType' failed to satisfy constraint"),
    "name": ({"TrainingJobName": "under_score"}, "Value 'under_score' at 'trainingJobName' failed to satisfy"),
    "role": ({"RoleArn": "arn:aws:iam::nobody:role/execution"}, "at 'roleArn' failed to satisfy constraint"),
    "distribution": ({"channels": [channel("s3://b/k", S3DataDistributionType="Everywhere")]}, "Value 'Everywhere' at"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CONSTRAINTS)
def test_broken_constraints_are_refused(account, kind):
    changes, message = CONSTRAINTS[kind]
    code, said = refusal(account.sagemaker.create_training_job, **account.job("refused", **changes))
    assert code == "ValidationException"
    assert said.startswith("1 validation error detected: ")
    assert message in said


def test_what_is_missing_is_refused(account):
    for needed in ("ResourceConfig", "StoppingCondition", "AlgorithmSpecification"):
        job = account.job("refused")
        del job[needed]
        assert refusal(account.sagemaker.create_training_job, **job)[0] == "ValidationException"


def test_a_name_is_used_once(account, trained):
    code, said = refusal(account.sagemaker.create_training_job, **account.job("trained"))
    assert code == "ResourceInUse"
    assert said.startswith("Training job names must be unique within an AWS account and region")


def test_an_unknown_job_is_not_found(account):
    for call in (account.sagemaker.describe_training_job, account.sagemaker.stop_training_job):
        assert refusal(call, TrainingJobName="nobody") == ("ResourceNotFound", "Requested resource not found.")


@pytest.fixture
def slowly(installation):
    """Let jobs take their time to start, so that they can be stopped."""
    installation.platform.durations = Durations(job_starting=30)
    yield
    installation.platform.durations = Durations()


def test_a_job_can_be_stopped(account, slowly):
    account.sagemaker.create_training_job(**account.job("halted"))
    account.sagemaker.stop_training_job(TrainingJobName="halted")
    job = account.ended("halted")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert [each["Status"] for each in job["SecondaryStatusTransitions"]] == ["Starting", "Stopping", "Stopped"]
    code, said = refusal(account.sagemaker.stop_training_job, TrainingJobName="halted")
    assert code == "ValidationException"
    assert "in status Stopped" in said


def test_a_training_under_way_can_be_stopped(account):
    rows = np.random.default_rng(1).random((4000, 400), dtype=np.float32)
    data = account.put_rows("long", rows)
    settings = {"feature_dim": "400", "k": "200", "epochs": "100000", "init_method": "kmeans++"}
    account.sagemaker.create_training_job(**account.job("long", data=data, settings=settings))
    describe = account.sagemaker.describe_training_job
    until("it trains", lambda: describe(TrainingJobName="long")["SecondaryStatus"] == "Training", timeout=30)
    account.sagemaker.stop_training_job(TrainingJobName="long")
    assert account.ended("long")["TrainingJobStatus"] == "Stopped"


def test_a_worker_that_dies_fails_the_job_and_not_the_next(account, installation):
    for worker in list(installation.platform.trainer._idle):
        worker._process.kill()
        worker._process.wait()
    assert account.train("after-death")["TrainingJobStatus"] == "Completed"
