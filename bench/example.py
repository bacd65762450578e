"""The k-means example with the SageMaker SDK, bare: its waits poll quickly, nothing overlaps.

    python bench/example.py REGION

Run with AWS's environment variables only.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"

import boto3
import numpy as np
import sagemaker
from sagemaker import KMeans

from harness.digits import load

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
SETTLED = ("Completed", "InService", "Stopped", "Failed")


def wait(describe: Callable[[], Any], key: str) -> None:
    """Poll until the status has settled; a failure ends the script."""
    while (status := describe()[key]) not in SETTLED:
        time.sleep(0.02)
    if status == "Failed":
        raise SystemExit(str(describe()))


def main(region: str) -> None:
    """Train, deploy, predict one row and a hundred, and clean up."""
    boto = boto3.Session(region_name=region)
    client, iam, s3 = boto.client("sagemaker"), boto.client("iam"), boto.client("s3")
    role = iam.create_role(RoleName="sagemaker", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="sagemaker", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    client.create_notebook_instance(NotebookInstanceName="n", InstanceType="ml.t3.medium", RoleArn=role)
    # Asked for its default bucket's name, the SDK goes to AWS's own STS, whatever the endpoint.
    session = sagemaker.Session(boto, default_bucket=f"sagemaker-{region}-bench")
    bucket = session.default_bucket()
    digits = load()
    estimator = KMeans(
        role=role, instance_count=2, instance_type="ml.c4.xlarge", k=10, sagemaker_session=session,
        output_path=f"s3://{bucket}/kmeans_example/output", data_location=f"s3://{bucket}/kmeans_highlevel_example/data",
    )  # fmt: skip
    estimator.fit(estimator.record_set(digits.images), wait=False, job_name="job")
    wait(lambda: client.describe_training_job(TrainingJobName="job"), "TrainingJobStatus")
    predictor = estimator.deploy(1, "ml.m4.xlarge", wait=False, endpoint_name="endpoint")
    wait(lambda: client.describe_endpoint(EndpointName="endpoint"), "EndpointStatus")
    predictor.predict(np.asarray(digits.images[:1]))
    predictor.predict(np.asarray(digits.images[:100]))
    predictor.delete_model()
    predictor.delete_endpoint(delete_endpoint_config=True)
    wait(lambda: client.describe_notebook_instance(NotebookInstanceName="n"), "NotebookInstanceStatus")
    client.create_presigned_notebook_instance_url(NotebookInstanceName="n")
    client.stop_notebook_instance(NotebookInstanceName="n")
    wait(lambda: client.describe_notebook_instance(NotebookInstanceName="n"), "NotebookInstanceStatus")
    client.delete_notebook_instance(NotebookInstanceName="n")
    keys = [{"Key": found["Key"]} for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
    s3.delete_bucket(Bucket=bucket)


if __name__ == "__main__":
    main(sys.argv[1])
