"""SageMaker's two interfaces: the calls that moto lacks, and the checks that it leaves out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from . import constraints
from .backend import Backend
from .endpoints import LOG_GROUP
from .errors import InvocationRefused, ModelError
from .serving import Rejected, serve

Action = TypeVar("Action", bound=Callable[..., Any])
# AWS: "InvokeEndpoint", Body: 6 MB and no more.
LARGEST_BODY = 6 * 1024 * 1024


def checked(action: Action) -> Action:
    """Check a request against the service's description before an action sees it."""

    @functools.wraps(action)
    def check_first(self: Any) -> Any:
        constraints.check("sagemaker", self._get_action(), self.params)
        return action(self)

    return cast(Action, check_first)


class ControlPlane(SageMakerResponse):
    """The calls of ``sagemaker``."""

    create_notebook_instance = checked(SageMakerResponse.create_notebook_instance)
    describe_notebook_instance = checked(SageMakerResponse.describe_notebook_instance)
    start_notebook_instance = checked(SageMakerResponse.start_notebook_instance)
    stop_notebook_instance = checked(SageMakerResponse.stop_notebook_instance)
    delete_notebook_instance = checked(SageMakerResponse.delete_notebook_instance)
    create_endpoint_config = checked(SageMakerResponse.create_endpoint_config)
    create_endpoint = checked(SageMakerResponse.create_endpoint)
    describe_training_job = checked(SageMakerResponse.describe_training_job)

    @property
    def backend(self) -> Backend:
        """The resources of the caller's account in the region of the call."""
        return cast(Backend, self.sagemaker_backend)

    def call_action(self) -> Any:
        """Answer; whoever begins to create something may soon train, for which a worker warms up."""
        if (self._get_action() or "").startswith("Create"):
            self.backend.platform.trainer.warm()
        return super().call_action()

    @checked
    def create_training_job(self) -> ActionResult:
        """Answer CreateTrainingJob."""
        return ActionResult({"TrainingJobArn": self.backend.jobs.create(_given(self.params)).arn})

    @checked
    def stop_training_job(self) -> ActionResult:
        """Answer StopTrainingJob."""
        self.backend.jobs.stop(self._get_param("TrainingJobName"))
        return EmptyResult()

    def list_training_jobs(self) -> ActionResult:
        """Answer ListTrainingJobs in the order asked for, which moto does not heed, on one page."""
        listed = self.backend.list_training_jobs(
            next_token="",
            max_results=0,
            creation_time_after=self._get_param("CreationTimeAfter"),
            creation_time_before=self._get_param("CreationTimeBefore"),
            last_modified_time_after=self._get_param("LastModifiedTimeAfter"),
            last_modified_time_before=self._get_param("LastModifiedTimeBefore"),
            name_contains=self._get_param("NameContains"),
            status_equals=self._get_param("StatusEquals"),
        )
        key = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(self._get_param("SortBy"), "CreationTime")
        found = sorted(
            listed["TrainingJobSummaries"],
            key=lambda job: job[key],
            reverse=self._get_param("SortOrder") == "Descending",
        )
        return ActionResult({"TrainingJobSummaries": found[: self._get_int_param("MaxResults") or None]})

    @checked
    def create_model(self) -> ActionResult:
        """Answer CreateModel."""
        return ActionResult({"ModelArn": self.backend.add_model(_given(self.params)).arn})

    def list_models(self) -> ActionResult:
        """Answer ListModels, newest first, on one page."""
        part = self._get_param("NameContains") or ""
        found = [model for model in list(self.backend._models.values()) if part in model.model_name]
        found.sort(key=lambda model: model.creation_time, reverse=self._get_param("SortOrder") != "Ascending")
        return ActionResult({"Models": [model.response_object for model in found]})

    @checked
    def update_endpoint(self) -> ActionResult:
        """Answer UpdateEndpoint."""
        endpoint = self.backend.update_endpoint(self._get_param("EndpointName"), self._get_param("EndpointConfigName"))
        return ActionResult({"EndpointArn": endpoint.arn})

    @checked
    def create_presigned_notebook_instance_url(self) -> ActionResult:
        """Answer CreatePresignedNotebookInstanceUrl."""
        name = self._get_param("NotebookInstanceName")
        return ActionResult({"AuthorizedUrl": self.backend.notebooks.authorized_url(name)})


class Runtime(SageMakerRuntimeResponse):
    """The calls of ``sagemaker-runtime``; bodies are bytes."""

    def setup_class(
        self, request: Any, full_url: str | None = None, headers: Any = None, use_raw_body: bool | None = True
    ) -> None:
        """Take a request without decoding its body."""
        super().setup_class(request, full_url, headers, use_raw_body=use_raw_body)

    @property
    def backend(self) -> Backend:
        """The resources of the caller's account in the region of the call."""
        return cast(Backend, sagemaker_backends[self.current_account][self.region])

    def invoke_endpoint(self) -> Any:
        """Answer InvokeEndpoint."""
        name = self._endpoint_name()
        endpoint = self.backend.hosting.by_name.get(name)
        if endpoint is None or not endpoint.variants:
            raise InvocationRefused(f"Endpoint {name} of account {self.current_account} not found.")
        if (
            endpoint.is_asynchronous
        ):  # "Invoke an Asynchronous Endpoint", SageMaker's developer guide: by that call only
            raise InvocationRefused(f"Endpoint {name} is an asynchronous endpoint, which InvokeEndpointAsync calls")
        target = self.headers.get("X-Amzn-SageMaker-Target-Variant")
        variant = endpoint.choose(target)
        if variant is None:
            raise InvocationRefused(f"Variant {target} not found for Request.")
        body = self.raw_body or b""
        if len(body) > LARGEST_BODY:
            raise InvocationRefused(
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length"
                f" less than or equal to {LARGEST_BODY}"
            )
        try:
            content_type, answer = serve(
                variant.centroids, body, self.headers.get("Content-Type", ""), self.headers.get("Accept", "")
            )
        except Rejected as rejection:
            raise self._model_error(name, rejection) from None
        answered = {"Content-Type": content_type, "x-Amzn-Invoked-Production-Variant": variant.name}
        return 200, answered, answer

    def invoke_endpoint_async(self) -> Any:
        """Refuse: no request is answered through S3 here."""
        raise InvocationRefused(f"Endpoint {self._endpoint_name()} is not an asynchronous endpoint.")

    def _endpoint_name(self) -> str:
        return unquote(self.path.split("/")[2])

    def _model_error(self, name: str, rejection: Rejected) -> ModelError:
        group = LOG_GROUP + name
        fault = "client" if rejection.status < 500 else "server"
        console = f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
        message = (
            f'Received {fault} error ({rejection.status}) from primary with message "{rejection.message}". See'
            f" {console}#logEventViewer:group={group} in account {self.current_account} for more information."
        )
        return ModelError(message, rejection.status, rejection.message, self.backend.account.log_arn(group))


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
