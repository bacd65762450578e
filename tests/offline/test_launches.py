"""Launching instances: what must exist and fit, and what is filled in."""

from __future__ import annotations

import pytest

from tests.offline.support import HOMEWORK_IMAGE, code_of

PUBLIC = {"DeviceIndex": 0, "AssociatePublicIpAddress": True}


@pytest.fixture(scope="module")
def arm(ec2):
    filters = [{"Name": "architecture", "Values": ["arm64"]}]
    return ec2.client.describe_images(Filters=filters)["Images"][0]["ImageId"]


@pytest.fixture(scope="module")
def elsewhere(ec2):
    """Make a second VPC with a subnet and a group."""
    vpc = ec2.client.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.client.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    return vpc, subnet, ec2.group(VpcId=vpc)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ImageId": "ami-00000000000000000"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "bionic"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "t2.gigantic"}, "InvalidParameterValue"), ({"KeyName": "lost"}, "InvalidKeyPair.NotFound"),
        ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroupIds": ["PublicSG"]}, "InvalidGroupId.Malformed"),
        ({"SecurityGroups": ["NoSuchGroup"]}, "InvalidGroup.NotFound"),
        ({"NetworkInterfaces": [{**PUBLIC, "Groups": ["sg-00000000000000000"]}]}, "InvalidGroup.NotFound"),
        ({"SubnetId": "subnet-00000000000000000"}, "InvalidSubnetID.NotFound"),
        ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue"),
        ({"InstanceType": "p3dn.24xlarge"}, "VcpuLimitExceeded"),
        ({"MaxCount": 40, "MinCount": 40}, "VcpuLimitExceeded"),
        ({"InstanceType": "t3.micro", "Placement": {"AvailabilityZone": "us-east-1e"}}, "Unsupported"),
    ],
)  # fmt: skip
def test_a_launch_that_cannot_be_is_refused(ec2, change, code) -> None:
    assert code_of(lambda: ec2.launch(**change)) == code


def test_architecture_of_image_and_type_must_match(ec2, arm) -> None:
    assert code_of(lambda: ec2.launch(ImageId=arm)) == "InvalidParameterValue"
    assert ec2.launch(ImageId=arm, InstanceType="t4g.micro")["Architecture"] == "arm64"


def test_group_and_subnet_must_be_of_one_network(ec2, elsewhere) -> None:
    _, subnet, group = elsewhere
    assert code_of(lambda: ec2.launch(SecurityGroupIds=[group])) == "InvalidParameter"
    assert code_of(lambda: ec2.launch(SubnetId=subnet, SecurityGroupIds=[ec2.group()])) == "InvalidParameter"
    instance = ec2.running(SubnetId=subnet, SecurityGroupIds=[group])
    assert instance["PrivateIpAddress"].startswith("10.9.1.")
    assert "PublicIpAddress" not in instance


def test_groups_belong_to_the_interface_or_to_the_instance(ec2) -> None:
    group = ec2.group()
    launch = {"NetworkInterfaces": [PUBLIC], "SecurityGroupIds": [group]}
    assert code_of(lambda: ec2.launch(**launch)) == "InvalidParameterCombination"


@pytest.mark.parametrize("way", ["interface", "instance"])
def test_groups_and_addresses_are_filled_in_either_way(ec2, vpc, way) -> None:
    group = ec2.group()
    given = (
        {"NetworkInterfaces": [{**PUBLIC, "Groups": [group]}]} if way == "interface" else {"SecurityGroupIds": [group]}
    )
    launched = ec2.launch(**given)
    assert launched["State"]["Name"] == "pending"
    instance = ec2.reach(launched["InstanceId"], "running")
    for described in (launched, instance, instance["NetworkInterfaces"][0]):
        groups = described.get("SecurityGroups") or described.get("Groups")
        assert [found["GroupId"] for found in groups] == [group]
    private, public = instance["PrivateIpAddress"], instance["PublicIpAddress"]
    assert private.startswith("172.31.")
    assert public.startswith("127.")
    assert instance["PrivateDnsName"] == f"ip-{private.replace('.', '-')}.ec2.internal"
    assert instance["PublicDnsName"] == f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"
    assert instance["NetworkInterfaces"][0]["Association"]["PublicDnsName"] == instance["PublicDnsName"]
    assert instance["VpcId"] == vpc


def test_names_follow_the_region(root) -> None:
    client = root("ec2", region_name="eu-west-1")
    image = client.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]["ImageId"]
    launched = client.run_instances(ImageId=image, InstanceType="t2.micro", MinCount=1, MaxCount=1)["Instances"][0]
    assert launched["PrivateDnsName"].endswith(".eu-west-1.compute.internal")
    assert launched["PublicDnsName"].endswith(".eu-west-1.compute.amazonaws.com")


