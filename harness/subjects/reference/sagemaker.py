"""SageMaker: a notebook instance, a saved notebook, and the k-means example step by step, begun early."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.aws import cleaning, hosting, notebooks, s3, sagemaker
from harness.aws import sagemaker_kinds as kinds
from harness.aws.kmeans import Example, Settings
from harness.aws.mnist import DigitsSource, Origin, SampleBucket
from harness.aws.sdk import SdkExample, SdkProcess
from harness.errors import CloudTrouble, Unmet
from harness.facts.kmeans import Predictions
from harness.facts.sagemaker import Cleaned
from harness.steps import begin, shared_step, step
from harness.subjects import observing

if TYPE_CHECKING:
    from harness.subjects.reference import Reference


class Sagemaker(observing.Sagemaker):
    """Does the SageMaker part; every name carries the run's id.

    ``digits`` says where the digits come from; by default MNIST from AWS's samples, or what stands in for it.
    """

    process: SdkProcess | None = None

    def __init__(self, subject: Reference, digits: DigitsSource | None = None) -> None:
        super().__init__(subject)
        self.name = f"kmeans-{subject.context.run_id}"
        self._digits = digits

    @property
    def bucket_name(self) -> str:
        """Return the bucket's name: that of SageMaker's default bucket with the run's id, which its role may use."""
        cloud = self.context.cloud
        return f"sagemaker-{cloud.region}-{cloud.account}-{self.context.run_id}"

    @property
    def data_uri(self) -> str:
        """Return where keys of the training data begin."""
        return f"s3://{self.bucket_name}/{self.homework.kmeans.data_prefix}"

    @property
    def output_uri(self) -> str:
        """Return where keys of the model begin."""
        return f"s3://{self.bucket_name}/{self.homework.kmeans.output_prefix}"

    def early(self) -> list[Callable[[], object]]:
        """Return the steps to begin before anything is asked for: the rest follows from them."""
        return [self.sdk, self.notebook_created, self.digits, self.predictions]

    def early_ends(self) -> list[Callable[[], object]]:
        """Return what ends by itself once it was seen: the notebook instance takes minutes to stop."""
        return [self.notebook_deleted] if (kinds.NOTEBOOK, self.name) in self.deletions() else []

    def close(self) -> None:
        """End the process that the SageMaker SDK runs in."""
        if self.process is not None:
            self.process.close()

    # What the homework does.

    @step
    def role(self) -> str:
        """Create the role that SageMaker works as; returns its ARN."""
        name = f"acceptance-{self.context.run_id}-sagemaker"
        with self.context.ledger.creating(kinds.ROLE, self.aws.region, name=name) as creation:
            arn = sagemaker.create_execution_role(self.aws, name, self.context.tags)
            creation.id = name
        return arn

    @step
    def bucket(self) -> str:
        """Create the bucket; returns its name."""
        with self.context.ledger.creating(kinds.BUCKET, self.aws.region, name=self.bucket_name) as creation:
            s3.create_bucket(self.aws, self.bucket_name, self.context.tags)
            creation.id = self.bucket_name
        return self.bucket_name

    @step
    def notebook_created(self) -> str:
        """Create the notebook instance; returns its name."""
        role, instance_type = self.role(), self.homework.sagemaker.notebook_instance_type
        self._write_down_logs(kinds.LOGS, f"/aws/sagemaker/NotebookInstances|{self.name}/")
        with self.context.ledger.creating(kinds.NOTEBOOK, self.aws.region, name=self.name) as creation:
            self._once_assumable(lambda: notebooks.create(self.aws, self.name, instance_type, role, self.context.tags))
            creation.id = self.name
        return self.name

    @step
    def sdk(self) -> SdkProcess:
        """Start the process that the SageMaker SDK runs in: the import takes seconds."""
        directory = self.context.run_dir / "sagemaker"
        self.process = SdkProcess(self.context.workstation.environment, directory, self.patience.training)
        return self.process

    @step
    def example(self) -> Example:
        """Return who runs the example."""
        return SdkExample(self.sdk(), self.aws, self.settings())

    def settings(self) -> Settings:
        """Return what the example is run with."""
        asked = self.homework.kmeans
        return Settings(
            role=self.role(),
            k=asked.k,
            training_type=asked.training_type,
            training_count=asked.training_count,
            endpoint_type=asked.endpoint_type,
            data=self.data_uri,
            output=self.output_uri,
            tags=self.context.tags,
        )

    @step
    def digits(self) -> Origin:
        """Load the digits."""
        asked = self.homework.kmeans
        return (self._digits or SampleBucket(self.aws, asked.digits_bucket, asked.digits_prefix)).load()

    def ask(self) -> hosting.Ask:
        """Have the endpoint predict as the example does."""
        return self.example().predict

    @step
    def uploaded(self) -> str:
        """Write the digits to S3 as the algorithm reads them; returns the URI of the manifest."""
        self.bucket()
        with self.context.ledger.creating(kinds.OBJECTS, self.aws.region, uri=self.data_uri) as creation:
            manifest = self.example().upload(self.digits().digits.images)
            creation.id = self.data_uri
        return manifest

    @step
    def fitted(self) -> str:
        """Begin the training job; returns its name."""
        self.uploaded()
        region, ledger = self.aws.region, self.context.ledger
        self._write_down_logs(kinds.LOGS, f"/aws/sagemaker/TrainingJobs|{self.name}/")
        with (
            ledger.creating(kinds.OBJECTS, region, uri=self.output_uri) as output,
            ledger.creating(kinds.JOB, region, name=self.name) as job,
        ):
            self._fit()
            output.id, job.id = self.output_uri, self.name
        return self.name

    def _fit(self) -> None:
        try:
            self._once_assumable(lambda: self.example().fit(self.name))
        except sagemaker.Refused as refusal:
            wanting = "kmeans.training-data" if refusal.lacks_data else "kmeans.trained"
            raise Unmet(wanting, f"SageMaker refuses training job {self.name}: {refusal}") from refusal

    @step
    def deployed(self) -> str:
        """Create model, endpoint configuration and endpoint; returns the name of all three."""
        job = self.training_job()
        if job.status != "Completed":
            raise Unmet("kmeans.trained", f"training job {job.name} is {job.status}, expected Completed: {job.failure}")
        region, ledger = self.aws.region, self.context.ledger
        self._write_down_logs(kinds.LOG_GROUP, f"/aws/sagemaker/Endpoints/{self.name}")
        with (
            ledger.creating(kinds.MODEL, region, name=self.name) as model,
            ledger.creating(kinds.CONFIG, region, name=self.name) as config,
            ledger.creating(kinds.ENDPOINT, region, name=self.name) as endpoint,
        ):
            self._deploy()
            model.id = config.id = endpoint.id = self.name
        return self.name

    def _deploy(self) -> None:
        try:
            self._once_assumable(lambda: self.example().deploy(self.name))
        except sagemaker.Refused as refusal:
            raise Unmet("kmeans.endpoint", f"SageMaker refuses endpoint {self.name}: {refusal}") from refusal

    @step
    def served(self) -> str:
        """Wait until the endpoint is in service or has failed; returns its name.

        One that AWS had no machine for is made a second time; whatever it lacks then is the day's trouble.
        """
        name = self.deployed()
        try:
            self._until_served(name)
        except CloudTrouble:
            cleaning.delete(self.aws, (kinds.ENDPOINT, name))
            hosting.create_endpoint(self.aws, name, self.context.tags)
            self._until_served(name)
        return name

    def _until_served(self, name: str) -> None:
        self._await(
            f"endpoint {name}", lambda: hosting.describe_endpoint(self.aws, name), "EndpointStatus",
            hosting.IN_SERVICE, self.patience.endpoint,
        )  # fmt: skip

    # What is seen of it.

    @step
    def predictions(self) -> Predictions:
        """Have the endpoint predict, and end the SDK's process: nothing more is asked of it, and it is a large one."""
        try:
            return super().predictions()
        finally:
            self.close()

    # And its end.

    @shared_step
    def cleaned(self) -> Cleaned:
        """Delete everything in its order, and look for each; the notebook instance, which takes minutes, meanwhile."""
        notebook, doomed = (kinds.NOTEBOOK, self.name), self.deletions()
        if notebook in doomed:
            begin(self.notebook_deleted)
        self._look_first()
        for thing in doomed:
            self.notebook_deleted() if thing == notebook else self._delete(thing)
        return cleaning.observe(self.aws, self.things())

    @step
    def notebook_deleted(self) -> None:
        """Stop and delete the notebook instance once it was seen; what came of that is for its own test to say."""
        with contextlib.suppress(Exception):
            self.notebook_instance()
        self._delete((kinds.NOTEBOOK, self.name))

    def things(self) -> list[cleaning.Known]:
        """Return what must be gone at the end: kinds of the ledger with their ids, in the order of deletion."""
        return [
            (kinds.ENDPOINT, self.name), (kinds.CONFIG, self.name), (kinds.MODEL, self.name),
            (kinds.NOTEBOOK, self.name), (kinds.OBJECTS, self.data_uri), (kinds.OBJECTS, self.output_uri),
        ]  # fmt: skip

    def deletions(self) -> list[cleaning.Known]:
        """Return what the clean-up deletes, in its order."""
        return [*self.things(), (kinds.BUCKET, self.bucket_name)]

    def _look_first(self) -> None:
        """Observe what is judged while it is there; what came of that is for its own tests to say."""
        for look in (
            self.notebook_instance, self.training_data, self.predictions, self.quality, self.resources,
        ):  # fmt: skip
            with contextlib.suppress(Exception):
                look()
        with contextlib.suppress(Exception):
            self.example().close()

    def _delete(self, thing: cleaning.Known) -> None:
        cleaning.delete(self.aws, thing)
        for entry in self.context.ledger.open_entries():
            if (entry.kind, entry.id) == thing:
                self.context.ledger.mark(entry, "gone")

    def _once_assumable(self, work: Callable[[], None]) -> None:
        sagemaker.once_assumable(work, timeout=self.patience.command, every=self.patience.poll)

    def _write_down_logs(self, kind: str, id: str) -> None:
        self.context.ledger.found(kind, self.aws.region, id)
