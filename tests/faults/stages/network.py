"""The network: VPCs, groups and rules gone wrong. A rule is what was authorized in the place of the homework's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.aws import groups, vpc
from harness.errors import Unmet
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("network")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown
Permission = dict[str, Any]
ELSEWHERE = "203.0.113.7/32"
CALLERS = "127.0.0.0/8"
"""Where the offline cloud's callers come from."""


def tcp(port: int, to: int | None = None, source: str = "0.0.0.0/0", protocol: str = "tcp") -> Permission:
    """Return an ingress permission as EC2 takes it."""
    key = "Ipv6Ranges" if ":" in source else "IpRanges"
    item = {"CidrIpv6": source} if ":" in source else {"CidrIp": source}
    ports = {} if protocol == "-1" else {"FromPort": port, "ToPort": to or port}
    return {"IpProtocol": protocol, **ports, key: [item]}


def of_group(port: int, group: str) -> Permission:
    """Return a permission whose source is a group."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": group}]}


def authorize(env: Environment, group: str, *permissions: Permission) -> None:
    """Authorize ingress."""
    if permissions:
        env.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))


RULES: dict[str, tuple[str, Callable[[int], list[Permission]]]] = {
    "missing": ("No rule was authorized for port {}.", lambda _: []),
    "udp": ("The rule for port {} is for udp.", lambda port: [tcp(port, protocol="udp")]),
    "of-somebody-else": ("Port {} is open to an address of somebody else only.",
                         lambda port: [tcp(port, source=ELSEWHERE)]),
    "half-the-world": ("The source of port {} is 0.0.0.0/1.", lambda port: [tcp(port, source="0.0.0.0/1")]),
    "caller-only": ("Port {} is open to the own address only.", lambda port: [tcp(port, source="127.0.0.1/32")]),
    "ipv6-only": ("Port {} is open to ::/0 only.", lambda port: [tcp(port, source="::/0")]),
    "next-port": ("A port beside {} was opened.", lambda port: [tcp(port + 1)]),
    "range-above": ("The range of ports begins after {}.", lambda port: [tcp(port + 1, port + 100)]),
    "range-below": ("The range of ports ends before {}.", lambda port: [tcp(1, port - 1)]),
}  # fmt: skip
ADMIT_THE_CALLER = {"half-the-world", "caller-only"}


def _public(step: str, port: int, rules: Callable[[int], list[Permission]]) -> Callable[[Environment], None]:
    def apply(env: Environment) -> None:
        def opened() -> None:
            if step == "httpd_port_opened":
                env.subject.httpd.before_rule()
            authorize(env, env.subject.network.public_made(), *rules(port))

        env.instead(f"network.{step}", opened)

    return apply


for name, (sentence, rules) in RULES.items():
    broken = ("network.public-ssh",) if name in ADMIT_THE_CALLER else ("network.public-ssh", "bastion.ssh")
    TABLE.add(
        f"public-ssh-{name}", sentence.format("22 of PublicSG"), _public("public_ssh_opened", 22, rules), "control",
        *broken,
    )  # fmt: skip
for port, title, step, scope, silent in (
    (8003, "web server", "httpd_port_opened", "web", "httpd.reachable"),
    (8800, "Jupyter", "jupyter_port_opened", "jupyter", "jupyter.login"),
):
    for name in ("missing", "udp", "of-somebody-else", "half-the-world", "next-port"):
        sentence, rules = RULES[name]
        broken = () if name in ADMIT_THE_CALLER else (silent,)
        TABLE.add(
            f"public-{port}-{name}", sentence.format(f"{port} of PublicSG, the {title}'s,"), _public(step, port, rules),
            scope, f"network.public-{port}", *broken,
        )  # fmt: skip


@fault("web", "network.public-8003", "httpd.reachable")
def port_8030(env: Environment) -> None:
    """The digits were swapped: 8030 was opened for the web server."""
    _public("httpd_port_opened", 8030, lambda port: [tcp(port)])(env)


@fault("jupyter", "network.public-8800", "jupyter.login")
def port_8080(env: Environment) -> None:
    """8080 was opened for Jupyter."""
    _public("jupyter_port_opened", 8080, lambda port: [tcp(port)])(env)


@fault("web", "network.public-8003", "httpd.reachable")
def web_port_in_the_private_group(env: Environment) -> None:
    """The rule for 8003 was put into PrivateSG."""

    def opened() -> None:
        env.subject.httpd.before_rule()
        authorize(env, env.subject.network.private_made(), tcp(8003))

    env.instead("network.httpd_port_opened", opened)


@fault("control", "network.public-ssh", "bastion.ssh")
def ssh_rule_in_the_private_group(env: Environment) -> None:
    """Both ssh rules were put into PrivateSG."""
    env.instead("network.public_ssh_opened", lambda: authorize(env, env.subject.network.private_made(), tcp(22)))


@fault("control", "network.public-ssh", "bastion.ssh")
def ssh_rule_revoked(env: Environment) -> None:
    """The ssh rule of PublicSG was revoked after the first login."""
    env.after(
        "network.public_ssh_opened",
        lambda _: (
            env.ec2.revoke_security_group_ingress(GroupId=env.subject.network.public_made(), IpPermissions=[tcp(22)])
            and None
        ),
    )


@fault("control", "network.public-ssh", "bastion.ssh")
def ssh_rule_for_members_only(env: Environment) -> None:
    """PublicSG lets only its own members in by ssh."""
    _public("public_ssh_opened", 22, lambda port: [of_group(port, env.subject.network.public_made())])(env)


@fault("control", "network.public-ssh", "bastion.ssh")
def ssh_rule_on_the_way_out(env: Environment) -> None:
    """The rule for 22 was authorized as egress."""
    group = env.subject.network.public_made
    env.instead(
        "network.public_ssh_opened",
        lambda: env.ec2.authorize_security_group_egress(GroupId=group(), IpPermissions=[tcp(22)]) and None,
    )


def _private(rules: Callable[[Environment], list[Permission]]) -> Callable[[Environment], None]:
    def apply(env: Environment) -> None:
        env.instead(
            "network.private_ssh_opened",
            lambda: authorize(env, env.subject.network.private_made(), *rules(env)),
        )

    return apply


for name, sentence, rules_of in (
    ("missing", "PrivateSG has no rule.", lambda _: []),
    ("udp", "PrivateSG lets udp/22 in.", lambda _: [tcp(22, protocol="udp")]),
    ("of-somebody-else", "PrivateSG lets only an address of somebody else in.", lambda _: [tcp(22, source=ELSEWHERE)]),
    ("port-2222", "PrivateSG opens port 2222.", lambda _: [tcp(2222)]),
    ("icmp", "PrivateSG lets pings in.", lambda _: [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1,
                                                     "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]),
    ("from-itself", "The source of PrivateSG's rule is PrivateSG.",
     lambda env: [of_group(22, env.subject.network.private_made())]),
    ("from-the-public-address", "PrivateSG lets in the bastion's public address, not the private one it comes from.",
     lambda env: [tcp(22, source=f"{env.subject.instances.bastion().public_ip}/32")]),
    ("other-subnet", "PrivateSG lets another range of private addresses in.",
     lambda _: [tcp(22, source="10.0.0.0/16")]),
):  # fmt: skip
    TABLE.add(
        f"private-ssh-{name}",
        sentence,
        _private(rules_of),
        "control",
        "network.private-ssh",
        "private.agent-forwarding",
    )


# Groups.


def _named(env: Environment, step: str, name: str, description: str = "made by hand") -> None:
    env.instead(
        f"network.{step}",
        lambda: groups.create_group(env.aws, name, description, env.subject.network.vpc().id, {"made": "by-hand"}),
    )


@fault("control", "network.public-sg")
def public_group_misspelt(env: Environment) -> None:
    """The group is called publicSG."""
    _named(env, "public_made", "publicSG")


@fault("control", "network.private-sg")
def private_group_misspelt(env: Environment) -> None:
    """The group is called Private-SG."""
    _named(env, "private_made", "Private-SG")


@fault("control", "network.public-sg")
def name_of_the_public_group_as_its_tag(env: Environment) -> None:
    """The group is called my-group, and PublicSG is only its Name tag."""
    env.instead(
        "network.public_made",
        lambda: groups.create_group(env.aws, "my-group", "by hand", env.subject.network.vpc().id, {"Name": "PublicSG"}),
    )


@shown("control", "network.public-sg")
def public_group_without_description(env: Shown) -> None:
    """The description of PublicSG is a blank."""
    env.seen("public_group", lambda group: replace(group, description=" "))


@shown("control", "network.private-sg")
def private_group_without_description(env: Shown) -> None:
    """The description of PrivateSG is a blank."""
    env.seen("private_group", lambda group: replace(group, description=""))


def other_vpc(env: Environment) -> str:
    """Create a VPC beside the default one; returns its id."""
    return str(env.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"])


def _elsewhere(env: Environment, step: str, name: str) -> str:
    """Put a group into another VPC; returns the id of a group of the default VPC that is used in its place."""
    env.instead(
        f"network.{step}", lambda: groups.create_group(env.aws, name, "by hand", other_vpc(env), {"made": "by-hand"})
    )
    wizard = groups.create_group(
        env.aws, f"wizard-{name}", "launch wizard", env.subject.network.vpc().id, {"made": "by-wizard"}
    )
    authorize(env, wizard, tcp(22))
    return wizard


@fault("control", "network.public-sg", "bastion.launched")
def public_group_in_another_vpc(env: Environment) -> None:
    """PublicSG was made in another VPC, so the bastion got the launch wizard's group."""
    wizard = _elsewhere(env, "public_made", "PublicSG")
    env.instead("network.private_ssh_opened", lambda: authorize(env, env.subject.network.private_made(), tcp(22)))
    env.instead("instances.bastion_launched", lambda: env.subject.instances._launched(
        "bastion", "t2.large", wizard, public=True))  # fmt: skip
    env.instead("spot.launched", lambda: _spot(env, wizard))