def test_as_many_as_asked_for_are_launched_once_per_client_token(ec2) -> None:
    asked = {"ImageId": HOMEWORK_IMAGE, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 3, "ClientToken": "once"}
    first = ec2.client.run_instances(**asked)
    again = ec2.client.run_instances(**asked)
    ids = [instance["InstanceId"] for instance in first["Instances"]]
    assert len(ids) == 3
    assert [instance["InstanceId"] for instance in again["Instances"]] == ids
    found = ec2.client.describe_instances(Filters=[{"Name": "client-token", "Values": ["once"]}])["Reservations"]
    assert [instance["InstanceId"] for instance in found[0]["Instances"]] == ids


def test_volumes_go_with_their_instance_unless_told_to_stay(ec2) -> None:
    extra = [
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}},
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 2, "DeleteOnTermination": False}},
    ]
    instance = ec2.running(BlockDeviceMappings=extra)
    volumes = {mapping["DeviceName"]: mapping["Ebs"]["VolumeId"] for mapping in instance["BlockDeviceMappings"]}
    assert set(volumes) == {"/dev/sda1", "/dev/sdf", "/dev/sdg"}
    assert code_of(lambda: ec2.client.delete_volume(VolumeId=volumes["/dev/sda1"])) == "VolumeInUse"
    ec2.end(instance["InstanceId"])
    left = ec2.client.describe_volumes(Filters=[{"Name": "volume-id", "Values": list(volumes.values())}])["Volumes"]
    assert [volume["VolumeId"] for volume in left] == [volumes["/dev/sdg"]]
    ec2.client.delete_volume(VolumeId=volumes["/dev/sdg"])


def test_images_of_ones_own_and_of_others(ec2) -> None:
    id = ec2.running()["InstanceId"]
    image = ec2.client.create_image(InstanceId=id, Name="mine")["ImageId"]
    mine = ec2.client.describe_images(Owners=["self"])["Images"]
    snapshot = mine[0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert [found["ImageId"] for found in mine] == [image]
    assert [s["SnapshotId"] for s in ec2.client.describe_snapshots(OwnerIds=["self"])["Snapshots"]] == [snapshot]
    assert code_of(lambda: ec2.client.delete_snapshot(SnapshotId=snapshot)) == "InvalidSnapshot.InUse"
    assert code_of(lambda: ec2.client.deregister_image(ImageId=HOMEWORK_IMAGE)) == "AuthFailure"
    ec2.client.deregister_image(ImageId=image)
    ec2.client.delete_snapshot(SnapshotId=snapshot)


def test_a_terminated_instance_stays_visible_with_nothing_left(ec2) -> None:
    instance = ec2.end(ec2.running()["InstanceId"])
    assert instance["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert instance["NetworkInterfaces"] == instance["SecurityGroups"] == instance["BlockDeviceMappings"] == []
    assert "PrivateIpAddress" not in instance
    assert (instance["PublicDnsName"], instance["PrivateDnsName"]) == ("", "")


@pytest.mark.parametrize("act", ["start_instances", "stop_instances", "reboot_instances"])
def test_a_terminated_instance_can_do_nothing(ec2, act) -> None:
    id = ec2.end(ec2.running()["InstanceId"])["InstanceId"]
    assert code_of(lambda: getattr(ec2.client, act)(InstanceIds=[id])) == "IncorrectInstanceState"
    assert ec2.client.terminate_instances(InstanceIds=[id])["TerminatingInstances"]


def test_stop_and_start_change_the_public_address_only(ec2, hosts) -> None:
    before = ec2.running()
    id = before["InstanceId"]
    ec2.client.stop_instances(InstanceIds=[id])
    assert code_of(lambda: ec2.client.reboot_instances(InstanceIds=[id])) == "IncorrectInstanceState"
    stopped = ec2.reach(id, "stopped")
    assert "PublicIpAddress" not in stopped
    assert before["PublicIpAddress"] not in hosts.reserved
    ec2.client.start_instances(InstanceIds=[id])
    after = ec2.reach(id, "running")
    assert after["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    assert after["PublicIpAddress"] in hosts.reserved
    ec2.end(id)


def test_what_changes_while_an_instance_is_stopped_only(ec2) -> None:
    id = ec2.running()["InstanceId"]
    change = {"InstanceId": id, "InstanceType": {"Value": "t2.small"}}
    assert code_of(lambda: ec2.client.modify_instance_attribute(**change)) == "IncorrectInstanceState"
    stop = {"InstanceIds": [id], "Hibernate": True}
    assert code_of(lambda: ec2.client.stop_instances(**stop)) == "UnsupportedHibernationConfiguration"
    ec2.client.stop_instances(InstanceIds=[id])
    ec2.reach(id, "stopped")
    ec2.client.modify_instance_attribute(**change)
    assert ec2.instance(id)["InstanceType"] == "t2.small"
    ec2.end(id)


def test_the_id_of_an_instance_is_no_name(ec2) -> None:
    assert code_of(lambda: ec2.client.terminate_instances(InstanceIds=["bastion"])) == "InvalidInstanceID.Malformed"


@pytest.mark.parametrize("material", [b"ssh-ed25519", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"course.pem"])
def test_only_a_public_key_is_imported(ec2, material) -> None:
    given = {"KeyName": "mine", "PublicKeyMaterial": material}
    assert code_of(lambda: ec2.client.import_key_pair(**given)) == "InvalidKey.Format"
