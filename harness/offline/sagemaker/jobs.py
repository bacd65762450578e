"""Training jobs: from CreateTrainingJob to the model in S3."""

from __future__ import annotations

import datetime
import math
import threading
import time
from typing import Any

from moto.core.utils import utcnow

from harness import ndarray

from . import hyperparameters
from .account import Account, split_uri
from .channels import check_sources, read_channels
from .errors import InUse, NotFound, Refused
from .images import check_image
from .platform import Platform
from .tasks import AlgorithmError, Channel, Outcome, Task
from .trainer import Worker, WorkerLost

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_METRIC = "#quality_metric: host=\\S+, {} {} <loss>=(\\S+)"
METRIC_DEFINITIONS = [
    {"Name": "train:progress", "Regex": "#progress_metric: host=\\S+, completed (\\S+) %"},
    {"Name": "train:throughput", "Regex": "#throughput_metric: host=\\S+, train throughput=(\\S+) records/second"},
    *({"Name": f"{channel}:{name}", "Regex": _METRIC.format(channel, name)}
      for channel in ("train", "test") for name in ("msd", "ssd")),
]  # fmt: skip
_ENDED = {"Completed", "Failed", "Stopped"}


class TrainingJob:
    """A training job as DescribeTrainingJob shows it. The attributes' names are those that moto's listings use."""

    def __init__(self, request: dict[str, Any], arn: str) -> None:
        self.request = request
        self.arn = arn
        self.training_job_name: str = request["TrainingJobName"]
        self.tags: list[dict[str, str]] = request.get("Tags") or []
        self.creation_time = self.last_modified_time = utcnow()
        self.training_start_time: datetime.datetime | None = None
        self.training_end_time: datetime.datetime | None = None
        self.training_job_status = "InProgress"
        self.secondary_status = "Starting"
        self.failure_reason: str | None = None
        self.outcome: Outcome | None = None
        self.stopping = threading.Event()
        self.worker: Worker | None = None
        self.lock = threading.RLock()
        self._transitions: list[dict[str, Any]] = []
        self.enter("Starting", "Preparing the instances for training")

    @property
    def output_key(self) -> tuple[str, str]:
        """Bucket and key of the model."""
        bucket, prefix = split_uri(self.request["OutputDataConfig"]["S3OutputPath"])
        parts = (prefix.rstrip("/"), self.training_job_name, "output", "model.tar.gz")
        return bucket, "/".join(part for part in parts if part)

    @property
    def has_ended(self) -> bool:
        """Say whether nothing more happens to this job."""
        return self.training_job_status in _ENDED

    def enter(self, secondary: str, message: str, status: str | None = None) -> None:
        """Go to the next secondary status; ends the one before."""
        with self.lock:
            now = utcnow()
            if self._transitions:
                self._transitions[-1]["EndTime"] = now
            self._transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
            self.secondary_status, self.last_modified_time = secondary, now
            if secondary == "Downloading":
                self.training_start_time = now
            if status is not None:
                self.training_job_status = status
            if status in _ENDED:
                self._transitions[-1]["EndTime"] = self.training_end_time = now

    def describe(self) -> dict[str, Any]:
        """Return the members of DescribeTrainingJob's answer; those that are ``None`` are not shown."""
        with self.lock:
            bucket, key = self.output_key
            return self.request | {
                "TrainingJobArn": self.arn,
                "AlgorithmSpecification": self.request["AlgorithmSpecification"]
                | {"MetricDefinitions": METRIC_DEFINITIONS},
                "TrainingJobStatus": self.training_job_status,
                "SecondaryStatus": self.secondary_status,
                "SecondaryStatusTransitions": [dict(each) for each in self._transitions],
                "FailureReason": self.failure_reason,
                "CreationTime": self.creation_time,
                "LastModifiedTime": self.last_modified_time,
                "TrainingStartTime": self.training_start_time,
                "TrainingEndTime": self.training_end_time,
                "ModelArtifacts": {"S3ModelArtifacts": f"s3://{bucket}/{key}"},
                "FinalMetricDataList": self._metrics(),
                "TrainingTimeInSeconds": self._seconds(),
                "BillableTimeInSeconds": self._seconds(),
            }

    @property
    def response_object(self) -> dict[str, Any]:
        """The same, under the name that moto's search uses."""
        return self.describe()

    def _metrics(self) -> list[dict[str, Any]] | None:
        if self.outcome is None or self.training_end_time is None:
            return None
        moment = self.training_end_time
        return [
            {"MetricName": name, "Value": value, "Timestamp": moment} for name, value in self.outcome.metrics.items()
        ]

    def _seconds(self) -> int | None:
        if self.training_start_time is None or self.training_end_time is None:
            return None
        return max(1, math.ceil((self.training_end_time - self.training_start_time).total_seconds()))


