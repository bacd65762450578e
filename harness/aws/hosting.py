"""Models, endpoint configurations, endpoints: what an endpoint serves, and what it answers."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from harness import clusters
from harness.aws import s3, training
from harness.aws.sagemaker import look_up, tag_list
from harness.aws.session import Aws
from harness.clusters import Array
from harness.evidence import Evidence
from harness.facts.kmeans import Answer, Endpoint, Predictions, Resources

Pair = tuple[float, float]
"""A cluster and the distance to its centroid, as the endpoint said them."""

Ask = Callable[[Array], tuple[Pair, ...]]

REFUSALS = frozenset({"ModelError", "ValidationError", "ValidationException"})
"""What an endpoint answers that does not like the question, or is not there."""

IN_SERVICE = frozenset({"InService"})


def describe_endpoint(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return what SageMaker says of an endpoint, or ``None``."""
    return look_up(aws.client("sagemaker").describe_endpoint, EndpointName=name)


def describe_config(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return what SageMaker says of an endpoint configuration, or ``None``."""
    return look_up(aws.client("sagemaker").describe_endpoint_config, EndpointConfigName=name)


def describe_model(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return what SageMaker says of a model, or ``None``."""
    return look_up(aws.client("sagemaker").describe_model, ModelName=name)


def create_endpoint(aws: Aws, name: str, tags: Mapping[str, str]) -> None:
    """Create an endpoint with the configuration of the same name; it takes minutes until it serves."""
    aws.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tag_list(dict(tags)))


def models_of(aws: Aws, config: str) -> tuple[str, ...]:
    """Return the models of a configuration's variants; none where it is absent."""
    variants = (describe_config(aws, config) or {}).get("ProductionVariants", [])
    return tuple(variant["ModelName"] for variant in variants if "ModelName" in variant)


def artifacts_of(aws: Aws, model: str) -> tuple[str, ...]:
    """Return the S3 URIs of what a model's containers serve."""
    seen = describe_model(aws, model) or {}
    containers = [seen.get("PrimaryContainer", {}), *seen.get("Containers", [])]
    found = (c.get("ModelDataUrl") or _source(c) for c in containers)
    return tuple(uri for uri in found if uri)


def _source(container: dict[str, Any]) -> str:
    uri: str = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
    return uri


def observe_endpoint(aws: Aws, name: str, job: str) -> Endpoint | None:
    """Return the facts of an endpoint that should serve the model of ``job``, or ``None`` where it is absent."""
    seen = describe_endpoint(aws, name)
    if seen is None:
        return None
    config = seen.get("EndpointConfigName", "")
    models = models_of(aws, config)
    artifacts = tuple(uri for model in models for uri in artifacts_of(aws, model))
    wanted = ((training.describe(aws, job) or {}).get("ModelArtifacts") or {}).get("S3ModelArtifacts", "")
    return Endpoint(
        name=name,
        status=seen["EndpointStatus"],
        failure=seen.get("FailureReason", ""),
        config=config,
        models=models,
        artifacts=artifacts,
        job=job,
        job_artifact=wanted,
        evidence=(
            Evidence("api", f"sagemaker describe-endpoint {name}", f"{seen['EndpointStatus']}, configuration {config}"),
            Evidence(
                "api", f"sagemaker describe-endpoint-config {config}", "serves " + (", ".join(models) or "no model")
            ),
            *(Evidence("api", f"sagemaker describe-model {model}", ", ".join(artifacts)) for model in models),
        ),
    )


def ask_csv(aws: Aws, endpoint: str, rows: Array) -> tuple[Pair, ...]:
    """Have an endpoint predict rows, sent as CSV and answered as JSON; raises botocore's ``ClientError``.

    AWS, "K-Means Response Formats".
    """
    text = io.StringIO()
    np.savetxt(text, rows, delimiter=",", fmt="%.9g")  # nine digits are enough for any float32
    answer = aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Accept="application/json", Body=text.getvalue().encode()
    )
    said = json.loads(answer["Body"].read())
    return tuple((float(each["closest_cluster"]), float(each["distance_to_cluster"])) for each in said["predictions"])


def served_model(aws: Aws, endpoint: str) -> training.Model:
    """Read the model that an endpoint serves."""
    seen = describe_endpoint(aws, endpoint) or {}
    served = [uri for model in models_of(aws, seen.get("EndpointConfigName", "")) for uri in artifacts_of(aws, model)]
    return training.read_model(aws, served[0] if served else "")


