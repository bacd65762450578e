"""Endpoints: from an endpoint configuration to containers that answer."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from moto.core.utils import utcnow
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, Model

from harness import ndarray

from .account import Account, split_uri
from .errors import Refused
from .models import containers_of
from .platform import Platform

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOG_GROUP = "/aws/sagemaker/Endpoints/"
_IN_PROGRESS = {"Creating", "Updating", "RollingBack", "Deleting"}


class EndpointConfig(FakeEndpointConfig):
    """An endpoint configuration; its instance types are those of the service's description."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.arn = self.endpoint_config_arn  # type: ignore[assignment]  # moto keeps a tuple, which no tag finds

    def validate_instance_type(self, instance_type: str) -> None:
        """Do nothing: checked before, against the types of today."""

    def is_created(self) -> bool:
        """Say that CloudFormation need not wait."""
        return True


@dataclass(frozen=True)
class Variant:
    """A production variant in service: what its container loaded when it was deployed."""

    name: str
    weight: float
    centroids: NDArray[np.float32]


class DeploymentError(Exception):
    """Says why a container did not come up, in the words of the endpoint's FailureReason."""


class Endpoint(FakeEndpoint):
    """An endpoint; ``variants`` are those that answer, which during an update are still the old ones.

    ``is_asynchronous`` says that its configuration has requests and answers go through S3.
    """

    def __init__(self, config: FakeEndpointConfig, **given: Any) -> None:
        super().__init__(
            endpoint_config_name=config.endpoint_config_name,
            production_variants=_weighted(config.production_variants),
            data_capture_config=config.data_capture_config,
            **given,
        )
        self.endpoint_status = "Creating"
        self.failure_reason: str | None = None  # type: ignore[assignment]  # moto has no other
        self.variants: tuple[Variant, ...] = ()
        self.is_asynchronous = bool(config.async_inference_config)

    def gen_response_object(self) -> dict[str, Any]:
        """Return the members of DescribeEndpoint's answer."""
        return {
            "EndpointName": self.endpoint_name,
            "Arn": self.arn,
            "EndpointConfigName": self.endpoint_config_name,
            "ProductionVariants": [dict(variant) for variant in self.production_variants],
            "EndpointStatus": self.endpoint_status,
            "FailureReason": self.failure_reason,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
        }

    def is_created(self) -> bool:
        """Say that CloudFormation need not wait."""
        return True

    def enter(self, status: str) -> None:
        """Go to a status."""
        self.last_modified_time = utcnow()
        self.endpoint_status = status

    def choose(self, target: str | None) -> Variant | None:
        """Return the variant that a request goes to: the one asked for, else one drawn by weight."""
        if target is not None:
            return next((variant for variant in self.variants if variant.name == target), None)
        weights = [variant.weight for variant in self.variants]
        return random.choices(self.variants, weights if any(weights) else None)[0]


