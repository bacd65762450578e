"""The default VPC with its subnets and routes."""

from __future__ import annotations

from typing import Any

from harness.aws.answers import absence, filters, pages
from harness.aws.session import Aws
from harness.facts.network import Subnet, Vpc


def find_default_vpc(aws: Aws) -> Vpc | None:
    """Return the region's default VPC, or ``None``."""
    found = pages(aws, "ec2", "describe_vpcs", "Vpcs", Filters=filters(is_default="true"))
    return _vpc(aws, found[0]) if found else None


def create_default_vpc(aws: Aws) -> str:
    """Create the region's default VPC with subnets, gateway and route; returns its id."""
    with absence("DefaultVpcAlreadyExists"):
        return str(aws.client("ec2").create_default_vpc()["Vpc"]["VpcId"])
    return str(pages(aws, "ec2", "describe_vpcs", "Vpcs", Filters=filters(is_default="true"))[0]["VpcId"])


def _vpc(aws: Aws, vpc: Any) -> Vpc:
    inside = filters(vpc_id=vpc["VpcId"])
    tables = pages(aws, "ec2", "describe_route_tables", "RouteTables", Filters=inside)
    subnets = pages(aws, "ec2", "describe_subnets", "Subnets", Filters=inside)
    return Vpc(
        id=vpc["VpcId"],
        region=aws.region,
        cidr=vpc["CidrBlock"],
        is_default=vpc["IsDefault"],
        zones=_find_zones(aws),
        subnets=tuple(
            Subnet(net["SubnetId"], net["AvailabilityZone"], net["DefaultForAz"], _leads_out(tables, net["SubnetId"]))
            for net in subnets
        ),
    )


def _find_zones(aws: Aws) -> tuple[str, ...]:
    """Return the availability zones that are open to the account, without local and wavelength zones."""
    zones = aws.client("ec2").describe_availability_zones(Filters=filters(state="available"))["AvailabilityZones"]
    return tuple(zone["ZoneName"] for zone in zones if zone.get("ZoneType", "availability-zone") == "availability-zone")


def _leads_out(tables: list[Any], subnet: str) -> bool:
    """Say whether the subnet's route table, or else the VPC's main one, leads out to an internet gateway."""
    own = [table for table in tables if any(a.get("SubnetId") == subnet for a in table["Associations"])]
    main = [table for table in tables if any(a.get("Main") for a in table["Associations"])]
    return any(_is_way_out(route) for table in own or main for route in table["Routes"])


def _is_way_out(route: Any) -> bool:
    is_active = route.get("State", "active") == "active"
    to_gateway = str(route.get("GatewayId") or "").startswith("igw-")
    return route.get("DestinationCidrBlock") == "0.0.0.0/0" and is_active and to_gateway
