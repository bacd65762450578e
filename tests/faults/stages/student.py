"""A student's account, graded with ``--subject=student``: its state gone wrong, one thing at a time."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness import builtin_images
from harness.aws import iam
from harness.aws.session import Aws
from tests.faults.registry import Table
from tests.faults.stages.account import MANAGED
from tests.faults.stages.keys import another_key
from tests.faults.stages.network import of_group, tcp
from tests.student.builder import Builder

TABLE = Table("student")


def fault(*breaks: str) -> Any:
    """Enter a change that is wrong while everything is up."""
    return TABLE.change("student", *breaks)


def right(work: Any) -> Any:
    """Enter a change that is right while everything is up."""
    return TABLE.change("student")(work)


@contextlib.contextmanager
def kept(path: Path) -> Iterator[None]:
    """Put a file back as it was, its mode included."""
    text, mode = path.read_bytes(), path.stat().st_mode
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(text)
        path.chmod(mode)


# The account.


@fault("account.iam-user")
def console_password_deleted(work: Builder) -> Iterator[None]:
    """The user's console password was deleted."""
    work.owner.client("iam").delete_login_profile(UserName=work.user)
    yield
    work.make_console_password()


@fault("account.admin-group")
def rights_by_an_inline_policy(work: Builder) -> Iterator[None]:
    """The user is in a group without rights, and has an inline policy that allows everything."""
    client = work.owner.client("iam")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    client.put_user_policy(UserName=work.user, PolicyName="all", PolicyDocument=json.dumps(document))
    client.detach_group_policy(GroupName=work.group, PolicyArn=MANAGED)
    yield
    work.attach_policy()
    client.delete_user_policy(UserName=work.user, PolicyName="all")


@fault("account.key-mode")
def key_handed_in_as_downloaded(work: Builder) -> Iterator[None]:
    """The key file has mode 0644."""
    with kept(work.key):
        work.key.chmod(0o644)
        yield


@fault("account.key-pair")
def key_of_another_pair_handed_in(work: Builder) -> Iterator[None]:
    """The key file that was handed in is that of another pair."""
    with kept(work.key):
        work.key.chmod(0o600)
        work.key.write_bytes(another_key())
        work.key.chmod(0o400)
        yield


@fault("account.billing-alert")
def budget_deleted(work: Builder) -> Iterator[None]:
    """The budget was deleted."""
    work.aws.client("budgets").delete_budget(AccountId=work.cloud.account, BudgetName="homework")
    yield
    work.make_budget()


# The network.


@contextlib.contextmanager
def in_place_of(work: Builder, group: str, port: int, *permissions: dict[str, Any]) -> Iterator[None]:
    """Have other rules than the one for a port."""
    id = work.ids[group]
    work.ec2.revoke_security_group_ingress(GroupId=id, IpPermissions=[tcp(port)])
    if permissions:
        work.ec2.authorize_security_group_ingress(GroupId=id, IpPermissions=list(permissions))
    yield
    if permissions:
        work.ec2.revoke_security_group_ingress(GroupId=id, IpPermissions=list(permissions))
    work.admit(group, port)


def rules(group: str, port: int, *permissions: dict[str, Any]) -> Callable[[Builder], Iterator[None]]:
    """Return the change that has other rules than the one for a port."""

    def change(work: Builder) -> Iterator[None]:
        with in_place_of(work, group, port, *permissions):
            yield

    return change


for name, sentence, change, breaks in (
    ("web-rule-revoked", "The rule for 8003 was revoked.", rules("public-group", 8003),
     ("network.public-8003", "httpd.reachable")),
    ("web-rule-for-udp", "The rule for 8003 is for udp.", rules("public-group", 8003, tcp(8003, protocol="udp")),
     ("network.public-8003", "httpd.reachable")),
    ("web-rule-for-half-the-world", "The rule for 8003 is for 0.0.0.0/1.",
     rules("public-group", 8003, tcp(8003, source="0.0.0.0/1")), ("network.public-8003",)),
    ("jupyter-rule-for-8080", "8080 was opened in place of 8800.", rules("public-group", 8800, tcp(8080)),
     ("network.public-8800", "jupyter.login")),
    ("private-rule-for-somebody-else", "PrivateSG lets only an address of somebody else in.",
     rules("private-group", 22, tcp(22, source="203.0.113.7/32")), ("network.private-ssh", "private.agent-forwarding")),
    ("ssh-rule-for-somebody-else", "PublicSG lets only an address of somebody else in by ssh.",
     rules("public-group", 22, tcp(22, source="203.0.113.7/32")), ("network.public-ssh", "bastion.ssh")),
    ("web-ports-as-a-range", "PublicSG opens 8000 to 8010.", rules("public-group", 8003, tcp(8000, 8010)), ()),
    ("private-rule-from-the-vpc", "PrivateSG lets the VPC's addresses in.",
     rules("private-group", 22, tcp(22, source="172.31.0.0/16")), ()),
):  # fmt: skip
    TABLE.add_change(name, sentence, change, "student", *breaks)


