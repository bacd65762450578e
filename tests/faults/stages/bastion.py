"""The bastion: launches, addresses and logins gone wrong."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from harness.aws import instances, keys
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table
from tests.faults.stages.network import authorize, tcp

TABLE = Table("bastion")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown


def launched(env: Environment, role: str, **changes: Any) -> None:
    """Launch the bastion or the private instance otherwise than the homework says; ``groups`` is a function."""

    def launch() -> str:
        network, groups = env.subject.network, changes.pop("groups", None)
        own = network.public_id() if role == "bastion" else network.private_id()
        asked: dict[str, Any] = {
            "image": env.subject.instances.image().id,
            "instance_type": getattr(env.context.homework, role).instance_type,
            "key_name": env.subject.account.key_pair().name,
            "groups": groups() if groups else [own],
            "public": role == "bastion",
            "token": f"otherwise-{role}",
            "minutes": env.context.minutes_left,
            "tags": {**env.context.tags, "Name": role},
        }
        with env.context.ledger.creating("instance", env.context.cloud.region, token=asked["token"]) as creation:
            creation.id, _ = instances.launch(env.aws, **{**asked, **changes})
        return creation.id or ""

    env.instead(f"instances.{role}_launched", launch)


def image_of(env: Environment, pattern: str, architecture: str = "x86_64") -> str:
    """Return the newest image of a name."""
    found = env.ec2.describe_images(
        Filters=[{"Name": "name", "Values": [pattern]}, {"Name": "architecture", "Values": [architecture]}]
    )["Images"]
    assert found, f"there is no image {pattern}"
    return str(max(found, key=lambda image: image["CreationDate"])["ImageId"])


def copied_image(env: Environment, name: str) -> str:
    """Return an image of the account's own that was copied from Ubuntu's."""
    source = image_of(env, "ubuntu/images/*/ubuntu-noble-24.04-amd64-server-*")
    return str(env.ec2.copy_image(Name=name, SourceImageId=source, SourceRegion="us-east-1")["ImageId"])


def group_like(env: Environment, name: str) -> str:
    """Create a group that lets in what PublicSG should; returns its id."""
    from harness.aws import groups

    made = groups.create_group(env.aws, name, "by hand", env.subject.network.vpc().id, {"made": "by-hand"})
    authorize(env, made, tcp(22), tcp(8003), tcp(8800))
    return made


@fault("control", "bastion.launched")
def bastion_too_small(env: Environment) -> None:
    """The bastion is a t2.micro."""
    launched(env, "bastion", instance_type="t2.micro")


@fault("control", "bastion.launched")
def bastion_of_another_family(env: Environment) -> None:
    """The bastion is an m5.large."""
    launched(env, "bastion", instance_type="m5.large")


@fault("control", "bastion.launched")
def bastion_from_an_image_of_somebody_else(env: Environment) -> None:
    """The bastion was launched from an image with Ubuntu's name that is not Canonical's."""
    launched(env, "bastion", image=copied_image(env, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-1"))


@fault("control", "bastion.launched")
def bastion_from_an_old_ubuntu(env: Environment) -> None:
    """The bastion was launched from an Ubuntu that is out of support."""
    launched(env, "bastion", image=image_of(env, "ubuntu/images/*/ubuntu-*-18.04-amd64-server-*"))


@fault("control", "bastion.launched")
def bastion_in_another_group(env: Environment) -> None:
    """The bastion is in the launch wizard's group, with the same rules."""
    launched(env, "bastion", groups=lambda: [group_like(env, "launch-wizard-1")])
    env.instead("network.private_ssh_opened", lambda: authorize(env, env.subject.network.private_made(), tcp(22)))


@fault("control", "bastion.launched", "bastion.ssh")
def bastion_with_another_key(env: Environment) -> None:
    """The bastion was launched with another key pair."""
    keys.create_key_pair(env.aws, "lab-computer", {"made": "by-hand"})
    launched(env, "bastion", key_name="lab-computer")


