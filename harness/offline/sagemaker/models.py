"""Models: a container image and the artifact that it serves."""

from __future__ import annotations

from typing import Any

from moto.sagemaker.models import Model as MotoModel

from .account import Account, split_uri
from .errors import Refused
from .images import check_image


class Model(MotoModel):
    """A model as moto keeps it."""

    def is_created(self) -> bool:
        """Say that CloudFormation need not wait."""
        return True


def create_model(account: Account, request: dict[str, Any]) -> Model:
    """Check a request as AWS does and return the model; what it refers to must exist now."""
    role = request.get("ExecutionRoleArn")
    if role is None:
        raise Refused("ExecutionRoleArn is required to create a model.")
    containers = containers_of(request)
    if not containers:
        raise Refused("You must specify either PrimaryContainer or Containers.")
    account.check_role(role)
    for container in containers:
        _check_container(account, container, role)
    model = Model(
        account_id=account.account_id,
        region_name=account.region,
        model_name=request["ModelName"],
        execution_role_arn=role,
        primary_container=request.get("PrimaryContainer") or {},
        vpc_config=request.get("VpcConfig") or {},
        containers=request.get("Containers") or [],
        tags=request.get("Tags") or [],
    )
    model.enable_network_isolation = bool(request.get("EnableNetworkIsolation"))
    return model


def containers_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the containers of a model, in the order in which a request passes them."""
    primary = request.get("PrimaryContainer")
    return [primary] if primary else request.get("Containers") or []


def _check_container(account: Account, container: dict[str, Any], role: str) -> None:
    if not container.get("Image"):
        raise Refused("A container needs an Image; the offline cloud has no model packages.")
    check_image(container["Image"], account.region, role)
    artifact = container.get("ModelDataUrl")
    if artifact and account.read(*split_uri(artifact)) is None:
        raise Refused(f"Could not find model data at {artifact}.")
