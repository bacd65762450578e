"""SageMaker's resources in one account and region: moto's tables, with what really happens behind them."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import moto.sagemaker.urls
from moto.sagemaker.models import (
    FakeEndpoint,
    FakeEndpointConfig,
    FakeSagemakerNotebookInstance,
    FakeTrainingJob,
    Model,
    SageMakerModelBackend,
)

from . import models
from .account import Account
from .endpoints import EndpointConfig, Endpoints
from .errors import Refused
from .jobs import TrainingJobs
from .notebooks import Notebooks
from .platform import Platform


class Backend(SageMakerModelBackend):
    """moto's backend, strict and alive for training, hosting and notebook instances.

    moto makes backends from their class alone: a cloud's is a subclass with its ``platform`` (:func:`backend_on`).
    """

    platform: ClassVar[Platform]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        platform = self.platform
        self.account = Account(account_id, region_name)
        self.jobs = TrainingJobs(platform, self.account)
        self.hosting = Endpoints(platform, self.account, self._models)
        self.notebooks = Notebooks(platform, self.account, self.notebook_instances)
        # The same tables, so that moto's listings, tags and search see what is made here.
        self.training_jobs = cast(dict[str, FakeTrainingJob], self.jobs.by_name)
        self.endpoints = cast(dict[str, FakeEndpoint], self.hosting.by_name)

    @property
    def _url_module(self) -> Any:
        return moto.sagemaker.urls

    def describe_training_job(self, training_job_name: str) -> dict[str, Any]:
        """Return the answer of DescribeTrainingJob."""
        return self.jobs.find(training_job_name).describe()

    def add_model(self, request: dict[str, Any]) -> Model:
        """Create a model."""
        name = request["ModelName"]
        if name in self._models:
            raise Refused(f'Cannot create already existing model "{self.account.arn("model", name)}".')
        model = models.create_model(self.account, request)
        return self._models.setdefault(name, model)

    def describe_model(self, model_name: str) -> Model:
        """Return a model by name."""
        self._check_model(model_name)
        return super().describe_model(model_name)

    def delete_model(self, model_name: str) -> None:
        """Delete a model; as on AWS also while an endpoint uses it, which then goes on."""
        self._check_model(model_name)
        super().delete_model(model_name)

    def create_endpoint_config(self, **given: Any) -> FakeEndpointConfig:  # type: ignore[override]
        """Create an endpoint configuration."""
        name = given["endpoint_config_name"]
        if name in self.endpoint_configs:
            arn = self.account.arn("endpoint-config", name)
            raise Refused(f'Cannot create already existing endpoint configuration "{arn}".')
        for variant in given["production_variants"]:
            self._check_model(variant["ModelName"])
        config = EndpointConfig(account_id=self.account_id, region_name=self.region_name, **given)
        self.endpoint_configs[name] = config
        return config

    def describe_endpoint_config(self, endpoint_config_name: str) -> dict[str, Any]:
        """Return the answer of DescribeEndpointConfig."""
        return self._config(endpoint_config_name).response_object

    def delete_endpoint_config(self, endpoint_config_name: str) -> None:
        """Delete an endpoint configuration."""
        self._config(endpoint_config_name)
        del self.endpoint_configs[endpoint_config_name]

    def create_endpoint(
        self, endpoint_name: str, endpoint_config_name: str, tags: list[dict[str, str]]
    ) -> FakeEndpoint:
        """Begin an endpoint."""
        return self.hosting.create(endpoint_name, self._config(endpoint_config_name), tags)

    def describe_endpoint(self, endpoint_name: str) -> dict[str, Any]:
        """Return the answer of DescribeEndpoint."""
        return self.hosting.find(endpoint_name).response_object

    def update_endpoint(self, endpoint_name: str, endpoint_config_name: str) -> FakeEndpoint:
        """Begin to deploy another configuration to an endpoint."""
        return self.hosting.update(endpoint_name, self._config(endpoint_config_name))

    def delete_endpoint(self, endpoint_name: str) -> None:
        """Begin to delete an endpoint."""
        self.hosting.delete(endpoint_name)

    def create_notebook_instance(self, **given: Any) -> FakeSagemakerNotebookInstance:  # type: ignore[override]
        """Begin a notebook instance."""
        return self.notebooks.create(self.notebook_instance_lifecycle_configurations, **given)

    def start_notebook_instance(self, notebook_instance_name: str) -> None:
        """Begin to start a notebook instance."""
        self.notebooks.start(notebook_instance_name)

    def stop_notebook_instance(self, notebook_instance_name: str) -> None:
        """Begin to stop a notebook instance."""
        self.notebooks.stop(notebook_instance_name)

    def delete_notebook_instance(self, notebook_instance_name: str) -> None:
        """Begin to delete a notebook instance."""
        self.notebooks.delete(notebook_instance_name)

    def _check_model(self, name: str) -> None:
        if name not in self._models:
            raise Refused(f'Could not find model "{self.account.arn("model", name)}".')

    def _config(self, name: str) -> FakeEndpointConfig:
        try:
            return self.endpoint_configs[name]
        except KeyError:
            arn = self.account.arn("endpoint-config", name)
            raise Refused(f'Could not find endpoint configuration "{arn}".') from None


def backend_on(platform: Platform) -> type[Backend]:
    """Return the class of the backends that share a platform."""
    return type("Backend", (Backend,), {"platform": platform})
