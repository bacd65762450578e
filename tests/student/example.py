"""The k-means example as the homework's notebook has it, with the SageMaker Python SDK: ``example.py ROLE_ARN``."""

from __future__ import annotations

import os
import sys

os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"

import boto3
import numpy as np
from sagemaker import KMeans, Session
from sklearn.datasets import load_digits


def main(role: str) -> None:
    """Upload the digits, train, deploy and predict."""
    small = load_digits().images.astype(np.float32) / 16
    train = np.pad(small.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2))).reshape(-1, 784)
    # The SDK would look the account up at AWS's own address, whatever AWS_ENDPOINT_URL says.
    here = boto3.Session()
    account = here.client("sts").get_caller_identity()["Account"]
    bucket = f"sagemaker-{here.region_name}-{account}"
    here.client("s3").create_bucket(Bucket=bucket)
    session = Session(default_bucket=bucket)
    aws = session.sagemaker_client
    kmeans = KMeans(
        role=role,
        instance_count=2,
        instance_type="ml.c4.xlarge",
        output_path=f"s3://{bucket}/kmeans_example/output",
        k=10,
        data_location=f"s3://{bucket}/kmeans_highlevel_example/data",
        sagemaker_session=session,
    )
    kmeans.fit(kmeans.record_set(train), wait=False)
    # The SDK's own waiting begins with half a minute of sleep.
    job = kmeans.latest_training_job.name
    aws.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=job, WaiterConfig={"Delay": 1})
    predictor = kmeans.deploy(initial_instance_count=1, instance_type="ml.m4.xlarge", wait=False)
    aws.get_waiter("endpoint_in_service").wait(EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1})
    assert len(predictor.predict(train[:100])) == 100


if __name__ == "__main__":
    main(sys.argv[1])