@right
def private_rule_from_the_public_group(work: Builder) -> Iterator[None]:
    """PrivateSG lets the members of PublicSG in."""
    with in_place_of(work, "private-group", 22, of_group(22, work.ids["public-group"])):
        yield


@fault("network.default-vpc")
def route_out_deleted(work: Builder) -> Iterator[None]:
    """The default VPC's route out was deleted."""
    wanted = [{"Name": "vpc-id", "Values": [work.vpc]}]
    table = work.ec2.describe_route_tables(Filters=wanted)["RouteTables"][0]
    gateway = next(r["GatewayId"] for r in table["Routes"] if r.get("GatewayId", "").startswith("igw-"))
    out = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    work.ec2.delete_route(**out)
    yield
    work.ec2.create_route(**out, GatewayId=gateway)


# The instances.


def group_like_public(work: Builder) -> str:
    """Create a group with the rules of PublicSG; returns its id."""
    made = work._made_group("launch-wizard-1", "launch-wizard-1 created today")
    work.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[tcp(22), tcp(8003), tcp(8800)])
    return made


@contextlib.contextmanager
def in_groups(work: Builder, role: str, *groups: str) -> Iterator[None]:
    """Have an instance in other groups than it was launched in."""
    own = work.ec2.describe_instances(InstanceIds=[work.ids[role]])["Reservations"][0]["Instances"][0]
    work.ec2.modify_instance_attribute(InstanceId=work.ids[role], Groups=list(groups))
    yield
    back = [group["GroupId"] for group in own["SecurityGroups"]]
    work.ec2.modify_instance_attribute(InstanceId=work.ids[role], Groups=back)


@fault("bastion.launched")
def bastion_moved_to_another_group(work: Builder) -> Iterator[None]:
    """The bastion was moved to the launch wizard's group, which has the same rules."""
    made = group_like_public(work)
    with in_groups(work, "bastion", made):
        yield
    work.ec2.delete_security_group(GroupId=made)


@right
def bastion_in_a_second_group(work: Builder) -> Iterator[None]:
    """The bastion is in a second group besides."""
    made = group_like_public(work)
    with in_groups(work, "bastion", work.ids["public-group"], made):
        yield
    work.ec2.delete_security_group(GroupId=made)


@fault("network.public-8003", "network.public-8800")
def web_ports_by_a_second_group(work: Builder) -> Iterator[None]:
    """The web ports are opened by another group of the bastion's than PublicSG."""
    made = work._made_group("web", "web ports")
    work.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[tcp(8003), tcp(8800)])
    with (
        in_groups(work, "bastion", work.ids["public-group"], made),
        in_place_of(work, "public-group", 8003),
        in_place_of(work, "public-group", 8800),
    ):
        yield
    work.ec2.delete_security_group(GroupId=made)


@fault("private.launched")
def private_moved_into_both_groups(work: Builder) -> Iterator[None]:
    """The private instance is in PublicSG as well."""
    with in_groups(work, "private", work.ids["private-group"], work.ids["public-group"]):
        yield


@fault("private.agent-forwarding")
def key_left_on_the_bastion(work: Builder) -> Iterator[None]:
    """The key file lies on the bastion."""
    text = work.private_copy.read_text()
    work.ssh(f"umask 077; printf %s '{text}' > hw02.pem")
    yield
    work.ssh("rm -f hw02.pem")


# What is handed in.


def rewritten(file: str, write: Callable[[Path], Any]) -> Callable[[Builder], Iterator[None]]:
    """Return the change that a file of the submission is written otherwise."""

    def change(work: Builder) -> Iterator[None]:
        there = set(work.submission.iterdir())
        with kept(work.submission / file):
            write(work.submission / file)
            yield
        for added in set(work.submission.iterdir()) - there:
            added.unlink()

    return change


def _without_answer(path: Path) -> None:
    path.write_text(re.sub(r"(?ms)^## When to use which.*?(?=^## )", "", path.read_text()))


def _renamed(path: Path) -> None:
    path.rename(path.with_name("my-answers.md"))


