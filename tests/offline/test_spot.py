"""The spot market: prices, ceilings, requests and their ends."""

from __future__ import annotations

import datetime

import pytest

from tests.offline.support import HOMEWORK_IMAGE, code_of

NOW = datetime.datetime.now(datetime.UTC)


def options(ceiling="0.05", kind="one-time", **more):
    return {"MarketType": "spot", "SpotOptions": {"MaxPrice": ceiling, "SpotInstanceType": kind, **more}}


def history(client, **given):
    return client.describe_spot_price_history(ProductDescriptions=["Linux/UNIX"], **given)["SpotPriceHistory"]


@pytest.mark.parametrize(("region", "on_demand"), [("us-east-1", 0.0928), ("eu-west-1", 0.1008)])
def test_the_price_now_is_fresh_varies_by_zone_and_is_below_on_demand(root, region, on_demand) -> None:
    prices = history(root("ec2", region_name=region), InstanceTypes=["t2.large"], StartTime=NOW, EndTime=NOW)
    zones = [price["AvailabilityZone"] for price in prices]
    assert len(zones) == len(set(zones)) > 1
    assert all(on_demand * 0.2 < float(price["SpotPrice"]) < on_demand * 0.6 for price in prices)
    assert len({price["SpotPrice"] for price in prices}) == len(prices)
    assert all(datetime.timedelta(0) <= NOW - price["Timestamp"] < datetime.timedelta(hours=8) for price in prices)


def test_history_moves_is_paged_and_always_the_same(ec2) -> None:
    start = NOW - datetime.timedelta(days=2)
    given = {"InstanceTypes": ["t2.micro"], "AvailabilityZone": "us-east-1a", "StartTime": start, "EndTime": NOW}
    prices = history(ec2.client, **given)
    assert 7 <= len(prices) <= 12
    assert len({price["SpotPrice"] for price in prices}) > 5
    assert prices == history(ec2.client, **given)
    pages = ec2.client.get_paginator("describe_spot_price_history").paginate(**given, PaginationConfig={"PageSize": 3})
    assert [price for page in pages for price in page["SpotPriceHistory"]] == prices


def test_a_type_or_product_without_a_market_has_no_price(ec2) -> None:
    assert history(ec2.client, InstanceTypes=["m7i.metal-48xl"], StartTime=NOW) == []
    windows = ec2.client.describe_spot_price_history(InstanceTypes=["t2.micro"], ProductDescriptions=["Windows"])
    assert windows["SpotPriceHistory"] == []


def test_an_instance_and_its_request_are_linked_and_end_together(ec2) -> None:
    launched = ec2.launch(InstanceMarketOptions=options())
    instance = ec2.reach(launched["InstanceId"], "running")
    assert instance["InstanceLifecycle"] == launched["InstanceLifecycle"] == "spot"
    request = ec2.request(instance["InstanceId"])
    assert launched["SpotInstanceRequestId"] == request["SpotInstanceRequestId"]
    assert (request["State"], request["Type"], request["InstanceId"]) == ("active", "one-time", instance["InstanceId"])
    assert (request["Status"]["Code"], float(request["SpotPrice"])) == ("fulfilled", 0.05)
    assert abs(request["CreateTime"] - instance["LaunchTime"]) < datetime.timedelta(minutes=1)
    ec2.end(instance["InstanceId"])
    closed = ec2.request(instance["InstanceId"])
    assert (closed["State"], closed["Status"]["Code"]) == ("closed", "instance-terminated-by-user")


def test_tags_given_at_launch_reach_instance_volume_and_request(ec2) -> None:
    kinds = ("instance", "volume", "spot-instances-request", "network-interface")
    tags = [{"ResourceType": kind, "Tags": [{"Key": "run", "Value": "k3"}]} for kind in kinds]
    instance = ec2.running(InstanceMarketOptions=options(), TagSpecifications=tags)
    tagged = [{"Name": "tag:run", "Values": ["k3"]}]
    found = ec2.client.describe_spot_instance_requests(Filters=tagged)["SpotInstanceRequests"]
    assert [request["SpotInstanceRequestId"] for request in found] == [instance["SpotInstanceRequestId"]]
    assert ec2.client.describe_instances(Filters=tagged)["Reservations"]
    assert len(ec2.client.describe_volumes(Filters=tagged)["Volumes"]) == 1
    ec2.end(instance["InstanceId"])