def observe_predictions(aws: Aws, endpoint: str, rows: Array, ask: Ask | None = None) -> Predictions:
    """Have an endpoint predict the first row, then all rows, then all again; return what it said and should have.

    ``ask`` is the subject's own way of asking; what comes after the first two is asked with :func:`ask_csv`. What the
    endpoint should say follows from the model that it serves.
    """
    first_way = ask or functools.partial(ask_csv, aws, endpoint)
    model = served_model(aws, endpoint)
    alone: Pair | None = None
    first: tuple[Pair, ...] = ()
    second: tuple[Pair, ...] = ()
    problem = model.problem
    try:
        alone = next(iter(first_way(rows[:1])), None)
        first = first_way(rows)
        second = ask_csv(aws, endpoint, rows)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSALS:
            raise
        problem = f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    except (ValueError, KeyError, TypeError) as error:
        problem = f"the answer cannot be read: {error!r}"
    return Predictions(
        endpoint=endpoint,
        model=model.artifact,
        asked=len(rows),
        k=model.shape[0] if model.shape else 0,
        alone=alone,
        answers=_answers(first, second, rows, model.centroids),
        problem=problem,
        evidence=(Evidence("api", f"sagemaker-runtime invoke-endpoint {endpoint}", problem or _said(first)),),
    )


def _answers(first: Sequence[Pair], second: Sequence[Pair], rows: Array, centroids: Array | None) -> tuple[Answer, ...]:
    if centroids is None or centroids.shape[1] != rows.shape[1]:
        return tuple(Answer(*one, two, -1, -1.0, -1.0) for one, two in zip(first, second, strict=False))
    each = clusters.distances(rows, centroids)
    return tuple(
        Answer(
            cluster=one[0],
            distance=one[1],
            again=two,
            expected=int(each[row].argmin()),
            expected_distance=float(each[row].min()),
            distance_there=float(each[row][int(one[0])]) if 0 <= int(one[0]) < len(centroids) else -1.0,
        )
        for row, (one, two) in enumerate(zip(first, second, strict=False))
    )


def _said(pairs: Sequence[Pair]) -> str:
    counted: dict[int, int] = {}
    for cluster, _ in pairs:
        counted[int(cluster)] = counted.get(int(cluster), 0) + 1
    shares = ", ".join(f"{cluster}: {count}" for cluster, count in sorted(counted.items()))
    return f"{len(pairs)} digits in clusters {shares}"


FOUND_BY = {"model": "endpoint configuration", "endpoint configuration": "endpoint", "bucket": "training job"}
"""What is named by what: where that is not there, of the other nothing is known."""


def observe_resources(aws: Aws, endpoint: str, job: str) -> Resources:
    """Look up what the example created, beginning at the endpoint and at the job, and see what belongs together."""
    seen_endpoint, seen_job = describe_endpoint(aws, endpoint), training.describe(aws, job)
    config = (seen_endpoint or {}).get("EndpointConfigName", "")
    models = models_of(aws, config) if config else ()
    artifact = ((seen_job or {}).get("ModelArtifacts") or {}).get("S3ModelArtifacts", "")
    bucket = s3.Location.parse(artifact).bucket if artifact else ""
    there = {
        "training job": job if seen_job else "",
        "model": models[0] if models and describe_model(aws, models[0]) else "",
        "endpoint configuration": config if config and describe_config(aws, config) else "",
        "endpoint": endpoint if seen_endpoint else "",
        "bucket": bucket if bucket and s3.has_bucket(aws, bucket) else "",
    }
    found = {kind: name for kind, name in there.items() if name}
    return Resources(
        found=found,
        absent=tuple(kind for kind, name in there.items() if not name and there.get(FOUND_BY.get(kind, ""), True)),
        broken_links=_broken(aws, found, artifact),
        evidence=tuple(Evidence("api", f"look up the {kind}", name or "not found") for kind, name in there.items()),
    )


def _broken(aws: Aws, found: dict[str, str], artifact: str) -> tuple[str, ...]:
    """Say which model does not serve what the job left; the other links are what the things were found by."""
    model = found.get("model", "")
    if not model or not artifact or artifact in artifacts_of(aws, model):
        return ()
    return (f"model {model} serves {', '.join(artifacts_of(aws, model)) or 'nothing'}, the job left {artifact}",)
