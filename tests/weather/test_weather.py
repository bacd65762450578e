"""The weather: seeded, to scale, and each trouble as AWS has it."""

from __future__ import annotations

import contextlib
import time

import botocore.exceptions
import pytest
from botocore.exceptions import ClientError

from harness.offline.cloud import OfflineCloud
from harness.offline.weather import Weather, forecast
from harness.offline.weather.storm import Moods, Stormy
from harness.offline.weather.usual import USUAL
from tests.offline.support import Caller, Ec2, RecordingHosts, code_of

QUIET = Moods(trouble=0, outage=0, no_capacity=0, interruption=0, endpoint_failure=0, expiry=0)
SOON = 1 / 50
HOUR = 3600.0


@contextlib.contextmanager
def cloud(tmp_path, weather):
    with OfflineCloud(tmp_path, hosts=RecordingHosts(), weather=weather) as offline:
        weather.begin()
        yield Caller(offline.cloud.endpoint_url, offline.cloud.owner)


def stormy(**moods) -> Stormy:
    return Stormy(1, SOON, Moods(**{**QUIET.__dict__, **moods}))


def test_same_seed_same_day_and_another_seed_another():
    def day(seed: int) -> list[float]:
        weather = Weather(seed, 1)
        return [weather.seconds(what) for what in USUAL for _ in range(3)]

    assert day(7) == day(7)
    assert day(7) != day(8)


def test_order_in_which_kinds_are_drawn_does_not_matter():
    one, other = Weather(3, 1), Weather(3, 1)
    pending = one.seconds("instance.pending")
    other.seconds("host.boot")
    assert other.seconds("instance.pending") == pending


@pytest.mark.parametrize("what", USUAL)
def test_durations_are_within_their_range_and_to_scale(what):
    usual, drawn = USUAL[what], [Weather(seed, 0.1).seconds(what) for seed in range(50)]
    assert usual.least * 0.1 <= min(drawn) < max(drawn) <= usual.most * 0.1
    assert usual.source


def test_sagemakers_durations_are_drawn_by_their_own_names():
    weather = Weather(1, 0.01)
    assert 4.2 <= weather.sagemaker().endpoint_creating <= 6.6
    assert [drawn.what for drawn in weather.drawn] == ["endpoint.creating"]


def test_what_is_new_is_unknown_for_a_moment_by_id_and_in_lists(tmp_path):
    weather = Weather(1, SOON)
    weather.seconds = lambda what: HOUR if what == "ec2.visible" else 0.0
    with cloud(tmp_path, weather) as root:
        ec2 = Ec2(root("ec2"))
        group = ec2.group()
        id = ec2.launch()["InstanceId"]
        assert code_of(lambda: ec2.instance(id)) == "InvalidInstanceID.NotFound"
        assert code_of(lambda: ec2.launch(SecurityGroupIds=[group])) == "InvalidGroup.NotFound"
        by_id = [{"Name": "instance-id", "Values": [id]}]
        assert ec2.client.describe_instances(Filters=by_id)["Reservations"] == []
        shown = [found["GroupId"] for found in ec2.client.describe_security_groups()["SecurityGroups"]]
        assert group not in shown
        assert shown, "the default group is not new"
        pass_time(weather)
        assert ec2.instance(id)["InstanceId"] == id
        shown = [found["GroupId"] for found in ec2.client.describe_security_groups()["SecurityGroups"]]
        assert group in shown


def pass_time(weather: Weather) -> None:
    """Let all that is new grow old."""
    weather.now = lambda: time.monotonic() + HOUR


def test_new_access_key_is_not_taken_at_once_but_one_from_before_the_day_is(tmp_path):
    weather = Weather(1, SOON)
    weather.seconds = lambda _: HOUR
    with OfflineCloud(tmp_path, hosts=RecordingHosts(), weather=weather) as offline:
        root = Caller(offline.cloud.endpoint_url, offline.cloud.owner)
        root("iam").create_user(UserName="early")
        early = root("iam").create_access_key(UserName="early")["AccessKey"]
        weather.begin()
        assert root.by(early)("sts").get_caller_identity()["Arn"].endswith("user/early")
        late = root("iam").create_access_key(UserName="early")["AccessKey"]
        assert code_of(root.by(late)("sts").get_caller_identity) == "InvalidClientTokenId"
        pass_time(weather)
        assert root.by(late)("sts").get_caller_identity()


