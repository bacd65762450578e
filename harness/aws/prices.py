"""On-demand prices from the price list."""

from __future__ import annotations

import json
from typing import Any

from harness.aws.session import Aws

# The price list is served from few regions; "Finding services and products using the Price List Query API".
HOME = "us-east-1"


def find_on_demand(aws: Aws, instance_type: str) -> str | None:
    """Return the on-demand price of a Linux instance in the region, US dollars an hour as AWS writes it.

    ``None`` where the region does not offer the type.
    """
    wanted = {
        "regionCode": aws.region,
        "instanceType": instance_type,
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "tenancy": "Shared",
        "capacitystatus": "Used",
    }
    answer = aws.client("pricing", region=HOME).get_products(
        ServiceCode="AmazonEC2",
        Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()],
    )
    prices = [price for product in answer["PriceList"] for price in _prices(json.loads(product))]
    return min((price for price in prices if float(price) > 0), key=float, default=None)


def _prices(product: Any) -> list[str]:
    terms = product.get("terms", {}).get("OnDemand", {}).values()
    return [
        dimension["pricePerUnit"]["USD"]
        for term in terms
        for dimension in term["priceDimensions"].values()
        if "USD" in dimension["pricePerUnit"]
    ]
