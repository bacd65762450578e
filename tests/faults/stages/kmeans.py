"""The k-means example: data, job, endpoint and predictions gone wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from harness import recordio
from harness.aws import hosting, s3, training
from harness.aws.kmeans import DirectExample
from harness.waiting import until
from tests.faults.environment import Environment, Example
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("kmeans")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown


def run_by(env: Environment, **members: Any) -> None:
    """Let the example be run by a direct example with other members."""
    kind = type("Otherwise", (DirectExample,), members)
    target = env.subject.sagemaker
    target.__class__ = type("Sagemaker", (Example,), {"example_kind": kind})


def asked(env: Environment, change: Callable[[dict[str, Any]], Any]) -> None:
    """Ask for the training job otherwise; ``change`` works on the request."""

    def request(self: DirectExample) -> dict[str, Any]:
        wanted = DirectExample.request(self)
        change(wanted)
        return wanted

    run_by(env, request=request)


def settings(**values: str | None) -> Callable[[Environment], None]:
    """Train with other hyperparameters; ``None`` leaves one out."""

    def apply(env: Environment) -> None:
        def change(request: dict[str, Any]) -> None:
            merged = {**request["HyperParameters"], **values}
            request["HyperParameters"] = {name: value for name, value in merged.items() if value is not None}

        asked(env, change)

    return apply


def replaced(env: Environment, work: Callable[[str], bytes | None]) -> None:
    """Replace the objects of the training data once the job has read them; ``None`` deletes one."""

    def changed(job: str) -> None:
        until("the job has ended", lambda: training.describe(env.aws, job), timeout=60,
              is_done=lambda seen: bool(seen) and seen["TrainingJobStatus"] != "InProgress")  # fmt: skip
        place = s3.Location.parse(env.subject.sagemaker.data_uri)
        client = env.client("s3")
        for item in client.list_objects_v2(Bucket=place.bucket, Prefix=place.key)["Contents"]:
            content = work(item["Key"])
            if content is None:
                client.delete_object(Bucket=place.bucket, Key=item["Key"])
            elif content:
                client.put_object(Bucket=place.bucket, Key=item["Key"], Body=content)

    env.after("sagemaker.fitted", changed)


@fault("sagemaker", "kmeans.training-data")
def no_manifest(env: Environment) -> None:
    """The channel reads a prefix, without a manifest."""

    def change(request: dict[str, Any]) -> None:
        source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
        source.update(S3DataType="S3Prefix", S3Uri=source["S3Uri"].rsplit("/", 1)[0] + "/matrix_")

    asked(env, change)


@fault("sagemaker", "kmeans.training-data")
def data_as_csv(env: Environment) -> None:
    """The data in S3 were replaced by CSV."""
    replaced(env, lambda key: b"" if key.endswith("manifest") else b"0,0,0.5\n1,0,0.25\n")


@fault("sagemaker", "kmeans.training-data")
def shard_missing(env: Environment) -> None:
    """One of the objects that the manifest lists was deleted."""
    replaced(env, lambda key: None if key.endswith("matrix_1.pbr") else b"")


@fault("sagemaker", "kmeans.training-data")
def manifest_missing(env: Environment) -> None:
    """The manifest was deleted."""
    replaced(env, lambda key: None if key.endswith("manifest") else b"")


@fault("sagemaker", "kmeans.training-data")
def narrow_digits(env: Environment) -> None:
    """The digits in S3 are 8 by 8, 64 numbers each."""
    replaced(
        env,
        lambda key: b"" if key.endswith("manifest") else recordio.encode_matrix(np.ones((5, 64), np.float32)),
    )


@fault("sagemaker", "kmeans.training-data")
def manifest_of_nothing(env: Environment) -> None:
    """The manifest lists no object."""
    replaced(
        env,
        lambda key: json.dumps([{"prefix": "s3://nowhere/"}]).encode() if key.endswith("manifest") else b"",
    )


TABLE.add("nine-clusters", "k is 9.", settings(k="9"), "sagemaker", "kmeans.trained")


@fault("sagemaker", "kmeans.trained", "kmeans.predicts")
def twenty_clusters(env: Environment) -> None:
    """k is 20, so that the endpoint answers clusters that there should not be."""
    settings(k="20")(env)


@fault("sagemaker", "kmeans.trained")
def job_failed(env: Environment) -> None:
    """feature_dim is 64, so the job fails."""
    settings(feature_dim="64")(env)


@fault("sagemaker", "kmeans.trained")
def job_stopped(env: Environment) -> None:
    """The job was stopped."""
    env.after("sagemaker.training_job", lambda seen: replace(seen, status="Stopped", centroids=(), artifact="",
                                                             problem="there is no model artifact"))  # fmt: skip
    env.before("sagemaker.deployed", env.subject.sagemaker.training_job)


@shown("sagemaker", "kmeans.trained")
def image_of_somebody_else(env: Shown) -> None:
    """The job ran another image than the built-in k-means."""
    env.seen(
        "training_job",
        lambda seen: replace(
            seen, image="123456789012.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", image_is_builtin=False
        ),
    )


@shown("sagemaker", "kmeans.trained")
def k_in_a_tuning_only(env: Shown) -> None:
    """k=10 was given to a hyperparameter tuning only, not to the job itself."""
    env.seen(
        "training_job",
        lambda seen: replace(seen, hyperparameters={n: v for n, v in seen.hyperparameters.items() if n != "k"}),
    )


@shown("sagemaker", "kmeans.trained")
def feature_dim_of_another_job(env: Shown) -> None:
    """The job was given a feature_dim of 785, the label's column included."""
    env.seen(
        "training_job",
        lambda seen: replace(seen, hyperparameters={**seen.hyperparameters, "feature_dim": "785"}),
    )