def _spot(env: Environment, group: str) -> str:
    network, own = env.subject.network, env.subject.spot
    network.public_id = lambda: group  # type: ignore[method-assign]
    return str(type(own).launched(own))


@fault("control", "network.private-sg", "private.launched")
def private_group_in_another_vpc(env: Environment) -> None:
    """PrivateSG was made in another VPC, so the private instance got the launch wizard's group."""
    wizard = _elsewhere(env, "private_made", "PrivateSG")
    env.instead("network.private_ssh_opened", lambda: authorize(env, env.subject.network.private_made(), tcp(22)))
    env.instead("instances.private_launched", lambda: env.subject.instances._launched(
        "private", "t2.micro", wizard, public=False))  # fmt: skip


# The VPC.


@fault("control", "network.default-vpc")
def zone_without_a_default_subnet(env: Environment) -> None:
    """The default subnet of one zone was deleted."""
    last = sorted(env.subject.network.vpc().default_subnets, key=lambda subnet: subnet.zone)[-1]
    env.ec2.delete_subnet(SubnetId=last.id)
    env.subject.network.__dict__.pop("_steps")


@fault("control", "network.default-vpc")
def default_vpc_without_a_route_out(env: Environment) -> None:
    """The route 0.0.0.0/0 of the default VPC was deleted."""
    _main_table(env, lambda table: env.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0"))


@fault("control", "network.default-vpc")
def default_vpc_leads_out_for_some_addresses_only(env: Environment) -> None:
    """The default VPC's route out is for 10.0.0.0/8 in place of 0.0.0.0/0."""

    def changed(table: str) -> None:
        routes = env.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        gateway = next(route["GatewayId"] for route in routes if route.get("GatewayId", "").startswith("igw-"))
        env.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
        env.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/8", GatewayId=gateway)

    _main_table(env, changed)


def _main_table(env: Environment, work: Callable[[str], Any]) -> None:
    wanted = [{"Name": "vpc-id", "Values": [env.subject.network.vpc().id]}]
    for table in env.ec2.describe_route_tables(Filters=wanted)["RouteTables"]:
        work(table["RouteTableId"])
    env.subject.network.__dict__.pop("_steps")


@shown("control", "network.default-vpc")
def vpc_made_by_hand_in_place_of_the_default(env: Shown) -> None:
    """The default VPC was deleted, and one made by hand is taken for it."""
    env.seen("default_vpc", lambda found: replace(found, is_default=False))


@fault("account", "account.cli")
def groups_in_a_region_that_is_not_configured(env: Environment) -> None:
    """All was done in one region while the command line is configured for another."""
    path = env.context.workstation.home / ".aws" / "config"
    env.after("account.identity.made", lambda _: path.write_text("[default]\nregion = ap-south-1\n") and None)


@fault("control", "network.default-vpc")
def no_default_vpc(env: Environment) -> None:
    """The default VPC was deleted and never made again."""

    def absent() -> Any:
        raise Unmet("network.default-vpc", "us-east-1 has no default VPC, expected one")

    there = vpc.find_default_vpc(env.aws)
    env.instead("network.vpc", absent)
    assert there is not None
    for step, name in (("public_made", "PublicSG"), ("private_made", "PrivateSG")):
        env.instead(
            f"network.{step}",
            lambda name=name: groups.create_group(env.aws, name, "by hand", there.id, {"made": "by-hand"}),  # type: ignore[misc]
        )


# Right, but different.


@right("control")
def all_protocols(env: Environment) -> None:
    """Both groups have one rule with protocol -1, from anywhere."""
    for step, group in (("public_ssh_opened", "public_made"), ("private_ssh_opened", "private_made")):
        made = getattr(env.subject.network, group)
        env.instead(f"network.{step}", lambda made=made: authorize(env, made(), tcp(0, protocol="-1")))  # type: ignore[misc]
    for step in ("httpd_port_opened", "jupyter_port_opened"):
        env.instead(f"network.{step}", lambda: None)


@right("control")
def ranges_of_ports(env: Environment) -> None:
    """PublicSG opens 20 to 25 and 8000 to 9000."""
    _public("public_ssh_opened", 22, lambda _: [tcp(20, 25), tcp(8000, 9000)])(env)
    for step in ("httpd_port_opened", "jupyter_port_opened"):
        env.instead(f"network.{step}", lambda: None)


@right("control")
def ipv6_besides(env: Environment) -> None:
    """The rules have an IPv6 twin each."""
    _public("public_ssh_opened", 22, lambda port: [tcp(port), tcp(port, source="::/0")])(env)
    _private(lambda _: [tcp(22), tcp(22, source="::/0")])(env)


@right("control")
def halves_of_the_world(env: Environment) -> None:
    """Anywhere is written as 0.0.0.0/1 and 128.0.0.0/1."""
    _public("public_ssh_opened", 22, lambda port: [tcp(port, source="0.0.0.0/1"), tcp(port, source="128.0.0.0/1")])(env)


@right("control")
def private_ssh_from_the_bastions_address(env: Environment) -> None:
    """PrivateSG lets in the bastion's private address only."""
    _private(lambda env: [tcp(22, source=f"{env.subject.instances.bastion().private_ip}/32")])(env)


@right("control")
def private_ssh_from_the_vpc(env: Environment) -> None:
    """PrivateSG lets the VPC's addresses in."""
    _private(lambda env: [tcp(22, source=env.subject.network.vpc().cidr)])(env)


@right("control")
def private_ssh_from_anywhere(env: Environment) -> None:
    """PrivateSG lets ssh in from anywhere, as the homework's own commands do."""
    _private(lambda _: [tcp(22)])(env)


@right("control")
def other_groups_and_vpcs(env: Environment) -> None:
    """The account has another VPC with groups of the same names, and other groups."""
    inside = other_vpc(env)
    for name in ("PublicSG", "PrivateSG"):
        groups.create_group(env.aws, name, "another course", inside, {"course": "other"})
    groups.create_group(env.aws, "web", "unrelated", env.subject.network.vpc().id, {"course": "other"})


@right("control")
def default_vpc_made_again(env: Environment) -> None:
    """The default VPC was deleted, and made again with create-default-vpc."""
    found = vpc.find_default_vpc(env.aws)
    assert found is not None
    for subnet in found.subnets:
        env.ec2.delete_subnet(SubnetId=subnet.id)
    attached = [{"Name": "attachment.vpc-id", "Values": [found.id]}]
    for gateway in env.ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]:
        env.ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=found.id)
    env.ec2.delete_vpc(VpcId=found.id)


