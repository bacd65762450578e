"""A new account: what is there before anybody did anything."""

from __future__ import annotations

import re

import pytest

from tests.offline.support import HOMEWORK_IMAGE, code_of

CANONICAL = "099720109477"


def test_the_default_vpc_has_a_subnet_per_zone_and_leads_out(ec2, vpc) -> None:
    client = ec2.client
    zones = {zone["ZoneName"] for zone in client.describe_availability_zones()["AvailabilityZones"]}
    subnets = client.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in subnets} == zones
    assert all(subnet["VpcId"] == vpc and subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    routes = client.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["Routes"]
    gateway = client.describe_internet_gateways()["InternetGateways"][0]
    assert gateway["Attachments"][0]["VpcId"] == vpc
    assert {"0.0.0.0/0": gateway["InternetGatewayId"]}.items() <= {
        r["DestinationCidrBlock"]: r["GatewayId"] for r in routes
    }.items()


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_every_region_is_seeded(root, region) -> None:
    client = root("ec2", region_name=region)
    assert client.describe_vpcs()["Vpcs"][0]["IsDefault"]
    assert client.describe_images(Owners=[CANONICAL])["Images"]


def test_the_homeworks_image_is_bionic_in_us_east_1_only(root, ec2) -> None:
    image = ec2.client.describe_images(ImageIds=[HOMEWORK_IMAGE])["Images"][0]
    assert image["Name"].startswith("ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-")
    elsewhere = root("ec2", region_name="eu-west-1")
    assert code_of(lambda: elsewhere.describe_images(ImageIds=[HOMEWORK_IMAGE])) == "InvalidAMIID.NotFound"


def test_canonicals_images_are_found_by_owner_name_and_architecture(ec2) -> None:
    filters = [
        {"Name": "name", "Values": ["ubuntu/images/*/ubuntu-*-*-amd64-server-*"]},
        {"Name": "architecture", "Values": ["x86_64"]},
    ]
    images = ec2.client.describe_images(Owners=[CANONICAL], Filters=filters)["Images"]
    releases = {re.search(r"-(\d\d\.\d\d)-", image["Name"]).group(1) for image in images}
    assert releases == {"18.04", "22.04", "24.04", "25.10", "26.04"}
    assert {image["OwnerId"] for image in images} == {CANONICAL}
    assert all(image["State"] == "available" and image["Public"] for image in images)


PARAMETER = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_public_parameter_names_canonicals_newest_image(root, region) -> None:
    ssm, ec2 = root("ssm", region_name=region), root("ec2", region_name=region)
    id = ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    noble = [{"Name": "name", "Values": ["ubuntu/images/*/ubuntu-noble-24.04-amd64-server-*"]}]
    newest = max(ec2.describe_images(Owners=[CANONICAL], Filters=noble)["Images"], key=lambda image: image["Name"])
    assert id == newest["ImageId"]
    found = ssm.get_parameters(Names=[PARAMETER, PARAMETER.replace("24.04", "noble"), PARAMETER.replace("24", "23")])
    assert {one["Value"] for one in found["Parameters"]} == {id}
    assert found["InvalidParameters"] == [PARAMETER.replace("24", "23")]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/aws/service/canonical", Recursive=True)
    assert id in {one["Value"] for page in pages for one in page["Parameters"]}
    assert ssm.describe_parameters()["Parameters"] == []


def test_an_image_is_launched_by_the_name_of_its_parameter(ec2) -> None:
    launched = ec2.client.run_instances(ImageId=f"resolve:ssm:{PARAMETER}", MinCount=1, MaxCount=1)["Instances"][0]
    ec2.client.terminate_instances(InstanceIds=[launched["InstanceId"]])
    image = ec2.client.describe_images(ImageIds=[launched["ImageId"]])["Images"][0]
    assert image["Name"].startswith("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-")
    wrong = f"resolve:ssm:{PARAMETER.replace('24', '23')}"
    assert code_of(lambda: ec2.client.run_instances(ImageId=wrong, MinCount=1, MaxCount=1)) == "InvalidParameterValue"


def test_no_snapshots_of_strangers_are_listed(ec2) -> None:
    assert ec2.client.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    assert ec2.client.describe_snapshots()["Snapshots"] == []
    assert ec2.client.describe_volumes()["Volumes"] == []


def test_aws_managed_policies_exist(root) -> None:
    policy = root("iam").get_policy(PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")["Policy"]
    assert policy["PolicyName"] == "AdministratorAccess"
    assert root("iam").list_policies(Scope="AWS", MaxItems=5)["Policies"]


@pytest.mark.parametrize(
    ("name", "vcpus"), [("t2.large", 2), ("t2.micro", 1), ("t3.large", 2), ("t3.micro", 2), ("p3dn.24xlarge", 96)]
)
def test_the_homeworks_instance_types_are_known_and_offered(ec2, name, vcpus) -> None:
    described = ec2.client.describe_instance_types(InstanceTypes=[name])["InstanceTypes"][0]
    assert described["VCpuInfo"]["DefaultVCpus"] == vcpus
    offers = ec2.client.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [name]}]
    )["InstanceTypeOfferings"]
    assert {offer["Location"][:-1] for offer in offers} == {"us-east-1"}


def test_the_default_vpc_is_there_already_and_can_be_made_again(root) -> None:
    client = root("ec2", region_name="us-west-2")
    assert code_of(client.create_default_vpc) == "DefaultVpcAlreadyExists"
    vpc = client.describe_vpcs()["Vpcs"][0]["VpcId"]
    assert code_of(lambda: client.delete_vpc(VpcId=vpc)) == "DependencyViolation"
    for subnet in client.describe_subnets()["Subnets"]:
        client.delete_subnet(SubnetId=subnet["SubnetId"])
    assert code_of(lambda: client.delete_vpc(VpcId=vpc)) == "DependencyViolation"
    gateway = client.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
    client.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    client.delete_internet_gateway(InternetGatewayId=gateway)
    client.delete_vpc(VpcId=vpc)
    group = {"GroupName": "g", "Description": "d"}
    assert code_of(lambda: client.create_security_group(**group)) == "VPCIdNotSpecified"
    launch = {
        "ImageId": client.describe_images()["Images"][0]["ImageId"],
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": "t2.micro",
    }
    assert code_of(lambda: client.run_instances(**launch)) == "VPCIdNotSpecified"
    made = client.create_default_vpc()["Vpc"]
    assert made["IsDefault"]
    assert made["VpcId"] != vpc
    assert client.create_security_group(**group)["GroupId"]
    assert client.describe_internet_gateways()["InternetGateways"][0]["Attachments"][0]["VpcId"] == made["VpcId"]