@shown("sagemaker", "kmeans.trained")
def few_centroids(env: Shown) -> None:
    """The artifact holds 9 centroids."""
    env.seen("training_job", lambda seen: replace(seen, centroids=(9, 784)))


def spoilt_model(env: Environment, work: Callable[[Any, s3.Location], None]) -> None:
    """Change the artifact once the endpoint has been deployed and asked."""

    def spoil(job: str) -> None:
        for seen in (env.subject.sagemaker.predictions, env.subject.sagemaker.quality):
            seen()
        artifact = (training.describe(env.aws, job) or {})["ModelArtifacts"]["S3ModelArtifacts"]
        work(env.client("s3"), s3.Location.parse(artifact))

    own = env.subject.sagemaker
    original = own.trained
    env.instead("sagemaker.training_job", lambda: (spoil(original()), training.observe_job(env.aws, original()))[1])
    env.instead("sagemaker.deployed", lambda: _deployed(env))
    env.instead("sagemaker.quality", lambda: _quality(env, original()))


def _deployed(env: Environment) -> str:
    own = env.subject.sagemaker
    own.trained()
    own._deploy()
    return own.name


def _quality(env: Environment, job: str) -> Any:
    from harness.aws import quality

    artifact = (training.describe(env.aws, job) or {})["ModelArtifacts"]["S3ModelArtifacts"]
    model = training.read_model(env.aws, artifact)
    assert model.centroids is not None, model.problem
    return quality.observe(env.subject.sagemaker.digits(), model.centroids, env.context.run_dir / "pictures")


@fault("sagemaker", "kmeans.trained")
def artifact_deleted(env: Environment) -> None:
    """The model artifact was deleted from S3 after it had been deployed."""
    spoilt_model(env, lambda client, place: client.delete_object(Bucket=place.bucket, Key=place.key))


@fault("sagemaker", "kmeans.trained")
def artifact_overwritten(env: Environment) -> None:
    """The model artifact was overwritten with something that is no model."""
    spoilt_model(env, lambda client, place: client.put_object(Bucket=place.bucket, Key=place.key, Body=b"no model"))


# The endpoint.


def older_model(env: Environment) -> str:
    """Train another model; returns its artifact."""
    own, name = env.subject.sagemaker, "older"
    example = own.example()
    own._once_assumable(lambda: example.fit(name))
    seen = until("the older job has ended", lambda: training.describe(env.aws, name), timeout=60,
                 is_done=lambda seen: bool(seen) and seen["TrainingJobStatus"] != "InProgress")  # fmt: skip
    return str((seen or {})["ModelArtifacts"]["S3ModelArtifacts"])


