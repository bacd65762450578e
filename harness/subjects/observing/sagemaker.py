"""SageMaker: the notebook instance, the saved notebook, and the k-means example from its data to its predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from harness import notebook_document
from harness.aws import hosting, notebooks, quality, sagemaker, training
from harness.aws.mnist import Origin
from harness.errors import Unmet
from harness.facts import kmeans as facts
from harness.facts.sagemaker import Cleaned, NotebookInstance, SavedNotebook
from harness.steps import step
from harness.subjects.stage import Stage

T = TypeVar("T")


class Sagemaker(Stage):
    """Looks at what the example made, which is the subject's to name."""

    def notebook_created(self) -> str:
        """Return the notebook instance's name; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    def fitted(self) -> str:
        """Return the training job's name, once it has begun; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    def served(self) -> str:
        """Return the endpoint's name, once it is in service or has failed; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    def digits(self) -> Origin:
        """Return the digits that the example is tried with."""
        raise NotImplementedError

    def ask(self) -> hosting.Ask | None:
        """Return the subject's own way to have the endpoint predict, if it has one."""
        return None

    def cleaned(self) -> Cleaned:
        """Return what is left after the clean-up."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what running the example needed on this machine."""

    @step
    def notebook_instance(self) -> NotebookInstance:
        """Wait until the notebook instance is in service, and observe it."""
        name = self.notebook_created()
        self._await(
            f"notebook instance {name}", lambda: notebooks.describe(self.aws, name), "NotebookInstanceStatus",
            notebooks.IN_SERVICE, self.patience.notebook_instance,
        )  # fmt: skip
        return _there(notebooks.observe(self.aws, name), "sagemaker.notebook-instance", f"notebook instance {name}")

    @step
    def saved_notebook(self) -> SavedNotebook:
        """Observe the notebook document in the submission."""
        place = self.context.submission
        found = notebook_document.find(place)
        if found is None:
            hint = "Hand in the notebook as Jupyter saves it, with the ending .ipynb, its cells run."
            raise Unmet("sagemaker.notebook-saved", "the submission has no notebook (*.ipynb)", hint)
        return found

    @step
    def trained(self) -> str:
        """Wait until the training job has ended, well or badly; returns its name."""
        name = self.fitted()
        self._await(
            f"training job {name}", lambda: training.describe(self.aws, name), "TrainingJobStatus",
            frozenset({"Completed", "Stopped"}), self.patience.training,
        )  # fmt: skip
        return name

    @step
    def training_data(self) -> facts.TrainingData:
        """Observe what the training job was given to read."""
        job = self.fitted()
        return _there(training.observe_data(self.aws, job), "kmeans.trained", f"training job {job}")

    @step
    def training_job(self) -> facts.TrainingJob:
        """Observe the training job and the model that it left."""
        job = self.trained()
        return _there(training.observe_job(self.aws, job), "kmeans.trained", f"training job {job}")

    @step
    def endpoint(self) -> facts.Endpoint:
        """Observe the endpoint and what it serves; raises ``Unmet`` where its model or configuration was deleted."""
        name = self.served()
        seen = hosting.observe_endpoint(self.aws, name, self.trained())
        if seen is not None and not seen.artifacts and self.resources().absent:
            absent = ", ".join(self.resources().absent)
            raise Unmet("kmeans.resources", f"not found: {absent}, so what endpoint {name} serves cannot be told")
        return _there(seen, "kmeans.endpoint", f"endpoint {name}")

    @step
    def predictions(self) -> facts.Predictions:
        """Have the endpoint predict, as the example does, and observe what it says.

        Raises ``Unmet`` where the model that it serves is gone from S3: what it should say cannot be told.
        """
        endpoint = self.endpoint()
        if endpoint.status != "InService":
            raise Unmet("kmeans.endpoint", f"endpoint {endpoint.name} is {endpoint.status}: {endpoint.failure}")
        rows = self.digits().digits.images[: self.homework.kmeans.rows]
        seen = hosting.observe_predictions(self.aws, endpoint.name, rows, self.ask())
        if seen.answers and not seen.k:
            is_of_the_job = seen.model == endpoint.job_artifact
            raise Unmet("kmeans.trained" if is_of_the_job else "kmeans.endpoint", seen.problem)
        return seen

    @step
    def quality(self) -> facts.Quality:
        """Observe how well the model's clusters tell the digits apart, and draw them."""
        model = training.read_model(self.aws, self.training_job().artifact)
        if model.centroids is None:
            raise Unmet("kmeans.trained", model.problem)
        origin, width = self.digits(), model.shape[1]
        if width != origin.digits.images.shape[1]:
            raise Unmet("kmeans.trained", f"the centroids of {model.artifact} have {width} numbers each")
        return quality.observe(origin, model.centroids, self.context.run_dir / "pictures")

    @step
    def resources(self) -> facts.Resources:
        """Look up what the example created."""
        return hosting.observe_resources(self.aws, self.served(), self.trained())

    def _await(
        self,
        what: str,
        describe: Callable[[], dict[str, Any] | None],
        status: str,
        ends: frozenset[str],
        patience: float,
    ) -> None:
        sagemaker.until_settled(what, describe, status, ends, timeout=patience, every=self.patience.poll)


def _there(found: T | None, requirement: str, what: str) -> T:
    """Return what was found; raises ``Unmet`` for the requirement where it is absent."""
    if found is None:
        raise Unmet(requirement, f"{what}: there is none")
    return found