@fault("control", "bastion.launched", "bastion.public-address")
def bastion_was_stopped(env: Environment) -> None:
    """The bastion was stopped to save money."""

    def stopped(bastion: Any) -> Any:
        env.ec2.stop_instances(InstanceIds=[bastion.id])
        env.ec2.get_waiter("instance_stopped").wait(
            InstanceIds=[bastion.id], WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
        return instances.find_instance(env.aws, bastion.id)

    env.after("instances.bastion", stopped)


@shown("control", "bastion.launched")
def bastion_in_another_vpc(env: Shown) -> None:
    """The bastion is in a VPC made by hand."""
    env.seen("bastion_launch", lambda seen: replace(seen, instance=replace(seen.instance, vpc="vpc-0ff")))


@fault("control", "bastion.public-address")
def bastion_without_a_public_address(env: Environment) -> None:
    """The bastion was launched with --no-associate-public-ip-address."""
    launched(env, "bastion", public=False)


@fault("control", "bastion.public-address")
def vpc_without_dns_names(env: Environment) -> None:
    """DNS host names are off in the VPC, so the bastion has an address but no name."""
    env.ec2.modify_vpc_attribute(VpcId=env.subject.network.vpc().id, EnableDnsHostnames={"Value": False})
    env.after("instances.bastion", lambda seen: replace(seen, public_dns=None))


@shown("control", "bastion.ssh")
def anybody_is_let_in(env: Shown) -> None:
    """sshd on the bastion takes every key (an AuthorizedKeysCommand from a forum)."""
    env.seen(
        "entrance",
        lambda seen: replace(seen, stranger=replace(seen.stranger, outcome="admitted", name="ubuntu")),
    )


@shown("control", "bastion.ssh")
def login_as_another_user(env: Shown) -> None:
    """The key opens an account of the bastion that is not ubuntu's."""
    env.seen("entrance", lambda seen: replace(seen, login=replace(seen.login, name="root")))


@shown("control", "bastion.ssh")
def host_that_turns_the_key_away(env: Shown) -> None:
    """The key was deleted from the bastion's authorized_keys."""
    env.seen(
        "entrance",
        lambda seen: replace(
            seen, login=replace(seen.login, outcome="refused", name="", said="Permission denied (publickey)")
        ),
    )


@right("control")
def bastion_is_a_t3(env: Environment) -> None:
    """The bastion is a t3.large and the private instance a t3.micro."""
    launched(env, "bastion", instance_type="t3.large")
    launched(env, "private", instance_type="t3.micro")


@right("control")
def bastion_from_another_release(env: Environment) -> None:
    """The instances run Ubuntu 22.04."""
    image = image_of(env, "ubuntu/images/*/ubuntu-jammy-22.04-amd64-server-*")
    launched(env, "bastion", image=image)
    launched(env, "private", image=image)


@right("control")
def bastion_in_several_groups(env: Environment) -> None:
    """The bastion is in a second group besides PublicSG."""
    launched(env, "bastion", groups=lambda: [env.subject.network.public_id(), group_like(env, "extra")])


@right("control")
def bastion_with_tags(env: Environment) -> None:
    """The instances carry more tags."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    for role in ("bastion", "private"):
        launched(env, role, tags={**env.context.tags, "Name": "mine", "course": "cloud", "day": today})


@right("hand-in")
def other_instances_in_the_account(env: Environment) -> None:
    """The account has ten instances of other work, in a group of their own, which run on."""
    group = group_like(env, "other-work")
    image = image_of(env, "ubuntu/images/*/ubuntu-noble-24.04-amd64-server-*")
    env.ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=10, MaxCount=10, SecurityGroupIds=[group])


# What students also do.


@fault("control", "bastion.launched")
def bastion_on_arm(env: Environment) -> None:
    """The bastion is a t4g.large from Ubuntu's image for arm64."""
    image = image_of(env, "ubuntu/images/*/ubuntu-noble-24.04-arm64-server-*", "arm64")
    launched(env, "bastion", image=image, instance_type="t4g.large")


@fault("control", "bastion.launched")
def group_on_a_second_interface_only(env: Environment) -> None:
    """The bastion is in the launch wizard's group; PublicSG is only on a second network interface."""
    launched(env, "bastion", groups=lambda: [group_like(env, "launch-wizard-3")])
    env.instead("network.private_ssh_opened", lambda: authorize(env, env.subject.network.private_made(), tcp(22)))

    def attached(bastion: Any) -> Any:
        group = env.subject.network.public_id()
        made = env.ec2.create_network_interface(SubnetId=bastion.subnet, Groups=[group])["NetworkInterface"]
        env.ec2.attach_network_interface(
            NetworkInterfaceId=made["NetworkInterfaceId"], InstanceId=bastion.id, DeviceIndex=1
        )
        return instances.find_instance(env.aws, bastion.id)

    env.after("instances.bastion", attached)


@shown("control", "bastion.ssh")
def sshd_on_another_port(env: Shown) -> None:
    """sshd on the bastion was told to listen on 2222."""
    env.seen(
        "entrance",
        lambda seen: replace(
            seen, login=replace(seen.login, outcome="unreachable", name="", said="Connection refused")
        ),
    )


@right("control")
def group_added_after_the_launch(env: Environment) -> None:
    """The bastion was launched in the default group, and moved to PublicSG afterwards."""
    default = [{"Name": "group-name", "Values": ["default"]}]
    launched(
        env, "bastion", groups=lambda: [env.ec2.describe_security_groups(Filters=default)["SecurityGroups"][0]["GroupId"]]
    )  # fmt: skip

    def moved(bastion: Any) -> Any:
        env.ec2.modify_instance_attribute(InstanceId=bastion.id, Groups=[env.subject.network.public_id()])
        return instances.find_instance(env.aws, bastion.id)

    env.after("instances.bastion", moved)