class TrainingJobs:
    """The training jobs of one account in one region."""

    def __init__(self, platform: Platform, account: Account) -> None:
        self._platform = platform
        self._account = account
        self.by_name: dict[str, TrainingJob] = {}
        self._lock = threading.Lock()

    def create(self, request: dict[str, Any]) -> TrainingJob:
        """Check a request as AWS does before it accepts a job, then begin it."""
        name, role = request["TrainingJobName"], request["RoleArn"]
        arn = self._account.arn("training-job", name)
        algorithm = request.get("AlgorithmSpecification") or {}
        if not algorithm.get("TrainingImage"):
            raise Refused("You must specify a TrainingImage; the offline cloud knows no algorithm by AlgorithmName.")
        for needed in ("ResourceConfig", "StoppingCondition"):
            if not request.get(needed):
                raise Refused(f"Required field {needed} is missing from the training job request.")
        self._account.check_role(role)
        check_image(algorithm["TrainingImage"], self._account.region, role)
        check_sources(self._account, request.get("InputDataConfig") or [], role)
        job = TrainingJob(request, arn)
        with self._lock:
            if name in self.by_name:
                raise InUse(
                    "Training job names must be unique within an AWS account and region, and a training job with"
                    f" this name already exists ({arn})"
                )
            self.by_name[name] = job
        self._platform.begin(lambda: self._run(job), f"training-{name}")
        return job

    def find(self, name: str) -> TrainingJob:
        """Return a job by name."""
        try:
            return self.by_name[name]
        except KeyError:
            raise NotFound("Requested resource not found.") from None

    def stop(self, name: str) -> None:
        """Begin to stop a job; one that has ended stays as it is."""
        job = self.find(name)
        with job.lock:
            if job.has_ended:
                raise Refused(
                    f"The request was rejected because the training job is in status {job.training_job_status}."
                )
            if job.stopping.is_set():
                return
            job.enter("Stopping", "Stopping the training job", "Stopping")
            job.stopping.set()
            if job.worker is not None:
                job.worker.end()

    def _run(self, job: TrainingJob) -> None:
        try:
            self._train(job)
        except AlgorithmError as error:
            self._fail(job, str(error))
        except WorkerLost:
            if not job.stopping.is_set() and not self._platform.closing.is_set():
                self._fail(job, "InternalServerError: We encountered an internal error.  Please try again.")
        except Exception:
            self._fail(job, "InternalServerError: We encountered an internal error.  Please try again.")
            raise
        if job.stopping.is_set():
            self._platform.closing.wait(self._platform.durations.job_stopping)
            job.enter("Stopped", "Training job stopped", "Stopped")

    def _train(self, job: TrainingJob) -> None:
        durations, request = self._platform.durations, job.request
        if self._interrupted(job, durations.job_starting):
            return
        self._enter(job, "Downloading", "Downloading input data")
        hosts = _hosts(request["ResourceConfig"])
        channels = read_channels(self._account, request.get("InputDataConfig") or [], hosts)
        if self._interrupted(job, durations.job_downloading):
            return
        self._enter(job, "Training", "Training image download completed. Training in progress.")
        log = _Log(self._account, job.training_job_name, hosts)
        try:
            job.outcome = self._fit(job, channels, log)
        except AlgorithmError as error:
            log.line(f"ERROR {error}")
            raise
        self._enter(job, "Uploading", "Uploading generated training model")
        if self._interrupted(job, durations.job_uploading):
            return
        bucket, key = job.output_key
        if not self._account.write(bucket, key, ndarray.pack_model(job.outcome.centroids)):
            raise AlgorithmError(f"ClientError: Artifact upload failed:The bucket {bucket} does not exist.")
        self._enter(job, "Completed", "Training job completed", "Completed")

    def _fit(self, job: TrainingJob, channels: dict[str, Channel], log: _Log) -> Outcome:
        given = job.request.get("HyperParameters") or {}
        log.begin(given)
        task = Task(hyperparameters.read(given), channels["train"], channels.get("test"))
        worker = self._platform.trainer.borrow()
        with job.lock:
            job.worker = worker
        try:
            if job.stopping.is_set():
                raise WorkerLost("the job was stopped")
            return worker.run(task, log.line)
        finally:
            with job.lock:
                job.worker = None
            self._platform.trainer.give_back(worker)

    def _interrupted(self, job: TrainingJob, seconds: float) -> bool:
        return job.stopping.wait(seconds) or self._platform.closing.is_set()

    def _enter(self, job: TrainingJob, secondary: str, message: str, status: str | None = None) -> None:
        with job.lock:
            if not job.stopping.is_set():
                job.enter(secondary, message, status)

    def _fail(self, job: TrainingJob, reason: str) -> None:
        with job.lock:
            if not job.stopping.is_set():
                job.failure_reason = reason[:1024]
                job.enter("Failed", "Training job failed", "Failed")


class _Log:
    """The log streams of a job, one per host; the first host speaks for the algorithm."""

    def __init__(self, account: Account, job: str, hosts: int) -> None:
        stamp = int(time.time())
        self._account = account
        self._streams = [f"{job}/algo-{host}-{stamp}" for host in range(1, hosts + 1)]

    def begin(self, given: dict[str, str]) -> None:
        for stream in self._streams:
            self._account.log(
                LOG_GROUP,
                stream,
                "Docker entrypoint called with argument(s): train",
                f"Merging with provided configuration from /opt/ml/input/config/hyperparameters.json: {given}",
            )

    def line(self, text: str) -> None:
        self._account.log(LOG_GROUP, self._streams[0], text)


def _hosts(resources: dict[str, Any]) -> int:
    groups = resources.get("InstanceGroups") or [resources]
    return sum(int(group.get("InstanceCount", 1)) for group in groups)
