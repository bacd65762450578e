"""What an account may do and what a region offers, asked before anything is created."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from harness.aws.answers import absence, filters, pages
from harness.aws.prices import HOME
from harness.aws.session import Aws

ON_DEMAND, SPOT = "L-1216C47A", "L-34B43A08"
"""Quotas of the vCPUs of standard instances ("Amazon EC2 service quotas")."""
# Actions per call: "SimulatePrincipalPolicy", IAM API reference.
BATCH = 100


def find_offered(aws: Aws, types: Iterable[str]) -> frozenset[str]:
    """Return those of the instance types that the region offers."""
    offers = pages(
        aws, "ec2", "describe_instance_type_offerings", "InstanceTypeOfferings",
        LocationType="region", Filters=[{"Name": "instance-type", "Values": sorted(set(types))}],
    )  # fmt: skip
    return frozenset(offer["InstanceType"] for offer in offers)


def count_vcpus(aws: Aws, types: Sequence[str]) -> int:
    """Return how many vCPUs so many instances of these types have."""
    if not types:
        return 0
    found = pages(aws, "ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=sorted(set(types)))
    vcpus = {kind["InstanceType"]: int(kind["VCpuInfo"]["DefaultVCpus"]) for kind in found}
    return sum(vcpus[name] * count for name, count in Counter(types).items())


def vcpus_in_use(aws: Aws, *, spot: bool) -> int:
    """Return how many vCPUs the account's running instances have in the region, spot and on demand apart."""
    wanted = filters(instance_state_name="running")
    reservations = pages(aws, "ec2", "describe_instances", "Reservations", Filters=wanted)
    running = [instance for reservation in reservations for instance in reservation["Instances"]]
    return count_vcpus(aws, [i["InstanceType"] for i in running if (i.get("InstanceLifecycle") == "spot") == spot])


def find_quota(aws: Aws, code: str) -> float | None:
    """Return the value of an EC2 quota, or ``None`` where it is not known."""
    with absence("NoSuchResourceException"):
        return float(
            aws.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
        )
    return None


def find_ml_quotas(aws: Aws) -> dict[str, float]:
    """Return SageMaker's quotas by name, such as ``ml.m4.xlarge for endpoint usage``; none where they are not known."""
    with absence("NoSuchResourceException"):
        found = pages(aws, "service-quotas", "list_service_quotas", "Quotas", ServiceCode="sagemaker")
        return {quota["QuotaName"]: float(quota["Value"]) for quota in found}
    return {}


def principal_of(caller: str) -> str:
    """Return whose policies speak for a caller: of a role's session, the role (one with a path is not found by it)."""
    before, session, rest = caller.partition(":assumed-role/")
    return f"{before.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}" if session else caller


def find_denied(aws: Aws, principal: str, actions: Sequence[str]) -> tuple[str, ...]:
    """Return the actions that no policy of a principal allows, as IAM's simulator has it, resources left aside."""
    denied: list[str] = []
    for start in range(0, len(actions), BATCH):
        results = pages(
            aws, "iam", "simulate_principal_policy", "EvaluationResults",
            PolicySourceArn=principal, ActionNames=list(actions[start : start + BATCH]),
        )  # fmt: skip
        denied += [result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"]
    return tuple(denied)


def find_ml_price(aws: Aws, instance_type: str, component: str) -> float | None:
    """Return what an hour of a SageMaker instance costs in the region, US dollars; ``None`` where it is not listed."""
    wanted = {"regionCode": aws.region, "instanceName": instance_type, "component": component}
    with absence("InvalidParameterException", "NotFoundException"):
        answer = aws.client("pricing", region=HOME).get_products(
            ServiceCode="AmazonSageMaker",
            Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()],
        )
        prices = [float(usd) for product in answer["PriceList"] for usd in _rates(json.loads(product))]
        return min((price for price in prices if price > 0), default=None)
    return None


def _rates(product: Any) -> list[str]:
    terms = product.get("terms", {}).get("OnDemand", {}).values()
    return [rate["pricePerUnit"].get("USD", "0") for term in terms for rate in term["priceDimensions"].values()]
