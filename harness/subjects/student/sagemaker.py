"""The student's k-means example: jobs by image and time, the endpoint that serves what the best of them left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness import builtin_images
from harness.aws import cleaning, hosting, listing, notebooks, s3, trail
from harness.aws import sagemaker_kinds as kinds
from harness.aws.kinds import RUN_TAG
from harness.aws.mnist import Origin, SampleBucket
from harness.aws.sagemaker import until_settled
from harness.errors import Gone, Unmet
from harness.facts.sagemaker import Cleaned, NotebookInstance
from harness.steps import step
from harness.subjects import observing

if TYPE_CHECKING:
    from harness.subjects.student import Student

AT_REST = frozenset({"InService", "Stopped", "Stopping", "Deleting", "OutOfService", "UpdateRollbackFailed"})
MADE = {
    kinds.ENDPOINT: ("CreateEndpoint", "endpointName"),
    kinds.CONFIG: ("CreateEndpointConfig", "endpointConfigName"),
    kinds.MODEL: ("CreateModel", "modelName"),
    kinds.NOTEBOOK: ("CreateNotebookInstance", "notebookInstanceName"),
}
"""The calls that make what the clean-up deletes, and what each calls the name."""


class Sagemaker(observing.Sagemaker):
    """Finds job, endpoint and notebook instance; of several, the best."""

    subject: Student

    @step
    def digits(self) -> Origin:
        """Load the digits."""
        asked = self.homework.kmeans
        return SampleBucket(self.aws, asked.digits_bucket, asked.digits_prefix).load()

    @step
    def jobs(self) -> tuple[listing.Job, ...]:
        """Return the training jobs of the region, the newest first; those of runs of this suite left out."""
        return listing.find_jobs(self.aws)

    @step
    def fitted(self) -> str:
        """Choose the training job; returns its name."""
        if not self.jobs():
            raise Unmet("kmeans.trained", f"{self.region} has no training job, expected one of k-means")
        return max(self.jobs(), key=self._likeness).name

    def _likeness(self, job: listing.Job) -> tuple[bool, bool, bool]:
        """Rank a job; of equal ones, :func:`max` takes the first, the newest: an endpoint should serve that."""
        asked = self.homework.kmeans
        settings = (job.settings.get("k"), job.settings.get("feature_dim")) == (str(asked.k), str(asked.feature_dim))
        return self._is_kmeans(job), job.status == "Completed", settings

    def _is_kmeans(self, job: listing.Job) -> bool:
        return builtin_images.is_kmeans(job.image, self.region)

    def _artifacts(self, endpoint: str) -> set[str]:
        seen = hosting.describe_endpoint(self.aws, endpoint) or {}
        models = hosting.models_of(self.aws, seen.get("EndpointConfigName", ""))
        return {uri for model in models for uri in hosting.artifacts_of(self.aws, model)}

    @step
    def served(self) -> str:
        """Choose the endpoint, once none is on its way; returns its name."""
        names = listing.find_endpoints(self.aws)
        if not names:
            raise self._missing(kinds.ENDPOINT, "kmeans.endpoint")
        name = max(names, key=self._serves)
        self._await(
            f"endpoint {name}", lambda: hosting.describe_endpoint(self.aws, name), "EndpointStatus",
            AT_REST, self.patience.endpoint,
        )  # fmt: skip
        return name

    def _serves(self, endpoint: str) -> tuple[bool, bool, bool]:
        """Rank an endpoint: by whose model it serves, and whether it does."""
        seen, served = hosting.describe_endpoint(self.aws, endpoint) or {}, self._artifacts(endpoint)
        chosen = {job.artifact for job in self.jobs() if job.name == self.fitted()} if self.jobs() else set()
        is_a_jobs = bool(served & {job.artifact for job in self.jobs()})
        return bool(served & chosen), is_a_jobs, seen.get("EndpointStatus") == "InService"

    @step
    def notebook_created(self) -> str:
        """Choose the notebook instance, one in service before the others; returns its name."""
        names = listing.find_notebooks(self.aws)
        if not names:
            raise self._missing(kinds.NOTEBOOK, "sagemaker.notebook-instance")
        return max(names, key=self._readiness)

    def _readiness(self, notebook: str) -> int:
        """Rank a notebook instance; of equal ones, :func:`max` takes the first, which is the newest."""
        status = (notebooks.describe(self.aws, notebook) or {}).get("NotebookInstanceStatus")
        return {"InService": 2, "Pending": 1}.get(str(status), 0)

    @step
    def notebook_instance(self) -> NotebookInstance:
        """Observe the notebook instance, once it is not on its way any more."""
        name = self.notebook_created()
        until_settled(
            f"notebook instance {name}", lambda: notebooks.describe(self.aws, name), "NotebookInstanceStatus",
            AT_REST, timeout=self.patience.notebook_instance, every=self.patience.poll,
        )  # fmt: skip
        found = notebooks.observe(self.aws, name)
        if found is None:
            raise self._missing(kinds.NOTEBOOK, "sagemaker.notebook-instance")
        return found

    def _missing(self, kind: str, requirement: str) -> Gone | Unmet:
        """Return what it means that none is there: it was deleted, or never made."""
        made, word = self._made(kind), cleaning.WORDS[kind]
        if made:
            name, record = made[-1]
            return Gone(
                f"{word} {name}, which {record.event.caller} created at {record.event.time}, is deleted; what it did "
                "can no longer be seen: it is judged while it is there"
            )
        return Unmet(requirement, f"{self.region} has no {word}, and its history of 90 days knows of none")

    def _made(self, kind: str) -> list[tuple[str, trail.Record]]:
        """Return name and record of each that was made, the oldest first; those of runs of this suite left out."""
        call, parameter = MADE[kind]
        return [
            (name, record)
            for record in trail.find_records(self.aws, call)
            if RUN_TAG not in json.dumps(record.request) and (name := record.value(parameter))
        ]

    @step
    def cleaned(self) -> Cleaned:
        """Look for everything that the example made: by its history, by what is there, and by what its jobs say.

        What is being deleted, which takes minutes, is given the time.
        """
        self.subject.final.settled()
        there = {
            kinds.ENDPOINT: listing.find_endpoints(self.aws),
            kinds.CONFIG: listing.find_configs(self.aws),
            kinds.MODEL: listing.find_models(self.aws),
            kinds.NOTEBOOK: listing.find_notebooks(self.aws),
        }
        begun = self.subject.final.begun()
        things: dict[cleaning.Known, None] = {}
        for kind, present in there.items():
            known = [name for name, _ in self._made(kind)]
            since = [name for name in present if begun is None or listing.created(self.aws, kind, name) >= begun]
            things.update(dict.fromkeys((kind, name) for name in (*known, *since)))
        things.update(dict.fromkeys((kinds.OBJECTS, uri) for uri in self.object_uris()))
        if not things:
            raise Unmet("kmeans.trained", f"{self.region} has no trace of the example, so nothing could be cleaned up")
        return cleaning.observe(self.aws, list(things))

    def object_uris(self) -> tuple[str, ...]:
        """Return where the k-means jobs read and wrote: the folder of the manifest, and that of the job's output."""
        places = [uri for job in self.jobs() if self._is_kmeans(job) for uri in (job.data, job.artifact or job.output)]
        return tuple(dict.fromkeys(_folder(uri) for uri in places if uri))

    def buckets(self) -> set[str]:
        """Return the buckets that the example used."""
        return {s3.Location.parse(uri).bucket for uri in self.object_uris()}


def _folder(uri: str) -> str:
    place = s3.Location.parse(uri)
    return s3.Location(place.bucket, place.key.rpartition("/")[0] + "/").uri if "/" in place.key else uri
