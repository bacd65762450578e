"""The network's tests judge right and wrong homeworks as they should; the facts are made up here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import catalogue
from harness.facts.network import Door, Group, Rule, Subnet, Vpc
from tests.homework import test_network as network


class Context:
    homework = catalogue.load()


def rule(*cidrs: str, protocol: str = "tcp", ports: tuple[int | None, int | None] = (22, 22), groups=()) -> Rule:
    return Rule(protocol, *ports, cidrs, tuple(groups))


def group(*rules: Rule) -> Group:
    return Group("sg-1", "PublicSG", "Bastion", "vpc-1", rules)


ALL = "0.0.0.0/0"
MET = {
    "as written": (rule(ALL),),
    "protocol by number": (rule(ALL, protocol="6"),),
    "range that holds it": (rule(ALL, ports=(1, 1024)),),
    "every protocol": (rule(ALL, protocol="-1", ports=(None, None)),),
    "two halves": (rule("0.0.0.0/1"), rule("128.0.0.0/1")),
    "both families": (rule("::/0", ALL),),
    "narrower rules beside it": (rule("203.0.113.7/32"), rule(ALL)),
}
NOT_MET = {
    "no rule": (),
    "udp": (rule(ALL, protocol="udp"),),
    "icmp": (rule(ALL, protocol="icmp", ports=(-1, -1)),),
    "another port": (rule(ALL, ports=(80, 80)),),
    "range beside it": (rule(ALL, ports=(23, 1024)),),
    "one address": (rule("203.0.113.7/32"),),
    "half of the world": (rule("0.0.0.0/1"),),
    "IPv6 only": (rule("::/0"),),
    "another group only": (rule(groups=["sg-2"]),),
}


@pytest.mark.parametrize("rules", MET.values(), ids=MET)
def test_port_open_to_all_is_met(rules):
    network.test_public_group_lets_ssh_in_from_anywhere(group(*rules), Context)


@pytest.mark.parametrize("rules", NOT_MET.values(), ids=NOT_MET)
def test_port_not_open_to_all_is_not_met(rules):
    with pytest.raises(AssertionError, match=r"PublicSG \(sg-1\): port 22 .*, expected 0.0.0.0/0"):
        network.test_public_group_lets_ssh_in_from_anywhere(group(*rules), Context)


def test_message_says_who_is_let_in_instead():
    with pytest.raises(AssertionError, match=r"port 22 open to 203\.0\.113\.7/32 only, expected"):
        network.test_public_group_lets_ssh_in_from_anywhere(group(rule("203.0.113.7/32")), Context)


@pytest.mark.parametrize(
    ("judge", "port"),
    [
        (network.test_public_group_lets_the_web_server_be_reached, 8003),
        (network.test_public_group_lets_jupyter_be_reached, 8800),
    ],
)
def test_web_ports_are_judged_each_by_its_own(judge, port):
    judge(group(rule(ALL, ports=(port, port))), Context)
    with pytest.raises(AssertionError, match=str(port)):
        judge(group(rule(ALL)), Context)


DOOR = Door(group(), 22, "i-1", "172.31.4.5", ("sg-public",))


@pytest.mark.parametrize(
    "rules",
    [
        (rule(ALL),),
        (rule("172.31.4.5/32"),),
        (rule("172.31.0.0/16"),),
        (rule(groups=["sg-public"]),),
        (rule(protocol="-1", ports=(None, None), groups=["sg-public"]),),
    ],
)
def test_door_that_lets_the_bastion_in_is_met(rules):
    advice: list[str] = []
    network.test_private_group_lets_ssh_in_from_the_bastion(replace(DOOR, group=group(*rules)), advice.append)
    assert bool(advice) == (rules == (rule(ALL),))


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (rule("198.51.100.0/24"),),
        (rule("172.31.4.6/32"),),
        (rule(groups=["sg-other"]),),
        (rule(groups=["sg-public"], ports=(80, 80)),),
        (rule("172.31.4.5/32", protocol="udp"),),
    ],
)
def test_door_that_keeps_the_bastion_out_is_not_met(rules):
    with pytest.raises(AssertionError, match="expected a source that covers the bastion i-1"):
        network.test_private_group_lets_ssh_in_from_the_bastion(replace(DOOR, group=group(*rules)), [].append)


VPC = Vpc(
    "vpc-1",
    "us-east-1",
    "172.31.0.0/16",
    True,
    ("a", "b"),
    (Subnet("s1", "a", True, True), Subnet("s2", "b", True, True)),
)


def test_default_vpc_with_more_subnets_than_zones_is_met():
    advice: list[str] = []
    extra = Subnet("s3", "a", False, False)
    network.test_region_has_its_default_vpc(replace(VPC, subnets=(*VPC.subnets, extra)), advice.append)
    assert not advice


def test_one_subnet_without_a_route_is_advised():
    advice: list[str] = []
    closed = replace(VPC, subnets=(VPC.subnets[0], replace(VPC.subnets[1], has_route_out=False)))
    network.test_region_has_its_default_vpc(closed, advice.append)
    assert "s2" in advice[0]


@pytest.mark.parametrize(
    ("vpc", "said"),
    [
        (replace(VPC, is_default=False), "not the default VPC"),
        (replace(VPC, subnets=VPC.subnets[:1]), "no default subnet in b"),
        (replace(VPC, subnets=(VPC.subnets[0], replace(VPC.subnets[1], is_default=False))), "no default subnet in b"),
        (replace(VPC, subnets=tuple(replace(net, has_route_out=False) for net in VPC.subnets)), "no route 0.0.0.0/0"),
    ],
)
def test_wrong_default_vpc_is_not_met(vpc, said):
    with pytest.raises(AssertionError, match=said):
        network.test_region_has_its_default_vpc(vpc, [].append)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vpc": "vpc-2"}, "is in vpc-2, expected the default VPC vpc-1"),
        ({"description": "  "}, "no description"),
        ({"name": "publicsg"}, "called publicsg, expected PublicSG"),
    ],
)
def test_group_elsewhere_or_otherwise_is_not_met(changes, said):
    network.test_public_group_exists(group(), VPC, Context)
    network.test_private_group_exists(replace(group(), name="PrivateSG"), VPC, Context)
    with pytest.raises(AssertionError, match=said):
        network.test_public_group_exists(replace(group(), **changes), VPC, Context)
