"""The private instance: its launch, the way to it, and its end gone wrong."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.aws import instances, keys
from harness.facts.final import End
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table
from tests.faults.stages.bastion import copied_image, group_like, image_of, launched
from tests.faults.stages.keys import another_key
from tests.faults.stages.network import tcp

TABLE = Table("private")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown


@fault("control", "private.launched")
def private_too_large(env: Environment) -> None:
    """The private instance is a t2.large, like the bastion."""
    launched(env, "private", instance_type="t2.large")


@fault("control", "private.launched")
def private_is_a_nano(env: Environment) -> None:
    """The private instance is a t2.nano."""
    launched(env, "private", instance_type="t2.nano")


@fault("control", "private.launched")
def private_in_both_groups(env: Environment) -> None:
    """The private instance is in PrivateSG and in PublicSG."""
    network = env.subject.network
    launched(env, "private", groups=lambda: [network.private_id(), network.public_id()])


@fault("control", "private.launched")
def private_in_the_public_group(env: Environment) -> None:
    """The private instance is in PublicSG."""
    launched(env, "private", groups=lambda: [env.subject.network.public_id()])


@fault("control", "private.launched")
def private_in_a_group_of_the_same_rules(env: Environment) -> None:
    """The private instance is in the launch wizard's group."""
    launched(env, "private", groups=lambda: [group_like(env, "launch-wizard-2")])


@fault("control", "private.launched", "private.agent-forwarding")
def private_with_another_key(env: Environment) -> None:
    """The private instance was launched with another key pair."""
    keys.create_key_pair(env.aws, "lab-computer", {"made": "by-hand"})
    launched(env, "private", key_name="lab-computer")


@fault("control", "private.launched")
def private_from_an_own_image(env: Environment) -> None:
    """The private instance was launched from an image of the account's own."""
    launched(env, "private", image=copied_image(env, "my-ubuntu"))


@fault("control", "private.launched")
def private_from_an_old_ubuntu(env: Environment) -> None:
    """The private instance was launched from an Ubuntu that is out of support."""
    launched(env, "private", image=image_of(env, "ubuntu/images/*/ubuntu-*-18.04-amd64-server-*"))


