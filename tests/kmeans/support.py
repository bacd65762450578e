"""An account with a bucket and a role, in which the offline SageMaker can be tried alone."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import numpy as np
from botocore.exceptions import ClientError

from harness import recordio
from harness.cloud import Cloud
from harness.waiting import until

REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = "kmeans-bucket"
IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"
WIDTH = 4
_POINTS = np.random.default_rng(7).normal(0, 0.1, (60, WIDTH)).astype(np.float32)
ROWS = _POINTS + np.repeat(np.eye(WIDTH, dtype=np.float32)[:3] * 10, 20, axis=0)
"""Three clouds of 20 points each, far apart."""


@dataclass(frozen=True)
class Account:
    """An account of the offline cloud, and what the tests do in it."""

    cloud: Cloud
    role: str

    def client(self, service: str) -> Any:
        owner = self.cloud.owner
        return _client(service, self.cloud.endpoint_url, owner.access_key, owner.secret_key)

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    def put(self, key: str, content: bytes) -> str:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def put_rows(self, name: str, rows: Any = ROWS, shards: int = 1) -> str:
        """Write rows as record-io protobuf, in shards; returns their prefix."""
        for number in range(shards):
            self.put(f"{name}/matrix_{number}.pbr", recordio.encode_matrix(rows[number::shards]))
        return f"s3://{BUCKET}/{name}/"

    def train(self, name: str, **changes: Any) -> dict[str, Any]:
        """Run a training job to its end and return its description."""
        self.sagemaker.create_training_job(**self.job(name, **changes))
        return self.ended(name)

    def ended(self, name: str) -> dict[str, Any]:
        sagemaker = self.sagemaker
        return until(
            f"{name} has ended",
            lambda: sagemaker.describe_training_job(TrainingJobName=name),
            timeout=60,
            is_done=lambda job: job["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"},
        )

    def job(self, name: str, *, data: str = "", channels: Any = None, settings: Any = None, **changes: Any) -> Any:
        """Return a request for a training job that works, but for the changes."""
        return {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"k": "3", "feature_dim": str(WIDTH)} | (settings or {}),
            "InputDataConfig": channels or [channel(data or self.put_rows("rows"))],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
            "ResourceConfig": {"InstanceType": "ml.c4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        } | changes

    def create_model(self, name: str, artifact: str, **changes: Any) -> None:
        container = {"Image": IMAGE, "ModelDataUrl": artifact}
        request = {"ModelName": name, "ExecutionRoleArn": self.role, "PrimaryContainer": container} | changes
        self.sagemaker.create_model(**request)

    def create_config(self, name: str, model: str, **changes: Any) -> None:
        variant = {
            "VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.m4.xlarge", "InitialInstanceCount": 1,
        } | changes  # fmt: skip
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])

    def deploy(self, name: str, artifact: str) -> None:
        """Deploy an artifact; model, configuration and endpoint have one name."""
        self.create_model(name, artifact)
        self.create_config(name, name)
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until an endpoint is neither created nor updated any more, and return its description."""
        sagemaker = self.sagemaker
        return until(
            f"{name} is settled",
            lambda: sagemaker.describe_endpoint(EndpointName=name),
            timeout=10,
            is_done=lambda endpoint: endpoint["EndpointStatus"] in {"InService", "Failed"},
        )

    def notebook_status(self, name: str, awaited: str) -> str:
        sagemaker = self.sagemaker
        return until(
            f"notebook instance {name} is {awaited}",
            lambda: sagemaker.describe_notebook_instance(NotebookInstanceName=name)["NotebookInstanceStatus"],
            timeout=10,
            is_done=lambda status: status == awaited,
        )


def channel(uri: str, name: str = "train", **changes: Any) -> dict[str, Any]:
    """Return a channel that reads what begins with an S3 URI."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    for key in [key for key in changes if key in source]:
        source[key] = changes.pop(key)
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}} | changes


@functools.cache
def _client(service: str, url: str, key: str, secret: str) -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret
    )


def create_account(cloud: Cloud) -> Account:
    """Make the account's bucket and role."""
    account = Account(cloud, "")
    account.client("s3").create_bucket(Bucket=BUCKET)
    return Account(cloud, create_role(account, "execution", "sagemaker.amazonaws.com"))


def create_role(account: Account, name: str, service: str, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """Return the code and message with which a call is refused."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("the call was not refused")
