"""The SageMaker Python SDK's ``KMeans``, as AWS's notebook uses it, driven line by line over a pipe.

This is the program of :class:`harness.aws.sdk.SdkExample`, run with ``python -m``. Each line of standard input is a
request, ``{"do": NAME, …}``, each line of standard output its answer, ``{"ok": …}`` or ``{"error": …}``. It ends when
standard input does, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO

import numpy as np
from botocore.exceptions import ClientError

Answer = dict[str, Any]


class Notebook:
    """What a notebook's kernel holds between its cells: the estimator, the uploaded records, the predictor."""

    def __init__(self) -> None:
        self.estimator: Any = None
        self.records: Any = None
        self.predictor: Any = None

    def start(self, *, environment: dict[str, str], bucket: str, tags: dict[str, str], **settings: Any) -> None:
        """Make the estimator, acting as who the environment says."""
        from sagemaker.amazon.kmeans import KMeans
        from sagemaker.session import Session

        os.environ.update(environment)
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.estimator = KMeans(sagemaker_session=Session(default_bucket=bucket), tags=pairs, **settings)

    def upload(self, *, rows: str) -> str:
        """Write the rows of a NumPy file to S3 with ``record_set``; returns the manifest's URI."""
        self.records = self.estimator.record_set(np.load(rows, allow_pickle=False))
        uri: str = self.records.s3_data
        return uri

    def fit(self, *, job: str) -> None:
        """Begin the training job with ``fit``, which else would sleep until it is done."""
        from sagemaker.estimator import _TrainingJob  # what ``fit`` keeps of a job, where the answer to it was lost

        with _there_already("ResourceInUse") as lost:
            self.estimator.fit(self.records, job_name=job, wait=False, logs=False)
        if lost:
            self.estimator.latest_training_job = _TrainingJob(self.estimator.sagemaker_session, job)  # type: ignore[no-untyped-call]

    def deploy(self, *, name: str, instance_type: str) -> None:
        """Create model, configuration and endpoint with ``deploy``, which else would sleep until it serves.

        Where an answer was lost and something is there already, what is missing is created, as ``deploy`` would have.
        """
        from sagemaker.amazon.kmeans import KMeansPredictor

        session = self.estimator.sagemaker_session
        with _there_already("already exist") as lost:
            self.predictor = self.estimator.deploy(
                initial_instance_count=1, instance_type=instance_type, endpoint_name=name, model_name=name, wait=False
            )
        if lost:
            with _there_already("already exist"):
                session.create_endpoint(name, name, tags=self.estimator.tags, wait=False)
            self.predictor = KMeansPredictor(name, session)  # type: ignore[no-untyped-call]

    def predict(self, *, rows: str) -> list[tuple[float, float]]:
        """Ask the endpoint with ``predict`` for the rows of a NumPy file: cluster and distance of each."""
        return [
            (_number(record, "closest_cluster"), _number(record, "distance_to_cluster"))
            for record in self.predictor.predict(np.load(rows, allow_pickle=False))
        ]


@contextlib.contextmanager
def _there_already(sign: str) -> Iterator[list[Exception]]:
    """Pass over AWS's answer that something of the run's own name is there, and yield where it is put."""
    lost: list[Exception] = []
    try:
        yield lost
    except ClientError as error:
        if sign not in f"{error.response['Error'].get('Code')}: {error.response['Error'].get('Message')}":
            raise
        lost.append(error)


def _number(record: Any, name: str) -> float:
    return float(record.label[name].float32_tensor.values[0])


def answer(notebook: Notebook, line: str) -> Answer:
    """Do what a request asks for; an exception becomes an answer."""
    request = json.loads(line)
    try:
        return {"ok": getattr(notebook, request.pop("do"))(**request)}
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is for the caller to judge
        return {"error": _told(error)}


def _told(error: Exception) -> Answer:
    """Return an error so that the other side can raise it again; AWS's own keep their code."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        operation = getattr(error, "operation_name", "")
        return {"aws": {"Error": response["Error"], "status": status, "operation": operation}}
    return {"type": type(error).__name__, "message": str(error)}


def serve(requests: queue.Queue[str], answers: TextIO) -> None:
    """Answer requests one after another, for ever."""
    _import()
    notebook = Notebook()
    while True:
        answers.write(json.dumps(answer(notebook, requests.get())) + "\n")
        answers.flush()


def _import() -> None:
    """Import the SDK, which takes seconds: a fifth less where nothing looks for garbage meanwhile."""
    gc.disable()
    importlib.import_module("sagemaker")
    gc.freeze()
    gc.enable()


def listen(lines: TextIO, requests: queue.Queue[str]) -> None:
    """Take requests until there are no more, and end the process: whoever asked is gone."""
    for line in lines:
        requests.put(line)
    os._exit(0)


def main() -> None:
    """Serve standard input and output; what the SDK prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=listen, args=(sys.stdin, requests), daemon=True).start()
    serve(requests, answers)


if __name__ == "__main__":
    main()
