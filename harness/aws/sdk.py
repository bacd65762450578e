"""The k-means example through the SageMaker Python SDK, which runs in a process of its own.

Importing the SDK takes seconds, in which this process would do nothing else; its settings files, telemetry, log lines
and warnings are its own as well. The process ends with its standard input, so it never outlives this one.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from harness import ahead, worker
from harness.aws import s3
from harness.aws.hosting import Pair
from harness.aws.kmeans import Settings
from harness.aws.session import Aws
from harness.clusters import Array
from harness.errors import TimedOut
from harness.worker import Worker

WORKER = "harness.aws.sdk_worker"

# "Configuring and using defaults with the SageMaker Python SDK": one file in place of the machine's and the user's.
# It is empty, because each look into one that is not costs the SDK 0.2 s, and it looks fifty times; what it could turn
# off, telemetry, the methods that are called here do not send.
SDK_SETTINGS = "{}\n"


class SdkError(ValueError):
    """Says what the SDK raised, where it was not AWS's own error."""


class SdkProcess:
    """The process that the SDK runs in; it begins to import it at once.

    ``environment`` is all that it sees of this machine's. ``directory`` is the run's own and takes what goes over, and
    the SDK's log. ``patience`` is how many seconds a step may take. ``close()`` ends the process.
    """

    def __init__(self, environment: Mapping[str, str], directory: Path, patience: float) -> None:
        self.directory = directory
        self.patience = patience
        directory.mkdir(parents=True, exist_ok=True)
        self.environment = {**environment, **_sdk_settings(directory)}
        log = ahead.log_of(WORKER, directory)
        process = ahead.take(WORKER, directory) or worker.start(WORKER, self.environment, directory, log)
        self._worker = Worker(process)
        self.close = self._worker.close

    def do(self, what: str, **arguments: Any) -> Any:
        """Have the worker do something and return its answer.

        Raises botocore's ``ClientError`` as AWS said it, :class:`SdkError` for anything else that the SDK raised,
        :class:`~harness.errors.TimedOut`, and ``RuntimeError`` where the process has ended.
        """
        try:
            answer = self._worker.ask({"do": what, **arguments}, self.patience)
        except TimeoutError:
            raise TimedOut(f"the SageMaker SDK has done {what}", self.patience, "no answer") from None
        if answer is None:
            raise RuntimeError(f"the SageMaker SDK's process ended; its last words are in {self.directory / 'sdk.log'}")
        if "error" in answer:
            raise _raised(answer["error"])
        return answer["ok"]

    @contextlib.contextmanager
    def handed(self, rows: Array) -> Iterator[str]:
        """Write an array where the worker finds it, yield the path, and remove it again."""
        path = self.directory / f"{secrets.token_hex(4)}.npy"
        try:
            np.save(path, rows.astype(np.float32), allow_pickle=False)
            yield str(path)
        finally:
            path.unlink(missing_ok=True)


class SdkExample:
    """Runs the example with the SDK's ``KMeans``, acting as ``aws`` does; see :class:`harness.aws.kmeans.Example`."""

    def __init__(self, process: SdkProcess, aws: Aws, settings: Settings) -> None:
        self.process = process
        self.settings = settings
        bucket, environment = s3.Location.parse(settings.data).bucket, {**process.environment, **_identity(aws)}
        process.do(
            "start", environment=environment, bucket=bucket, role=settings.role,
            tags=settings.tags, k=settings.k, instance_count=settings.training_count,
            instance_type=settings.training_type, data_location=settings.data, output_path=settings.output,
        )  # fmt: skip

    def upload(self, rows: Array) -> str:
        """Write rows to S3 with ``record_set``."""
        with self.process.handed(rows) as path:
            uri: str = self.process.do("upload", rows=path)
        return uri

    def fit(self, job: str) -> None:
        """Begin the training job with ``fit``."""
        self.process.do("fit", job=job)

    def deploy(self, name: str) -> None:
        """Create model, configuration and endpoint with ``deploy``."""
        self.process.do("deploy", name=name, instance_type=self.settings.endpoint_type)

    def predict(self, rows: Array) -> tuple[Pair, ...]:
        """Ask the endpoint with ``predict``."""
        with self.process.handed(rows) as path:
            said = self.process.do("predict", rows=path)
        return tuple((cluster, distance) for cluster, distance in said)

    def close(self) -> None:
        """End the SDK's process."""
        self.process.close()


def _raised(told: dict[str, Any]) -> Exception:
    """Return the error that the SDK's process told of; AWS's own is what boto3 would have raised here."""
    if "aws" in told:
        metadata = {"HTTPStatusCode": told["aws"]["status"]}
        answer = {"Error": told["aws"]["Error"], "ResponseMetadata": metadata}
        error: Exception = ClientError(answer, told["aws"]["operation"])
        return error
    return SdkError(f"the SageMaker SDK raised {told['type']}: {told['message']}")


def _identity(aws: Aws) -> dict[str, str]:
    """Return the environment that makes the SDK act as ``aws`` does."""
    keys = aws.session.get_credentials().get_frozen_credentials()
    named = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
        "AWS_DEFAULT_REGION": aws.region,
        "AWS_ENDPOINT_URL": aws.cloud.endpoint_url,
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "5",
    }
    return {name: value for name, value in named.items() if value}


def _sdk_settings(directory: Path) -> dict[str, str]:
    path = directory / "sdk.yaml"
    path.write_text(SDK_SETTINGS, encoding="utf-8")
    return {
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(path),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(path),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
