"""The bastion: its launch, its addresses, and who may log in."""

import pytest


@pytest.mark.requirement("bastion.launched")
def test_bastion_is_launched_as_asked(bastion_launch, context, advise):
    """The bastion runs in the default VPC, from the image, of the type, in the group and with the key asked for."""
    bastion, wanted = bastion_launch.instance, context.homework.bastion
    objection = bastion.image.objection(context.homework.image, bastion.launch_day)
    accepted, groups = (wanted.instance_type, *wanted.accepted_types), bastion.groups_line
    vpc, group, key = bastion_launch.vpc, bastion_launch.group, bastion_launch.key_name
    assert bastion.is_running, f"bastion {bastion} is {bastion.state}, expected running — {bastion.remedy}"
    assert bastion.type in accepted, f"bastion {bastion} is a {bastion.type}, expected {wanted.instance_type}"
    assert not objection, f"bastion {bastion}: {objection}"
    assert bastion.vpc == vpc, f"bastion {bastion} is in {bastion.vpc}, expected the default VPC {vpc}"
    assert bastion.is_in(group.id), f"bastion {bastion} is in {groups}, expected {group}"
    assert bastion_launch.has_the_key, f"bastion {bastion} has {bastion.key_line}, expected key {key}"
    if bastion.type != wanted.instance_type:
        advise(f"{bastion.type} will do; the homework says {wanted.instance_type}, where the region has it.")


@pytest.mark.requirement("bastion.public-address")
def test_bastion_has_a_public_address_and_name(bastion):
    """The bastion has a public IP address and a public DNS name."""
    lacking = (
        "DNS name, expected one — enable DNS names in the VPC" if bastion.public_ip else "IP address, expected one"
    )
    lacking += "" if bastion.is_running else f" — it is {bastion.state}: {bastion.remedy}"
    assert all((bastion.public_ip, bastion.public_dns)), f"bastion {bastion} has no public {lacking}"


@pytest.mark.requirement("bastion.ssh")
def test_key_opens_the_bastion_and_no_other_does(entrance, context):
    """Logging in to the bastion works from the workstation with the key, and with no other."""
    login, stranger, user = entrance.login, entrance.stranger, context.homework.bastion.user
    assert login.is_admitted, f"{login}, expected to be let in as {user}"
    assert stranger.is_refused, f"{stranger}, expected to be refused — let in the key of the key pair only"
