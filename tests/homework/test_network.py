"""The network: the default VPC, two security groups, and who they let in."""

import pytest


@pytest.mark.requirement("network.default-vpc")
def test_region_has_its_default_vpc(default_vpc, advise):
    """The region has its default VPC, with a subnet per zone and a route out."""
    vpc, bare, shut = default_vpc, ", ".join(default_vpc.zones_without_subnet), default_vpc.subnets_without_route_out
    assert vpc.is_default, f"{vpc.id} is not the default VPC of {vpc.region}"
    assert not bare, f"{vpc.id} has no default subnet in {bare} — aws ec2 create-default-subnet in each of these zones."
    assert vpc.has_route_out, f"{vpc.id} has no route 0.0.0.0/0 to an internet gateway — attach one, and add the route."
    if shut:
        advise(f"These default subnets have no route out: {', '.join(shut)}.")


@pytest.mark.requirement("network.public-sg")
def test_public_group_exists(public_group, default_vpc, context):
    """PublicSG exists in the default VPC, with a description."""
    group, name = public_group, context.homework.network.public_group
    assert group.name == name, f"the bastion's group is called {group.name}, expected {name}"
    assert group.vpc == default_vpc.id, f"{group} is in {group.vpc}, expected the default VPC {default_vpc.id}"
    assert group.description.strip(), f"{group} has no description"


@pytest.mark.requirement("network.private-sg")
def test_private_group_exists(private_group, default_vpc, context):
    """PrivateSG exists in the default VPC, with a description."""
    group, name = private_group, context.homework.network.private_group
    assert group.name == name, f"the private instance's group is called {group.name}, expected {name}"
    assert group.vpc == default_vpc.id, f"{group} is in {group.vpc}, expected the default VPC {default_vpc.id}"
    assert group.description.strip(), f"{group} has no description"


@pytest.mark.requirement("network.public-ssh")
def test_public_group_lets_ssh_in_from_anywhere(public_group, context):
    """PublicSG lets tcp/22 in from anywhere."""
    port, anywhere = context.homework.network.ssh_port, context.homework.network.anywhere
    seen = public_group.sources("tcp", port)
    assert public_group.admits("tcp", port, anywhere), f"{public_group}: port {port} {seen}, expected {anywhere}"


@pytest.mark.requirement("network.private-ssh")
def test_private_group_lets_ssh_in_from_the_bastion(private_door, advise):
    """PrivateSG lets tcp/22 in from the bastion, by its private address or by one of its groups."""
    door, groups = private_door, ", ".join(private_door.groups)
    wanted = f"a source that covers the bastion {door.guest} ({door.address}, {groups})"
    assert door.is_open, f"{door}, expected {wanted}"
    if door.is_open_to_all:
        advise(f"{door.group} lets ssh in from anywhere; the bastion's group as the only source would do.")


@pytest.mark.requirement("network.public-8003")
def test_public_group_lets_the_web_server_be_reached(web_group, context):
    """PublicSG lets tcp/8003 in from anywhere."""
    port, anywhere = context.homework.httpd.port, context.homework.network.anywhere
    seen = web_group.sources("tcp", port)
    assert web_group.admits("tcp", port, anywhere), f"{web_group}: port {port} {seen}, expected {anywhere}"


@pytest.mark.requirement("network.public-8800")
def test_public_group_lets_jupyter_be_reached(web_group, context):
    """PublicSG lets tcp/8800 in from anywhere."""
    port, anywhere = context.homework.jupyter.port, context.homework.network.anywhere
    seen = web_group.sources("tcp", port)
    assert web_group.admits("tcp", port, anywhere), f"{web_group}: port {port} {seen}, expected {anywhere}"