def test_group_stays_in_use_while_the_interface_of_its_ended_instance_lingers(tmp_path):
    weather = Weather(1, SOON)
    weather.seconds = lambda what: HOUR if what == "interface.lingering" else 0.0
    with cloud(tmp_path, weather) as root:
        ec2 = Ec2(root("ec2"))
        group = ec2.group()
        ec2.end(ec2.running(SecurityGroupIds=[group])["InstanceId"])
        assert code_of(lambda: ec2.client.delete_security_group(GroupId=group)) == "DependencyViolation"
        pass_time(weather)
        ec2.client.delete_security_group(GroupId=group)


def test_every_call_may_be_throttled_fail_or_lose_its_connection(tmp_path):
    with cloud(tmp_path, stormy(trouble=1)) as root:
        seen = {outcome(lambda: root("ec2").describe_vpcs()) for _ in range(40)}
    assert {"RequestLimitExceeded", "InternalError", "ConnectionClosedError"} <= seen


def outcome(call) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except botocore.exceptions.HTTPClientError as error:
        return type(error).__name__
    return "done"


def test_failure_may_come_after_the_deed(tmp_path):
    with cloud(tmp_path, stormy(trouble=1)) as root:
        names = [f"group{number}" for number in range(30)]
        troubles = [outcome(lambda name=name: root("iam").create_group(GroupName=name)) for name in names]
        root_cloud = {group for group in names if exists(root, group)}
    assert "done" not in troubles
    assert 0 < len(root_cloud) < len(names)


def exists(root, name) -> bool:
    from moto.iam.models import iam_backends

    return name in {group.name for group in iam_backends["123456789012"]["aws"].groups.values()}


def test_zone_without_capacity_refuses_and_another_has_it(tmp_path):
    weather = stormy(no_capacity=1)
    weather.has_capacity = lambda _type, zone: zone.endswith("c")
    with cloud(tmp_path, weather) as root:
        ec2 = Ec2(root("ec2"))
        assert code_of(ec2.launch) == "InsufficientInstanceCapacity"
        subnets = ec2.client.describe_subnets()["Subnets"]
        there = next(subnet["SubnetId"] for subnet in subnets if subnet["AvailabilityZone"] == "us-east-1c")
        assert ec2.launch(SubnetId=there)["InstanceId"]


def test_spot_instance_is_taken_back(tmp_path):
    weather = stormy()
    weather.interruption = lambda: 0.05
    weather.seconds = lambda _: 0.0
    with cloud(tmp_path, weather) as root:
        ec2 = Ec2(root("ec2"))
        market = {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}
        id = ec2.launch(InstanceMarketOptions=market)["InstanceId"]
        ended = ec2.reach(id, "terminated")
        assert ended["StateReason"]["Code"] == "Server.SpotInstanceTermination"
        request = ec2.request(id)
        assert (request["State"], request["Status"]["Code"]) == ("closed", "instance-terminated-no-capacity")
        plain = ec2.running()["InstanceId"]
        assert ec2.instance(plain)["State"]["Name"] == "running"


def test_first_endpoint_of_a_bad_day_fails_and_the_next_does_not():
    days = [Stormy(seed, 1, Moods(endpoint_failure=0.5)) for seed in range(20)]
    firsts = [day.endpoint_trouble() for day in days]
    assert {reason.partition(":")[0] for reason in firsts if reason} == {"CapacityError", "InternalServerError"}
    assert None in firsts
    assert [day.endpoint_trouble() for day in days] == [None] * 20


def test_forecast_names_the_three_kinds():
    assert [forecast(kind, seed=1, scale=1).name for kind in ("calm", "typical", "stormy")] == [
        "calm", "typical", "stormy",
    ]  # fmt: skip
