"""The k-means example: what it needs to be told, who can run it, and how it is run with boto3 alone.

There are two ways to run it, with the same methods: :class:`harness.aws.sdk.SdkExample` through the SageMaker Python
SDK, as AWS's notebook does, and :class:`DirectExample` without. The SDK's version 2, the last that has ``KMeans``, is
maintained until 2027-07-05 (its release notes); from then on the second way is the one that lasts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from harness import recordio
from harness.aws import hosting, s3
from harness.aws.hosting import Pair
from harness.aws.sagemaker import tag_list
from harness.aws.session import Aws
from harness.builtin_images import kmeans_image
from harness.clusters import Array
from harness.errors import CloudTrouble

MANIFEST_NAME = ".amazon.manifest"
VOLUME_GB = 30
LONGEST = 24 * 60 * 60
"""Seconds after which SageMaker ends a training job by itself; both as the SDK asks for them."""


@dataclass(frozen=True)
class Settings:
    """What the example is run with: ``role`` is an ARN, ``data`` and ``output`` are S3 URIs."""

    role: str
    k: int
    training_type: str
    training_count: int
    endpoint_type: str
    data: str
    output: str
    tags: dict[str, str]


class Example(Protocol):
    """Runs the example step by step; no step waits for what it begins. Raises botocore's ``ClientError``."""

    def upload(self, rows: Array) -> str:
        """Write rows to S3 as record-io protobuf, a shard per instance; returns the URI of their manifest."""

    def fit(self, job: str) -> None:
        """Begin a training job of that name on what was uploaded."""

    def deploy(self, name: str) -> None:
        """Create model, endpoint configuration and endpoint of that name for the job, which must have completed."""

    def predict(self, rows: Array) -> tuple[Pair, ...]:
        """Have the endpoint, which must be in service, say each row's cluster and its distance from the centroid."""

    def close(self) -> None:
        """Let go of what running the example needed on this machine."""


class DirectExample:
    """Runs the example with boto3 and the formats of :mod:`harness.recordio` and CSV."""

    def __init__(self, aws: Aws, settings: Settings) -> None:
        self.aws = aws
        self.settings = settings
        image = kmeans_image(aws.region)
        if image is None:
            raise CloudTrouble(f"SageMaker has no built-in k-means in {aws.region}")
        self._image = image
        self._manifest = self._name = self._job = ""
        self._width = 0

    def upload(self, rows: Array) -> str:
        """Write rows to S3; see :class:`Example`."""
        prefix = self.settings.data.rstrip("/") + "/KMeans-direct/"
        names = [f"matrix_{number}.pbr" for number in range(self.settings.training_count)]
        for name, shard in zip(names, np.array_split(rows.astype(np.float32), len(names)), strict=True):
            self._put(prefix + name, recordio.encode_matrix(shard))
        self._manifest, self._width = prefix + MANIFEST_NAME, rows.shape[1]
        self._put(self._manifest, json.dumps([{"prefix": prefix}, *names]).encode())
        return self._manifest

    def _put(self, uri: str, body: bytes) -> None:
        place = s3.Location.parse(uri)
        self.aws.client("s3").put_object(Bucket=place.bucket, Key=place.key, Body=body)

    def fit(self, job: str) -> None:
        """Begin the training job; see :class:`Example`."""
        self.aws.client("sagemaker").create_training_job(TrainingJobName=job, **self.request())
        self._job = job

    def request(self) -> dict[str, Any]:
        """Return what the training job is asked for, its name left out."""
        source = {
            "S3DataType": "ManifestFile", "S3Uri": self._manifest, "S3DataDistributionType": "ShardedByS3Key",
        }  # fmt: skip
        return {
            "RoleArn": self.settings.role,
            "AlgorithmSpecification": {"TrainingImage": self._image, "TrainingInputMode": "File"},
            "HyperParameters": {"k": str(self.settings.k), "feature_dim": str(self._width), "force_dense": "True"},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            "OutputDataConfig": {"S3OutputPath": self.settings.output},
            "ResourceConfig": {
                "InstanceType": self.settings.training_type,
                "InstanceCount": self.settings.training_count,
                "VolumeSizeInGB": VOLUME_GB,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": LONGEST},
            "Tags": tag_list(self.settings.tags),
        }

    def deploy(self, name: str) -> None:
        """Create model, configuration and endpoint; see :class:`Example`."""
        sagemaker, tags = self.aws.client("sagemaker"), tag_list(self.settings.tags)
        artifact = sagemaker.describe_training_job(TrainingJobName=self._job)["ModelArtifacts"]["S3ModelArtifacts"]
        container = {"Image": self._image, "ModelDataUrl": artifact}
        sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.settings.role, Tags=tags
        )
        variant = {
            "VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1,
            "InstanceType": self.settings.endpoint_type,
        }  # fmt: skip
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
        self._name = name

    def predict(self, rows: Array) -> tuple[Pair, ...]:
        """Ask the endpoint; see :class:`Example`."""
        return hosting.ask_csv(self.aws, self._name, rows)

    def close(self) -> None:
        """Do nothing: boto3 alone holds nothing."""
