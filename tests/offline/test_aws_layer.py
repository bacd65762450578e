"""``harness.aws`` sees what is there, and the sweep removes what a run made and nothing else."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from harness import sweep as sweeping
from harness.aws import (
    budgets,
    groups,
    iam,
    identity,
    images,
    instances,
    inventory,
    keys,
    market,
    prices,
    quotas,
    spot,
    trail,
    volumes,
    vpc,
)
from harness.aws.session import Aws
from harness.catalogue import load
from harness.errors import CloudTrouble
from harness.ledger import Ledger

RUN = "k3f9qz"
TAGS = {"acceptance-run": RUN}
OWNER = load().image.owner
NEWEST = load().image.newest
SPOT = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.0100", "SpotInstanceType": "one-time"}}


@pytest.fixture(scope="module")
def aws(offline):
    return Aws(offline.cloud, offline.cloud.owner)


@pytest.fixture(scope="module")
def default_vpc(aws):
    return vpc.find_default_vpc(aws)


@pytest.fixture(scope="module")
def key_name(aws):
    keys.create_key_pair(aws, "foreign", {"owner": "somebody"})
    return "foreign"


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture
def launch(aws, key_name, default_vpc):
    image = images.find_newest(aws, OWNER, NEWEST, "x86_64").id
    group = groups.find_groups(aws, "default")[0].id

    def launch(token: str, **options):
        given = {
            "image": image,
            "instance_type": "t2.micro",
            "key_name": key_name,
            "groups": [group],
            "public": False,
            "tags": TAGS,
            "minutes": 60,
        }
        return instances.launch(aws, token=token, **{**given, **options})

    return launch


def swept(aws, ledger, **options):
    return [str(leftover) for leftover in sweeping.sweep(lambda _: aws, ledger, **options)]


def test_default_vpc_has_a_subnet_per_zone_and_a_way_out(default_vpc):
    assert default_vpc.is_default
    assert default_vpc.zones
    assert default_vpc.zones_without_subnet == ()
    assert default_vpc.has_route_out


def test_removed_route_and_subnet_are_seen(aws, default_vpc):
    ec2 = aws.client("ec2", region="eu-west-1")
    away = Aws(aws.cloud, aws.cloud.owner)
    away.region = "eu-west-1"
    away.client = lambda service, region=None: aws.client(service, region="eu-west-1")
    before = vpc.find_default_vpc(away)
    ec2.delete_subnet(SubnetId=before.subnets[0].id)
    [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [before.id]}])["RouteTables"]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    after = vpc.find_default_vpc(away)
    assert after.zones_without_subnet == (before.subnets[0].zone,)
    assert not after.has_route_out


def test_group_shows_rules_of_every_kind(aws, default_vpc):
    name = "EveryKind"
    id = groups.create_group(aws, name, "for a test", default_vpc.id, TAGS)
    source = groups.find_groups(aws, "default")[0].id
    groups.admit(aws, id, 22, "0.0.0.0/0")
    groups.admit(aws, id, 22, "0.0.0.0/0")  # twice is once
    groups.admit(aws, id, 80, source)
    ec2 = aws.client("ec2")
    everything = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    ec2.authorize_security_group_ingress(GroupId=id, IpPermissions=[everything])
    listed = ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=1, AddressFamily="IPv4", Entries=[{"Cidr": "203.0.113.0/24"}]
    )["PrefixList"]["PrefixListId"]
    by_list = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "PrefixListIds": [{"PrefixListId": listed}]}
    ec2.authorize_security_group_ingress(GroupId=id, IpPermissions=[by_list])
    [group] = groups.find_groups(aws, name)
    assert group == groups.find_group(aws, id)
    assert group.admits("tcp", 22, "0.0.0.0/0")
    assert group.admits("udp", 53, "203.0.113.9/32")
    assert group.admits("tcp", 8003, "::/0")
    assert not group.admits("tcp", 80, "0.0.0.0/0")
    assert group.admits_members_of(source, "tcp", 80)
    groups.delete_group(aws, id)
    groups.delete_group(aws, id)  # gone already
    assert groups.find_group(aws, id) is None


def test_group_of_somebody_else_is_the_clouds_trouble(aws, default_vpc):
    with pytest.raises(CloudTrouble, match="default already"):
        groups.create_group(aws, "default", "x", default_vpc.id, TAGS)


def test_instance_is_seen_through_its_life(aws, launch):
    id, request = launch("life", public=True)
    assert request is None
    assert launch("life", public=True)[0] == id
    instance = instances.until_running(aws, id)
    assert (instance.state, instance.lifecycle, instance.type) == ("running", "on-demand", "t2.micro")
    assert instance.group_names == ("default",)
    assert instance.image.objection(load().image, instance.launch_day) == ""
    assert instance.public_ip
    assert len(instance.volumes) == 1
    instances.terminate(aws, id)
    ended = instances.until_terminated(aws, id)
    assert ended.state == "terminated"
    assert ended.ended is not None
    assert datetime.datetime.fromisoformat(ended.ended).tzinfo is not None
    assert [volume.is_gone for volume in volumes.find_volumes(aws, instance.volumes)] == [True]
    assert [event.name for event in trail.find_events(aws, id, "TerminateInstances")] == ["TerminateInstances"]
    instances.terminate(aws, "i-0123456789abcdef0")  # EC2 does not know it
    assert instances.find_state(aws, "i-0123456789abcdef0") == "unknown"


def test_instance_in_two_groups_shows_both(aws, launch, default_vpc):
    default = groups.find_groups(aws, "default")[0].id
    second = groups.create_group(aws, "Second", "for a test", default_vpc.id, TAGS)
    id, _ = launch("two", groups=[default, second])
    instance = instances.until_running(aws, id)
    assert set(instance.group_ids) == {default, second}
    assert not instance.is_only_in(default)
    instances.terminate(aws, id)
    instances.until_terminated(aws, id)
    groups.delete_group(aws, second)


def test_image_that_is_not_registered_has_no_name(aws):
    assert images.find_image(aws, "ami-0123456789abcdef0").name == ""
    with pytest.raises(CloudTrouble, match="offers no image"):
        images.find_newest(aws, OWNER, "no-such-image*", "x86_64")


def test_prices_and_quota_are_read(aws):
    now = datetime.datetime.now(datetime.UTC)
    assert spot.find_prices(aws, "t2.micro", now)
    assert float(prices.find_on_demand(aws, "t2.large") or 0) > float(prices.find_on_demand(aws, "t2.micro") or 0) > 0
    assert prices.find_on_demand(aws, "x9.tiny") is None
    before = quotas.find_quota(aws, "ec2", "L-417A185B")
    assert not before.was_asked_for(8)
    quotas.request_increase(aws, "ec2", "L-417A185B", before.value + 8)
    assert quotas.find_quota(aws, "ec2", "L-417A185B").was_asked_for(8)
    assert quotas.request_increase(aws, "ec2", "L-417A185B", before.value + 16) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "expected names and values in braces"),
        ('{"MarketType": "spot", "SpotOptions": {"MaxPrice": 0.05}}', "MaxPrice is 0.05, expected a text in quotes"),
        ('{"MarketType": "spot", "SpotOption": {}}', "SpotOption"),
    ],
)
def test_options_that_the_aws_command_would_not_take_are_told(aws, tmp_path, content, said):
    path = tmp_path / "spot-options.json"
    path.write_text(content)
    assert said in market.read_options(aws, path).problem
    assert market.read_options(aws, tmp_path / "absent.json").problem == "the submission has no absent.json"


def test_options_without_a_type_ask_for_one_time(aws, tmp_path):
    path = tmp_path / "spot-options.json"
    path.write_text('\ufeff{"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.05"}}', encoding="utf-8")
    options = market.read_options(aws, path)
    assert (options.problem, options.is_one_time, str(options.ceiling)) == ("", True, "0.05")


def test_budgets_and_alarms_are_seen_and_what_is_wrong_with_one_of_usage(aws):
    account = identity.find_caller(aws).account
    budgets.create_budget(aws, "spend", 10, "a@example.com")
    aws.client("budgets").create_budget(
        AccountId=account,
        Budget={
            "BudgetName": "hours",
            "BudgetType": "USAGE",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "10", "Unit": "Hrs"},
        },
    )
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="bill", Namespace="AWS/Billing", MetricName="EstimatedCharges", Threshold=10, EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold", Period=21600, Statistic="Maximum",
    )  # fmt: skip
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="cpu", Namespace="AWS/EC2", MetricName="CPUUtilization", Threshold=10, EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold", Period=60, Statistic="Maximum",
    )  # fmt: skip
    found = {watch.name: watch for watch in budgets.find_budgets(aws)}
    assert (found["spend"].notifies, found["spend"].problem) == (True, "")
    assert found.keys() == {"spend", "hours"}
    assert found["hours"].problem
    assert [(watch.name, watch.notifies) for watch in budgets.find_billing_alarms(aws)] == [("bill", False)]
    budgets.delete_budget(aws, "spend")
    budgets.delete_budget(aws, "spend")


def test_user_shows_what_hangs_on_it_and_goes_with_all_of_it(aws):
    iam.create_user(aws, "ana", TAGS)
    iam.create_group(aws, "admins")
    assert iam.find_user(aws, "ana").groups == ()
    iam.create_login_profile(aws, "ana")
    key = iam.create_access_key(aws, "ana")
    iam.attach_policy(aws, "admins", "AdministratorAccess")
    iam.add_to_group(aws, "ana", "admins")
    user = iam.find_user(aws, "ana")
    assert user.has_console_access
    assert user.has_active_key
    assert user.is_granted_by_a_group("AdministratorAccess")
    assert key.access_key not in repr(user)
    assert iam.find_likely_worker(aws, "AdministratorAccess") == user
    iam.delete_user(aws, "ana")
    iam.delete_group(aws, "admins")
    assert iam.find_user(aws, "ana") is None


def test_sweep_finds_intents_strays_and_groups_that_hold_each_other(aws, launch, ledger, default_vpc):
    with ledger.creating("instance", aws.region, token="lost", run=RUN):
        launch("lost")
    launch("stray", tags=TAGS)
    _, request = launch("spot", market=SPOT)
    assert request
    foreign, _ = launch("foreign", tags={"acceptance-run": "other"})
    first, second = (groups.create_group(aws, name, "x", default_vpc.id, TAGS) for name in ("A", "B"))
    groups.admit(aws, first, 22, second)
    groups.admit(aws, second, 22, first)
    for id in (first, second):
        ledger.found("security-group", aws.region, id, run=RUN)
    with ledger.creating("key-pair", aws.region, name="foreign", run=RUN):
        pass  # a name that is somebody else's: its tag does not match
    with ledger.creating("iam-group", aws.region, name="operators", run=RUN):
        iam.create_group(aws, "operators")  # nor does a name without the run's id
    assert swept(aws, ledger, tags=TAGS, regions=[aws.region]) == []
    assert {entry.state for entry in ledger.entries()} == {"gone"}
    found = inventory.take_inventory(aws)
    assert {thing.id for thing in found.instances if thing.state != "terminated"} == {foreign}
    assert spot.find_request(aws, request).is_over
    assert groups.find_group(aws, first) is None
    assert aws.client("ec2").describe_key_pairs(KeyNames=["foreign"])["KeyPairs"]
    assert aws.client("iam").get_group(GroupName="operators")
    instances.terminate(aws, foreign)
    instances.until_terminated(aws, foreign)


def test_sweep_reports_a_group_that_somebody_else_uses(aws, launch, ledger, default_vpc, monkeypatch):
    hasty = replace(sweeping.KINDS["security-group"], patience=lambda _: 0.05)
    monkeypatch.setitem(sweeping.KINDS, "security-group", hasty)
    group = groups.create_group(aws, "Used", "x", default_vpc.id, TAGS)
    foreign, _ = launch("user", groups=[group], tags={"owner": "somebody"})
    instances.until_running(aws, foreign)
    ledger.found("security-group", aws.region, group, run=RUN)
    [leftover] = swept(aws, ledger)
    assert group in leftover
    assert "DependencyViolation" in leftover or "dependent" in leftover
    instances.terminate(aws, foreign)
    instances.until_terminated(aws, foreign)
    assert swept(aws, ledger) == []