def _named_twice(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.txt"))


PERSISTENT = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.01", "SpotInstanceType": "persistent"}}
for name, sentence, change, breaks in (
    ("persistent-options", "spot-options.json asks for a persistent request.",
     rewritten("spot-options.json", lambda path: path.write_text(json.dumps(PERSISTENT))), ("spot.options",)),
    ("options-with-a-second-ending", "An editor has called the options spot-options.json.txt.",
     rewritten("spot-options.json", _named_twice), ("spot.options",)),
    ("no-answer-on-algorithms", "The question on algorithms was not answered.",
     rewritten("answers.md", _without_answer), ("answers.algorithms",)),
    ("answers-under-another-name", "The answers are in a file of another name.",
     rewritten("answers.md", _renamed), ()),
):  # fmt: skip
    TABLE.add_change(name, sentence, change, "student", *breaks)


# After the clean-up.


def left(make: Callable[[Builder], Any], remove: Callable[[Builder, Any], Any]) -> Callable[[Builder], Iterator[None]]:
    """Return the change that something is left behind."""

    def change(work: Builder) -> Iterator[None]:
        made = make(work)
        yield
        remove(work, made)

    return change


def _volume(work: Builder) -> str:
    zone = work.ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    return str(work.ec2.create_volume(AvailabilityZone=zone, Size=8)["VolumeId"])


BILLED = "final.nothing-billed"
for name, sentence, change, breaks in (
    ("volume-left", "A volume was left.",
     left(_volume, lambda work, made: work.ec2.delete_volume(VolumeId=made)), (BILLED,)),
    ("address-left", "An elastic address was left.",
     left(lambda work: work.ec2.allocate_address(Domain="vpc")["AllocationId"],
          lambda work, made: work.ec2.release_address(AllocationId=made)), (BILLED,)),
    ("bucket-left", "A bucket was left.",
     left(lambda work: work.aws.client("s3").create_bucket(Bucket="hw02-scratch"),
          lambda work, _: work.aws.client("s3").delete_bucket(Bucket="hw02-scratch")), (BILLED,)),
    ("instance-left", "An instance that was launched to try something runs on.",
     left(lambda work: work.launch("spare", "t2.micro", "public-group"), lambda work, _: work.terminate("spare")),
     ("final.instances-terminated", BILLED)),
):  # fmt: skip
    TABLE.add_change(name, sentence, change, "student-end", *breaks)


@TABLE.change("student-end", BILLED)
def snapshot_left(work: Builder) -> Iterator[None]:
    """A snapshot was left, its volume deleted."""
    volume = _volume(work)
    made = work.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    work.ec2.delete_volume(VolumeId=volume)
    yield
    work.ec2.delete_snapshot(SnapshotId=made)


@TABLE.change("student-end", "sagemaker.cleaned", BILLED)
def objects_left(work: Builder) -> Iterator[None]:
    """A part of the training data was left, and so was its bucket."""
    bucket = work.bucket
    work.make_bucket()
    key = f"{work.prefixes['data']}/KMeans-direct/matrix_0.pbr"
    work.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"digits")
    yield
    work.delete_objects()
    work.delete_bucket()


@TABLE.change("student-end", "sagemaker.cleaned", BILLED)
def old_versions_left(work: Builder) -> Iterator[None]:
    """The bucket keeps old versions, so that its deleted objects are still there."""
    work.make_bucket()
    client, bucket = work.aws.client("s3"), {"Bucket": work.bucket}
    client.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    key = f"{work.prefixes['data']}/KMeans-direct/matrix_0.pbr"
    client.put_object(**bucket, Key=key, Body=b"digits")
    client.delete_object(**bucket, Key=key)
    yield
    work.delete_objects()
    work.delete_bucket()


@TABLE.change("student-end", "sagemaker.cleaned")
def model_of_a_second_try_left(work: Builder) -> Iterator[None]:
    """A model of a second try was left."""
    client, image = work.aws.client("sagemaker"), builtin_images.kmeans_image(work.cloud.region)
    client.create_model(ModelName="again", PrimaryContainer={"Image": image}, ExecutionRoleArn=work.role)
    yield
    client.delete_model(ModelName="again")


@TABLE.change("student-end", "final.turn-in")
def no_turn_in(work: Builder) -> Iterator[None]:
    """The turn-in message was not handed in."""
    with kept(work.submission / "turn-in.md"):
        (work.submission / "turn-in.md").unlink()
        yield


@TABLE.change("student-end")
def private_instance_tried_again(work: Builder) -> Iterator[None]:
    """After everything else, a private instance was launched and terminated to try something."""
    work.launch("trial", work.private_type, "private-group")
    work.terminate("trial")
    yield


@TABLE.change("student-end", "final.instances-terminated", BILLED)
def private_instance_tried_again_and_stopped(work: Builder) -> Iterator[None]:
    """After everything else, a private instance was launched to try something, and only stopped."""
    work.launch("trial", work.private_type, "private-group")
    work.until_state("trial", "running")
    work.ec2.stop_instances(InstanceIds=[work.ids["trial"]])
    work.until_state("trial", "stopped")
    yield
    work.terminate("trial")


@TABLE.change("student-end")
def bucket_of_somebody_else(work: Builder) -> Iterator[None]:
    """Another user of the account has made a bucket since."""
    iam.create_user(work.owner, "ben", {})
    iam.add_to_group(work.owner, "ben", work.group)
    client = Aws(work.cloud, iam.create_access_key(work.owner, "ben")).client("s3")
    client.create_bucket(Bucket="bens-thesis")
    yield
    client.delete_bucket(Bucket="bens-thesis")
