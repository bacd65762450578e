"""The process that the SageMaker SDK runs in: what it is asked, what it answers, what it may see, and how it ends."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
from botocore.exceptions import ClientError

from harness.aws import s3, sagemaker, sdk, sdk_worker, training
from harness.aws.kmeans import Settings
from harness.aws.sdk import SdkError, SdkExample, SdkProcess
from harness.aws.session import Aws
from harness.errors import TimedOut
from harness.offline.cloud import OfflineCloud
from harness.waiting import until
from tests.offline.support import RecordingHosts

ROOT = Path(__file__).parents[2]


class Notebook:
    """Stands in for the worker's notebook."""

    def add(self, *, a, b):
        return a + b

    def refused(self):
        answer = {
            "Error": {"Code": "ValidationException", "Message": "no"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        raise ClientError(answer, "CreateModel")

    def broken(self):
        raise KeyError("closest_cluster")


def asked(what, **arguments):
    return json.loads(json.dumps(sdk_worker.answer(Notebook(), json.dumps({"do": what, **arguments}))))


def test_a_request_is_answered():
    assert asked("add", a=1, b=2) == {"ok": 3}


def test_an_error_of_aws_arrives_as_boto3_would_have_raised_it():
    with pytest.raises(ClientError, match=r"ValidationException.*CreateModel.*no") as raised:
        raise sdk._raised(asked("refused")["error"])
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_any_other_error_arrives_with_its_words():
    with pytest.raises(SdkError, match="raised KeyError: 'closest_cluster'"):
        raise sdk._raised(asked("broken")["error"])


def test_requests_wait_for_the_worker(monkeypatch):
    requests = queue.Queue()
    monkeypatch.setattr(sdk_worker.os, "_exit", lambda code: requests.put(f"exit {code}"))
    sdk_worker.listen(iter(["one\n", "two\n"]), requests)
    assert [requests.get_nowait() for _ in range(3)] == ["one\n", "two\n", "exit 0"]


@pytest.fixture
def outside():
    """Return a proxy that would be asked for whatever is not on this machine, and how often it was."""
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def count():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                calls.append(connection.recv(200))
                connection.close()

        thread = threading.Thread(target=count, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.fixture
def offline(tmp_path):
    with OfflineCloud(tmp_path / "cloud", hosts=RecordingHosts()) as offline:
        yield offline


def test_the_sdk_keeps_to_the_cloud_and_to_its_own_settings(offline, outside, tmp_path):
    """It does all that the example does, asks nobody else, and reads neither the user's settings nor their account."""
    proxy, calls = outside
    home = tmp_path / "home"
    (home / ".config" / "sagemaker").mkdir(parents=True)
    (home / ".config" / "sagemaker" / "config.yaml").write_text("this: is not a configuration")
    environment = {"HOME": str(home), "PATH": os.defpath}
    environment |= {
        "https_proxy": proxy,
        "http_proxy": proxy,
        "no_proxy": "127.0.0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    process = SdkProcess(environment, tmp_path / "sdk", patience=120)
    aws = Aws(offline.cloud, offline.cloud.owner)
    role = sagemaker.create_execution_role(aws, "sdk", {})
    s3.create_bucket(aws, "sagemaker-sdk", {})
    settings = Settings(role, 3, "ml.m5.large", 1, "ml.m5.large", "s3://sagemaker-sdk/in", "s3://sagemaker-sdk/out", {})
    example = SdkExample(process, aws, settings)
    rows = np.random.default_rng(4).random((30, 8))

    with pytest.raises(SdkError, match="SageMaker SDK raised"):
        process.do("predict", rows="/nowhere.npy")
    assert example.upload(rows).startswith("s3://sagemaker-sdk/in")
    example.fit("three")
    example.fit("three")  # an answer that was lost: the job is there and ours
    until("the job is done", lambda: training.observe_job(aws, "three").centroids == (3, 8), timeout=60)
    example.deploy("three")
    sagemaker.until_settled(
        "endpoint", lambda: aws.client("sagemaker").describe_endpoint(EndpointName="three"), "EndpointStatus",
        frozenset({"InService"}), timeout=60, every=0.05,
    )  # fmt: skip
    assert {cluster for cluster, _ in example.predict(rows)} <= {0.0, 1.0, 2.0}

    example.close()
    assert not calls
    log = (tmp_path / "sdk" / "sdk.log").read_text()
    assert str(home) not in log
    assert offline.cloud.owner.secret_key not in log
    with pytest.raises(RuntimeError, match="process ended"):
        process.do("fit", job="late")


def worker_of(directory):
    """Return the process of the worker that keeps its files there."""
    return next((p for p in psutil.process_iter() if _is_worker(p, directory)), None)


def _is_worker(process, directory):
    try:
        return "harness.aws.sdk_worker" in process.cmdline() and process.cwd() == str(directory)
    except psutil.Error:
        return False


def test_the_process_ends_when_the_one_that_asks_is_killed(tmp_path):
    program = "import sys; from pathlib import Path; from harness.aws.sdk import SdkProcess; "
    program += (
        "kept = SdkProcess({'PATH': '/bin'}, Path(sys.argv[1]), 60); print('ready', flush=True); sys.stdin.read()"
    )
    asking = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with asking:
        assert asking.stdout.readline() == "ready\n"
        worker = worker_of(tmp_path)
        asking.send_signal(signal.SIGKILL)
    until("the worker has ended", lambda: not worker.is_running() or worker.status() == "zombie", timeout=30)


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(tmp_path):
    process = SdkProcess({"PATH": os.defpath}, tmp_path, patience=0)
    try:
        with pytest.raises(TimedOut, match="the SageMaker SDK has done upload"):
            process.do("upload", rows="x")
    finally:
        process.close()


def test_a_process_that_ended_is_told_with_where_its_last_words_are(tmp_path):
    process = SdkProcess({"PATH": os.defpath}, tmp_path, patience=60)
    worker_of(tmp_path).kill()
    with pytest.raises(RuntimeError, match="process ended"):
        process.do("upload", rows="x")
    process.close()