class Endpoints:
    """The endpoints of one account in one region."""

    def __init__(self, platform: Platform, account: Account, models: dict[str, Model]) -> None:
        self._platform = platform
        self._account = account
        self._models = models
        self._lock = threading.Lock()
        self.by_name: dict[str, Endpoint] = {}

    def create(self, name: str, config: FakeEndpointConfig, tags: list[dict[str, str]]) -> Endpoint:
        """Begin to deploy a configuration."""
        self._check_models(config)
        endpoint = Endpoint(
            config,
            account_id=self._account.account_id,
            region_name=self._account.region,
            endpoint_name=name,
            tags=tags,
        )
        with self._lock:
            if name in self.by_name:
                raise Refused(f'Cannot create already existing endpoint "{endpoint.arn}".')
            self.by_name[name] = endpoint
        self._platform.after(self._platform.durations.endpoint_creating, lambda: self._create(endpoint, config))
        return endpoint

    def find(self, name: str) -> Endpoint:
        """Return an endpoint by name."""
        try:
            return self.by_name[name]
        except KeyError:
            raise Refused(f'Could not find endpoint "{self._account.arn("endpoint", name)}".') from None

    def update(self, name: str, config: FakeEndpointConfig) -> Endpoint:
        """Begin to deploy another configuration; what was deployed answers until it is up."""
        endpoint = self.find(name)
        self._check_models(config)
        with self._lock:
            _check_idle(endpoint)
            if endpoint.endpoint_status == "Failed":
                raise Refused(f'Cannot update failed endpoint "{endpoint.arn}".')
            endpoint.enter("Updating")
        self._platform.after(self._platform.durations.endpoint_updating, lambda: self._update(endpoint, config))
        return endpoint

    def delete(self, name: str) -> None:
        """Begin to delete an endpoint; it answers no more."""
        endpoint = self.find(name)
        with self._lock:
            _check_idle(endpoint)
            endpoint.enter("Deleting")
            endpoint.variants = ()
        self._platform.after(self._platform.durations.endpoint_deleting, lambda: self._forget(name))

    def _create(self, endpoint: Endpoint, config: FakeEndpointConfig) -> None:
        try:
            trouble = self._platform.endpoint_trouble()
            if trouble is not None:
                raise DeploymentError(trouble)
            endpoint.variants = self._deploy(endpoint, config)
            endpoint.enter("InService")
        except DeploymentError as error:
            endpoint.failure_reason = str(error)
            endpoint.enter("Failed")

    def _update(self, endpoint: Endpoint, config: FakeEndpointConfig) -> None:
        try:
            endpoint.variants = self._deploy(endpoint, config)
        except DeploymentError as error:
            endpoint.failure_reason = str(error)
        else:
            endpoint.failure_reason = None
            endpoint.endpoint_config_name = config.endpoint_config_name
            endpoint.is_asynchronous = bool(config.async_inference_config)
            endpoint.production_variants = endpoint._process_production_variants(_weighted(config.production_variants))
        endpoint.enter("InService")

    def _deploy(self, endpoint: Endpoint, config: FakeEndpointConfig) -> tuple[Variant, ...]:
        return tuple(self._load(endpoint, variant) for variant in _weighted(config.production_variants))

    def _load(self, endpoint: Endpoint, variant: dict[str, Any]) -> Variant:
        name = variant["VariantName"]
        model = self._models.get(variant["ModelName"])
        if model is None:
            raise DeploymentError(f"The model {variant['ModelName']} of production variant {name} does not exist.")
        container = containers_of({"PrimaryContainer": model.primary_container, "Containers": model.containers})[0]
        url = container.get("ModelDataUrl", "")
        artifact = self._account.read(*split_uri(url)) if url else None
        if url and artifact is None:
            raise DeploymentError(
                f'Failed to download model data for container "container_1" from URL: "{url}". Please ensure that there'
                " is an object located at the URL and that the role passed to CreateModel has permissions to download"
                " the object."
            )
        try:
            centroids = ndarray.unpack_model(artifact or b"")
        except ndarray.ModelError as error:
            self._log(endpoint, name, f"ERROR unable to load the model: {error}")
            raise DeploymentError(
                f"The primary container for production variant {name} did not pass the ping health check. Please check"
                " CloudWatch logs for this endpoint."
            ) from None
        self._log(endpoint, name, f"INFO loaded a model of {centroids.shape[0]} x {centroids.shape[1]} centroids")
        return Variant(name, cast(float, variant["InitialVariantWeight"]), centroids)

    def _log(self, endpoint: Endpoint, variant: str, line: str) -> None:
        self._account.log(LOG_GROUP + endpoint.endpoint_name, f"{variant}/i-{id(endpoint):017x}", line)

    def _check_models(self, config: FakeEndpointConfig) -> None:
        for variant in config.production_variants:
            if variant["ModelName"] not in self._models:
                raise Refused(f'Could not find model "{self._account.arn("model", variant["ModelName"])}".')

    def _forget(self, name: str) -> None:
        with self._lock:
            self.by_name.pop(name, None)


def _check_idle(endpoint: Endpoint) -> None:
    if endpoint.endpoint_status in _IN_PROGRESS:
        raise Refused(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _weighted(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"InitialVariantWeight": 1.0} | variant for variant in variants]