@fault("sagemaker", "kmeans.endpoint", "kmeans.resources")
def endpoint_of_an_older_model(env: Environment) -> None:
    """The endpoint serves the model of an older job."""

    def deployed() -> None:
        own = env.subject.sagemaker
        example, job = own.example(), own.name
        older_model(env)
        example._job = "older"
        example.deploy(own.name)
        example._job = job

    env.subject.sagemaker._deploy = deployed  # type: ignore[method-assign]


@fault("sagemaker", "kmeans.endpoint")
def endpoint_failed(env: Environment) -> None:
    """The endpoint has failed."""
    env.after("sagemaker.endpoint", lambda seen: replace(seen, status="Failed", failure="the container died"))


@fault("sagemaker", "kmeans.endpoint")
def endpoint_deleted_too_early(env: Environment) -> None:
    """The endpoint was deleted while it was to be shown."""
    env.after(
        "sagemaker.endpoint",
        lambda seen: replace(seen, status="Deleting"),
    )


@shown("sagemaker", "kmeans.endpoint")
def endpoint_without_a_job(env: Shown) -> None:
    """The job that the endpoint's model should come from left no artifact."""
    env.seen("endpoint", lambda seen: replace(seen, job_artifact="", artifacts=("",)))


@shown("sagemaker", "kmeans.endpoint")
def two_models_behind_one_endpoint(env: Shown) -> None:
    """The endpoint has a second variant with the model of somebody else."""
    env.seen(
        "endpoint",
        lambda seen: replace(seen, models=("a", "b"), artifacts=(*seen.artifacts, "s3://other/model.tar.gz")),
    )


# What it predicts.


def _answers(change: Callable[[Any], Any]) -> Callable[[Shown], None]:
    def apply(env: Shown) -> None:
        env.seen(
            "predictions",
            lambda seen: replace(seen, answers=tuple(change(answer) for answer in seen.answers)),
        )

    return apply


for name, sentence, change in (
    ("answers-that-change", "The endpoint answers the same digit differently each time.",
     lambda answer: replace(answer, again=(answer.cluster, answer.distance + 5))),
    ("negative-distances", "The endpoint answers negative distances.",
     lambda answer: replace(answer, distance=-1.0, again=(answer.cluster, -1.0))),
    ("cluster-that-is-not-there", "The endpoint answers a cluster 10.",
     lambda answer: replace(answer, cluster=10.0, again=(10.0, answer.distance))),
    ("another-cluster", "The endpoint answers a cluster that is not the nearest.",
     lambda answer: replace(answer, distance_there=answer.expected_distance + 3)),
    ("squared-distances", "The endpoint answers squared distances.",
     lambda answer: replace(answer, distance=answer.distance**2 + 2, again=(answer.cluster, answer.distance**2 + 2))),
):  # fmt: skip
    TABLE.show(name, sentence, _answers(change), "sagemaker", "kmeans.predicts")


@shown("sagemaker", "kmeans.predicts")
def endpoint_refuses(env: Shown) -> None:
    """The endpoint is in service, but refuses every request."""
    env.seen(
        "predictions",
        lambda seen: replace(seen, answers=(), alone=None, problem="ModelError: Received error (400) from model"),
    )


@shown("sagemaker", "kmeans.predicts")
def fewer_answers_than_digits(env: Shown) -> None:
    """The endpoint answers 99 of 100 digits."""
    env.seen("predictions", lambda seen: replace(seen, answers=seen.answers[:-1]))


@shown("sagemaker", "kmeans.quality")
def clusters_by_chance(env: Shown) -> None:
    """The clusters tell digits apart no better than chance."""
    env.seen("quality", lambda seen: replace(seen, purity=0.14))


@shown("sagemaker", "kmeans.quality")
def almost_by_chance(env: Shown) -> None:
    """The clusters tell digits apart a little better than chance."""
    env.seen("quality", lambda seen: replace(seen, purity=0.39))


@fault("sagemaker", "kmeans.resources")
def endpoint_configuration_deleted(env: Environment) -> None:
    """The endpoint's configuration was deleted right after the deployment."""

    def deleted(_: Any) -> None:
        env.subject.sagemaker.predictions()
        env.client("sagemaker").delete_endpoint_config(EndpointConfigName=env.subject.sagemaker.name)

    env.before("sagemaker.resources", lambda: deleted(None))