def test_a_ceiling_under_the_price_is_refused_and_launches_nothing(ec2) -> None:
    before = len(ec2.client.describe_instances()["Reservations"])
    assert code_of(lambda: ec2.launch(InstanceMarketOptions=options("0.0001"))) == "SpotMaxPriceTooLow"
    assert len(ec2.client.describe_instances()["Reservations"]) == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (options("cheap"), "InvalidParameterValue"), (options("-1"), "InvalidParameterValue"),
        (options(kind="sometimes"), "InvalidParameterValue"), ({"MarketType": "flea"}, "InvalidParameterValue"),
        (options(InstanceInterruptionBehavior="stop"), "InvalidParameterCombination"),
        (options(InstanceInterruptionBehavior="Terminate"), "InvalidParameterValue"),
        (options(ValidUntil="2030-01-01T00:00:00Z"), "InvalidParameterCombination"),
        (options(" 0.01"), "InvalidParameterValue"), (options("Infinity"), "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(ec2, change, code) -> None:
    assert code_of(lambda: ec2.launch(InstanceMarketOptions=change)) == code


def test_a_one_time_spot_instance_cannot_be_stopped(ec2) -> None:
    id = ec2.running(InstanceMarketOptions=options())["InstanceId"]
    assert code_of(lambda: ec2.client.stop_instances(InstanceIds=[id])) == "UnsupportedOperation"
    ec2.end(id)


def test_spot_draws_on_a_quota_of_its_own(ec2) -> None:
    wanted = {"InstanceType": "p3dn.24xlarge", "InstanceMarketOptions": {"MarketType": "spot"}}
    assert code_of(lambda: ec2.launch(**wanted)) == "MaxSpotInstanceCountExceeded"


def test_without_a_ceiling_the_on_demand_price_is_the_ceiling(ec2) -> None:
    id = ec2.running(InstanceMarketOptions={"MarketType": "spot"})["InstanceId"]
    request = ec2.request(id)
    assert (request["Type"], float(request["SpotPrice"])) == ("one-time", 0.0116)
    ec2.end(id)


def test_a_request_made_first_waits_or_runs_by_its_price(ec2) -> None:
    launch = {"ImageId": HOMEWORK_IMAGE, "InstanceType": "t2.micro"}
    low = ec2.client.request_spot_instances(SpotPrice="0.0001", LaunchSpecification=launch)["SpotInstanceRequests"][0]
    assert (low["State"], low["Status"]["Code"], low.get("InstanceId")) == ("open", "price-too-low", None)
    high = ec2.client.request_spot_instances(SpotPrice="0.01", LaunchSpecification=launch)["SpotInstanceRequests"][0]
    assert (high["State"], ec2.reach(high["InstanceId"], "running")["InstanceLifecycle"]) == ("active", "spot")
    ec2.client.cancel_spot_instance_requests(SpotInstanceRequestIds=[low["SpotInstanceRequestId"]])
    found = ec2.client.describe_spot_instance_requests(SpotInstanceRequestIds=[low["SpotInstanceRequestId"]])
    assert found["SpotInstanceRequests"][0]["State"] == "cancelled"
    ec2.end(high["InstanceId"])


def test_a_request_made_first_names_its_groups_by_their_ids(ec2) -> None:
    group = ec2.client.create_security_group(GroupName="asked-for", Description="spot")["GroupId"]
    launch = {"ImageId": HOMEWORK_IMAGE, "InstanceType": "t2.micro", "SecurityGroupIds": [group]}
    made = ec2.client.request_spot_instances(SpotPrice="0.01", LaunchSpecification=launch)["SpotInstanceRequests"][0]
    assert [found["GroupId"] for found in ec2.instance(made["InstanceId"])["SecurityGroups"]] == [group]
    ec2.end(made["InstanceId"])
    unknown = launch | {"SecurityGroupIds": ["sg-0123456789abcdef0"]}
    assert code_of(lambda: ec2.client.request_spot_instances(LaunchSpecification=unknown)) == "InvalidGroup.NotFound"


def test_a_cancelled_request_leaves_its_instance_running(ec2) -> None:
    id = ec2.running(InstanceMarketOptions=options())["InstanceId"]
    request = ec2.request(id)["SpotInstanceRequestId"]
    ec2.client.cancel_spot_instance_requests(SpotInstanceRequestIds=[request])
    assert ec2.request(id)["Status"]["Code"] == "request-canceled-and-instance-running"
    assert ec2.instance(id)["State"]["Name"] == "running"
    ec2.end(id)


def test_an_unknown_request_is_refused(ec2) -> None:
    missing = ["sir-00000000"]
    describe = ec2.client.describe_spot_instance_requests
    assert code_of(lambda: describe(SpotInstanceRequestIds=missing)) == "InvalidSpotInstanceRequestID.NotFound"