@fault("control", "private.launched")
def private_was_stopped(env: Environment) -> None:
    """The private instance was stopped once it had been logged in to."""

    def stopped(seen: Any) -> Any:
        env.subject.instances.hop()
        id = seen.instance.id
        env.ec2.stop_instances(InstanceIds=[id])
        env.ec2.get_waiter("instance_stopped").wait(InstanceIds=[id], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        return replace(seen, instance=instances.find_instance(env.aws, id))

    env.after("instances.private_launch", stopped)


# The way to it.


def on_bastion_first(env: Environment, work: Any) -> None:
    """Do something on the bastion before the way to the private instance is tried."""

    def done() -> None:
        env.subject.instances.bastion_login()
        work()

    env.before("instances.hop", done)


@fault("control", "private.agent-forwarding")
def key_copied_to_the_bastion(env: Environment) -> None:
    """The .pem file was copied to the bastion, beside the forwarded agent."""

    def copied() -> None:
        text = Path(env.subject.account.private_key().path).read_text()
        env.bash(f"printf %s {shlex.quote(text)} > course.pem && chmod 400 course.pem")

    on_bastion_first(env, copied)


@fault("control", "private.agent-forwarding")
def key_of_the_bastion_itself(env: Environment) -> None:
    """The private key lies in the bastion's ~/.ssh under its default name, so no agent is needed."""

    def copied() -> None:
        text = Path(env.subject.account.private_key().path).read_text()
        env.bash(f"mkdir -p .ssh && printf %s {shlex.quote(text)} > .ssh/id_ed25519 && chmod 600 .ssh/id_ed25519")

    on_bastion_first(env, copied)


@fault("control", "private.agent-forwarding")
def some_key_left_on_the_bastion(env: Environment) -> None:
    """A private key of other work was left in a directory of the bastion's."""
    on_bastion_first(
        env,
        lambda: env.bash(f"mkdir -p work/keys && printf %s {shlex.quote(another_key().decode())} > work/keys/old"),
    )


@fault("control", "private.agent-forwarding")
def putty_key_on_the_bastion(env: Environment) -> None:
    """The .ppk file was copied to the bastion."""
    on_bastion_first(env, lambda: env.bash("printf 'PuTTY-User-Key-File-3: ssh-ed25519\\n' > course.ppk"))


@fault("control", "private.agent-forwarding")
def without_forwarding(env: Environment) -> None:
    """ssh was called without -A."""
    own = env.subject.instances
    hop_to = own._hop_to
    own._hop_to = lambda private, *, forward: hop_to(private, forward=False)  # type: ignore[method-assign]


@fault("control", "private.agent-forwarding")
def only_https_leaves_the_bastion(env: Environment) -> None:
    """The outbound rules of PublicSG were cut down to 443, so ssh does not leave the bastion."""

    def cut() -> None:
        [group] = env.ec2.describe_security_groups(GroupIds=[env.subject.network.public_id()])["SecurityGroups"]
        env.ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
        env.ec2.authorize_security_group_egress(GroupId=group["GroupId"], IpPermissions=[tcp(443)])

    on_bastion_first(env, cut)


@shown("control", "private.agent-forwarding")
def hop_to_the_wrong_machine(env: Shown) -> None:
    """The hop ended at another machine than the private instance."""
    env.seen("hop", lambda seen: replace(seen, found=("ip-172-31-99-99", "172.31.99.99")))


@shown("control", "private.agent-forwarding")
def private_lets_in_as_another_user(env: Shown) -> None:
    """The login at the private instance turns out to be another user than ubuntu."""
    env.seen("hop", lambda seen: replace(seen, forwarded=replace(seen.forwarded, name="ec2-user")))


@shown("control", "private.agent-forwarding")
def private_lets_in_without_the_agent(env: Shown) -> None:
    """The private instance lets the bastion in without any key (host-based authentication)."""
    env.seen(
        "hop",
        lambda seen: replace(seen, unforwarded=replace(seen.unforwarded, outcome="admitted", name="ubuntu")),
    )


@right("control")
def public_keys_on_the_bastion(env: Environment) -> None:
    """There are public keys and certificates on the bastion, and notes on private ones."""
    on_bastion_first(
        env,
        lambda: env.bash("printf 'ssh-ed25519 AAAA me\\n' > course.pub; echo 'keep the private key safe' > notes.txt"),
    )


@right("control")
def private_with_a_public_address(env: Environment) -> None:
    """The private instance has a public address, as the homework's own commands give it."""
    launched(env, "private", public=True)


# Its end.


@fault("hand-in", "private.terminated", "final.instances-terminated", "final.nothing-billed")
def private_stopped_not_terminated(env: Environment) -> None:
    """The private instance was stopped, not terminated."""
    final = env.subject.final
    terminate = final._terminated

    def ended(id: str) -> End:
        if id != env.subject.instances.private().id:
            return terminate(id)
        env.ec2.stop_instances(InstanceIds=[id])
        env.ec2.get_waiter("instance_stopped").wait(InstanceIds=[id], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        return End(id, "stopped")

    final._terminated = ended  # type: ignore[method-assign]


@fault("hand-in", "private.terminated")
def bastion_terminated_first(env: Environment) -> None:
    """The bastion was terminated before the private instance."""
    env.before("final.private_terminated", lambda: _end_bastion_first(env))


@fault("hand-in", "private.terminated")
def bastion_stopped_first(env: Environment) -> None:
    """The bastion was stopped before the private instance was terminated."""

    def stopped() -> None:
        env.subject.instances.hop()
        env.ec2.stop_instances(InstanceIds=[env.subject.instances.bastion().id])

    env.before("final.private_terminated", stopped)


def _end_bastion_first(env: Environment) -> None:
    env.subject.instances.hop()
    env.subject.final.bastion_terminated()


@fault("hand-in", "private.volumes-deleted", "final.nothing-billed")
def root_volume_kept(env: Environment) -> None:
    """The private instance's root volume is kept when the instance ends."""

    def kept(private: Any) -> None:
        device = env.ec2.describe_instances(InstanceIds=[private.id])["Reservations"][0]["Instances"][0]
        name = device["BlockDeviceMappings"][0]["DeviceName"]
        env.ec2.modify_instance_attribute(
            InstanceId=private.id, BlockDeviceMappings=[{"DeviceName": name, "Ebs": {"DeleteOnTermination": False}}]
        )

    env.after("instances.private", kept)


@fault("hand-in", "private.volumes-deleted", "final.nothing-billed")
def second_volume_kept(env: Environment) -> None:
    """A second volume was attached to the private instance, and stays."""

    def attached(private: Any) -> Any:
        zone = env.ec2.describe_instances(InstanceIds=[private.id])["Reservations"][0]["Instances"][0]["Placement"]
        volume = env.ec2.create_volume(AvailabilityZone=zone["AvailabilityZone"], Size=8)["VolumeId"]
        env.ec2.attach_volume(VolumeId=volume, InstanceId=private.id, Device="/dev/sdf")
        return instances.find_instance(env.aws, private.id)

    env.after("instances.private", attached)


# What students also do.


@right("hand-in")
def private_first(env: Environment) -> None:
    """The private instance was launched before the bastion."""
    env.before("instances.bastion_launched", env.subject.instances.private_launched)


@shown("control", "private.agent-forwarding")
def agent_forwarding_refused(env: Shown) -> None:
    """sshd on the bastion says AllowAgentForwarding no."""
    env.seen(
        "hop",
        lambda seen: replace(
            seen, forwarded=replace(seen.forwarded, outcome="refused", name="", said="Permission denied (publickey)")
        ),
    )
