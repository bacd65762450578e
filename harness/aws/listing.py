"""What of SageMaker there is in a region, without what runs of this suite made."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.aws import sagemaker_kinds as kinds
from harness.aws.answers import pages, tags_of
from harness.aws.kinds import RUN_TAG
from harness.aws.session import Aws

NEWEST = 50
"""Training jobs that are looked at: a job cannot be deleted, so an account may have thousands."""


@dataclass(frozen=True)
class Job:
    """A training job as its description has it; ``data``, ``artifact`` and ``output`` are S3 URIs or empty."""

    name: str
    status: str
    image: str
    settings: dict[str, str]
    data: str
    artifact: str
    output: str


def find_jobs(aws: Aws) -> tuple[Job, ...]:
    """Return the newest training jobs, the newest first."""
    client = aws.client("sagemaker")
    listed = client.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", MaxResults=NEWEST)
    others = (job for job in listed["TrainingJobSummaries"] if not _is_ours(aws, job["TrainingJobArn"]))
    return tuple(_job(client.describe_training_job(TrainingJobName=job["TrainingJobName"])) for job in others)


def _job(seen: dict[str, Any]) -> Job:
    specification = seen.get("AlgorithmSpecification", {})
    sources = [channel["DataSource"].get("S3DataSource", {}) for channel in seen.get("InputDataConfig", [])]
    return Job(
        name=seen["TrainingJobName"],
        status=seen["TrainingJobStatus"],
        image=specification.get("TrainingImage") or specification.get("AlgorithmName", ""),
        settings=dict(seen.get("HyperParameters", {})),
        data=next((source["S3Uri"] for source in sources if "S3Uri" in source), ""),
        artifact=seen.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""),
        output=seen.get("OutputDataConfig", {}).get("S3OutputPath", ""),
    )


def _is_ours(aws: Aws, arn: str) -> bool:
    tags = pages(aws, "sagemaker", "list_tags", "Tags", ResourceArn=arn)
    return RUN_TAG in tags_of({"Tags": tags})


def _names(operation: str, key: str, item: str) -> Callable[[Aws], tuple[str, ...]]:
    """Return a function that lists names, the newest first."""

    def find(aws: Aws) -> tuple[str, ...]:
        listed = pages(aws, "sagemaker", operation, key, SortBy="CreationTime", SortOrder="Descending")
        return tuple(each[f"{item}Name"] for each in listed if not _is_ours(aws, each[f"{item}Arn"]))

    return find


find_endpoints = _names("list_endpoints", "Endpoints", "Endpoint")
find_configs = _names("list_endpoint_configs", "EndpointConfigs", "EndpointConfig")
find_models = _names("list_models", "Models", "Model")
find_notebooks = _names("list_notebook_instances", "NotebookInstances", "NotebookInstance")

DESCRIBED = {
    kinds.ENDPOINT: ("describe_endpoint", "EndpointName"),
    kinds.CONFIG: ("describe_endpoint_config", "EndpointConfigName"),
    kinds.MODEL: ("describe_model", "ModelName"),
    kinds.NOTEBOOK: ("describe_notebook_instance", "NotebookInstanceName"),
}


def created(aws: Aws, kind: str, name: str) -> datetime.datetime:
    """Return when a thing of a kind of the ledger was created."""
    operation, parameter = DESCRIBED[kind]
    moment: datetime.datetime = getattr(aws.client("sagemaker"), operation)(**{parameter: name})["CreationTime"]
    return moment