@right("control")
def more_rules(env: Environment) -> None:
    """PublicSG opens http, https and ping as well."""
    env.after(
        "network.public_ssh_opened",
        lambda _: authorize(env, env.subject.network.public_made(), tcp(80), tcp(443)),
    )


# What students also do.


@fault("control", "network.public-ssh", "bastion.ssh")
def ssh_from_private_addresses(env: Environment) -> None:
    """The source of PublicSG's ssh rule is 10.0.0.0/8, from a tutorial on offices."""
    _public("public_ssh_opened", 22, lambda port: [tcp(port, source="10.0.0.0/8")])(env)


@fault("control", "network.public-sg")
def public_group_in_another_region(env: Environment) -> None:
    """PublicSG was made in Oregon; here the group is called public."""
    client = env.client("ec2", "us-west-2")
    client.create_security_group(GroupName="PublicSG", Description="Bastion Host Security group")
    _named(env, "public_made", "public")


@fault("web", "network.public-8003", "httpd.reachable")
def port_80_opened(env: Environment) -> None:
    """80, the port inside the container, was opened in place of 8003."""
    _public("httpd_port_opened", 8003, lambda _: [tcp(80)])(env)


@right("control")
def rules_with_descriptions(env: Environment) -> None:
    """The rules have descriptions, and each names two sources."""
    described = [{"CidrIp": "0.0.0.0/0", "Description": "all"}, {"CidrIp": "203.0.113.0/24", "Description": "office"}]
    _public(
        "public_ssh_opened", 22, lambda port: [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
                                                "IpRanges": described}]
    )(env)  # fmt: skip


TABLE.elsewhere("all-in-ireland", "All was done in Ireland.", "eu-west-1", "hand-in")
