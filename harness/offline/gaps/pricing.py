"""The price list, GetProducts: moto has none. Linux on demand for the instance types of ``prices.toml``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from harness.offline import prices
from harness.offline.call import AwsError, Call
from harness.offline.layers import Result, Routes

_PAGE = 100
_OFFER, _TERM, _RATE = "JRTCKXETXF", "6YS6EN2CT7", "2023-04-01T00:00:00Z"


def register(routes: Routes) -> None:
    """Answer the price list's operations."""
    routes.intercept("pricing", "GetProducts", get_products)
    routes.intercept("pricing", "DescribeServices", describe_services)
    routes.intercept("pricing", "GetAttributeValues", get_attribute_values)


def get_products(call: Call) -> Result:
    """Answer with the products that pass every filter, each a JSON document as AWS's price list has it."""
    _check_service(call)
    filters = call.parameters.get("Filters", [])
    found = [
        product for product in _products() if all(_passes(product["product"]["attributes"], one) for one in filters)
    ]
    first, size = int(call.parameters.get("NextToken") or 0), int(call.parameters.get("MaxResults") or _PAGE)
    page: Result = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(p) for p in found[first : first + size]]}
    return page | ({"NextToken": str(first + size)} if first + size < len(found) else {})


def describe_services(_: Call) -> Result:
    """Answer with the one service whose prices are known."""
    names = sorted(next(_products())["product"]["attributes"])
    return {"FormatVersion": "aws_v1", "Services": [{"ServiceCode": "AmazonEC2", "AttributeNames": names}]}


def get_attribute_values(call: Call) -> Result:
    """Answer with the values that an attribute takes."""
    _check_service(call)
    name = call.parameters["AttributeName"]
    values = sorted({product["product"]["attributes"].get(name, "") for product in _products()} - {""})
    return {"AttributeValues": [{"Value": value} for value in values]}


def _check_service(call: Call) -> None:
    if call.parameters.get("ServiceCode") != "AmazonEC2":
        raise AwsError("InvalidParameterException", f"Service code {call.parameters.get('ServiceCode')} is not known.")


def _passes(attributes: dict[str, str], one: dict[str, str]) -> bool:
    value, wanted = attributes.get(one["Field"], ""), one["Value"]
    if one["Field"] == "ServiceCode":
        value = "AmazonEC2"
    kind = one.get("Type", "TERM_MATCH")
    if kind == "CONTAINS":
        return wanted.lower() in value.lower()
    if kind in ("ANY_OF", "NONE_OF"):
        return (value in wanted.split(",")) == (kind == "ANY_OF")
    return value.lower() == wanted.lower()


def _products() -> Iterator[dict[str, Any]]:
    for region in prices.regions():
        for instance_type, hourly in prices.on_demand(region).items():
            yield _product(region, instance_type, hourly)


def _product(region: str, instance_type: str, hourly: float) -> dict[str, Any]:
    sku = hashlib.sha256(f"{region}/{instance_type}".encode()).hexdigest()[:16].upper()
    term, dimension = f"{sku}.{_OFFER}", f"{sku}.{_OFFER}.{_TERM}"
    rate = {
        "unit": "Hrs", "endRange": "Inf", "beginRange": "0", "appliesTo": [], "rateCode": dimension,
        "description": f"${hourly} per On Demand Linux {instance_type} Instance Hour",
        "pricePerUnit": {"USD": f"{hourly:.10f}"},
    }  # fmt: skip
    on_demand = {
        "priceDimensions": {dimension: rate}, "sku": sku, "effectiveDate": _RATE, "offerTermCode": _OFFER,
        "termAttributes": {},
    }  # fmt: skip
    return {
        "product": {"productFamily": "Compute Instance", "attributes": _attributes(region, instance_type), "sku": sku},
        "serviceCode": "AmazonEC2", "terms": {"OnDemand": {term: on_demand}}, "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }  # fmt: skip


def _attributes(region: str, instance_type: str) -> dict[str, str]:
    return {
        "servicecode": "AmazonEC2", "servicename": "Amazon Elastic Compute Cloud", "location": prices.location(region),
        "locationType": "AWS Region", "regionCode": region, "instanceType": instance_type, "operatingSystem": "Linux",
        "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used", "licenseModel": "No License required",
        "operation": "RunInstances", "marketoption": "OnDemand", "usagetype": f"BoxUsage:{instance_type}",
        "currentGeneration": "No" if instance_type.startswith(("t2", "m4", "p2")) else "Yes",
    }  # fmt: skip
