"""The private instance: its launch, the way to it through the bastion, and its end."""

import pytest


@pytest.mark.requirement("private.launched")
def test_private_instance_is_launched_as_asked(private_launch, context, advise):
    """The private instance runs from the image, of the type, in its group only and with the key asked for."""
    private, wanted = private_launch.instance, context.homework.private
    objection = private.image.objection(context.homework.image, private.launch_day)
    accepted, groups = (wanted.instance_type, *wanted.accepted_types), private.groups_line
    group, key = private_launch.group, private_launch.key_name
    assert private.is_running, f"private instance {private} is {private.state}, expected running — {private.remedy}"
    assert private.type in accepted, f"private instance {private} is a {private.type}, expected {wanted.instance_type}"
    assert not objection, f"private instance {private}: {objection}"
    assert private.is_only_in(group.id), f"private instance {private} is in {groups}, expected {group} only"
    assert private_launch.has_the_key, f"private instance {private} has {private.key_line}, expected key {key}"
    if private.type != wanted.instance_type:
        advise(f"{private.type} will do; the homework says {wanted.instance_type}, where the region has it.")
    if private.public_ip:
        advise("The private instance has a public address; launched with --no-associate-public-ip-address it has none.")


@pytest.mark.requirement("private.agent-forwarding")
def test_private_instance_is_reached_by_the_forwarded_agent(hop, context):
    """From the bastion, ssh to the private instance works through agent forwarding, and not without."""
    user, names = context.homework.bastion.user, " or ".join(hop.expected)
    keys, found = ", ".join(hop.key_files), ", ".join(hop.found) or "nothing"
    assert hop.forwarded.is_admitted, f"{hop.forwarded}, expected to be let in as {user}"
    assert hop.ends_at_the_private_instance, f"the hop ended at {found}, expected {names}"
    assert not hop.key_files, f"private keys on the bastion: {keys} — remove them, and connect with ssh -A"
    assert hop.unforwarded.is_refused, f"{hop.unforwarded}, expected to be refused — leave no other key on the bastion"


@pytest.mark.requirement("private.terminated")
def test_private_instance_is_terminated_before_the_bastion(private_end):
    """The private instance was terminated while the bastion kept running."""
    private, bastion, then = private_end.private, private_end.bastion_id, private_end.bastion_then or "not running"
    assert private.is_terminated, f"private instance {private}, expected terminated"
    assert private_end.bastion_was_kept, f"bastion {bastion} was {then} when {private}, expected running"


@pytest.mark.requirement("private.volumes-deleted")
def test_volumes_of_the_private_instance_are_gone(private_volumes):
    """The private instance's EBS volumes are gone."""
    left = ", ".join(f"{volume.id} ({volume.state})" for volume in private_volumes.left)
    assert not left, f"volumes of {private_volumes.instance} are left: {left} — aws ec2 delete-volume"