@fault("sagemaker", "kmeans.resources")
def model_deleted(env: Environment) -> None:
    """The model was deleted while its endpoint serves it."""

    def deleted(_: Any) -> None:
        env.subject.sagemaker.predictions()
        env.client("sagemaker").delete_model(ModelName=env.subject.sagemaker.name)

    env.before("sagemaker.resources", lambda: deleted(None))


@shown("sagemaker", "kmeans.resources")
def model_of_something_else(env: Shown) -> None:
    """The model that is found serves something else than the job left."""
    env.seen("resources", lambda seen: replace(seen, broken_links=("model m serves nothing",)))


TABLE.add("more-epochs", "The job trained with more epochs and extra centres.",
          settings(epochs="3", extra_center_factor="4"), "sagemaker")  # fmt: skip
TABLE.add("kmeans-plus-plus", "The job trained with k-means++.", settings(init_method="kmeans++"), "sagemaker")


@right("sagemaker")
def one_training_instance(env: Environment) -> None:
    """The job trained on one instance."""
    asked(env, lambda request: request["ResourceConfig"].update(InstanceCount=1))


@right("sagemaker")
def other_instance_type(env: Environment) -> None:
    """The job trained on an ml.m5.large."""
    asked(env, lambda request: request["ResourceConfig"].update(InstanceType="ml.m5.large"))


@right("sagemaker")
def other_names(env: Environment) -> None:
    """Job, model and endpoint have a name of their own choosing."""
    env.subject.sagemaker.name = "my-digits-endpoint"


@right("sagemaker")
def older_job_besides(env: Environment) -> None:
    """There is an older job besides, whose model nobody serves."""
    env.before("sagemaker.served", lambda: (env.subject.sagemaker.trained(), older_again(env)))


def older_again(env: Environment) -> None:
    """Train another model, and go on with the first."""
    own = env.subject.sagemaker
    older_model(env)
    own.example()._job = own.name


@right("sagemaker")
def asked_by_csv(env: Environment) -> None:
    """The endpoint is asked with CSV and boto3, not with the SDK's predictor."""
    own = env.subject.sagemaker
    own.ask = lambda: lambda rows: hosting.ask_csv(env.aws, own.name, rows)  # type: ignore[method-assign]


# What students also do.


@fault("sagemaker", "kmeans.quality")
def trained_on_noise(env: Environment) -> None:
    """The rows were shuffled pixel by pixel before the upload, so that the model has learnt noise."""

    def upload(self: DirectExample, rows: Any) -> str:
        noise = np.random.default_rng(1).permuted(rows, axis=1)
        return DirectExample.upload(self, noise)

    run_by(env, upload=upload)


TABLE.elsewhere("all-in-frankfurt", "The example was run in Frankfurt.", "eu-central-1", "sagemaker")


@fault("sagemaker", "kmeans.training-data")
def shard_as_csv(env: Environment) -> None:
    """One of the two objects was replaced by CSV."""
    replaced(env, lambda key: b"0,0,0.5\n" if key.endswith("matrix_1.pbr") else b"")


@shown("sagemaker", "kmeans.trained")
def stopped_with_a_model(env: Shown) -> None:
    """The job was stopped by hand, and saved what it had learnt until then."""
    env.seen("training_job", lambda seen: replace(seen, status="Stopped"))


# What they train on.


def trained_on(env: Environment, change: Callable[[Any], Any]) -> None:
    """Upload other digits than those of the example."""
    run_by(env, upload=lambda self, rows: DirectExample.upload(self, change(rows)))


@fault("sagemaker", "kmeans.training-data", "kmeans.trained", "kmeans.predicts")
def trained_on_small_digits(env: Environment) -> None:
    """The job was trained on digits of 8 by 8, so that the endpoint refuses those of 28 by 28."""
    trained_on(env, lambda rows: rows.reshape(-1, 28, 28)[:, 2:26:3, 2:26:3].reshape(-1, 64))


for name, sentence, ink in (
    ("greys-up-to-255", "The pixels of the digits were not divided by 255.", 255),
    ("greys-up-to-16", "The pixels of the digits were not divided by 16.", 16),
):
    TABLE.add(name, sentence, lambda env, ink=ink: trained_on(env, lambda rows: rows * ink), "sagemaker")
