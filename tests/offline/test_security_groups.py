"""Security groups and VPCs: the refusals of AWS that moto lets pass."""

from __future__ import annotations

import pytest

from tests.offline.support import code_of

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}


@pytest.fixture(scope="module")
def client(ec2):
    return ec2.client


def test_a_group_in_use_stays_until_its_instance_is_terminated(ec2, client) -> None:
    group = ec2.group()
    id = ec2.running(SecurityGroupIds=[group])["InstanceId"]
    assert code_of(lambda: client.delete_security_group(GroupId=group)) == "DependencyViolation"
    client.stop_instances(InstanceIds=[id])
    ec2.reach(id, "stopped")
    assert code_of(lambda: client.delete_security_group(GroupId=group)) == "DependencyViolation"
    ec2.end(id)
    client.delete_security_group(GroupId=group)
    assert code_of(lambda: client.delete_security_group(GroupId=group)) == "InvalidGroup.NotFound"


def test_a_group_that_another_groups_rule_names_stays(ec2, client) -> None:
    named, naming = ec2.group(), ec2.group()
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": named}]}
    client.authorize_security_group_ingress(GroupId=naming, IpPermissions=[rule])
    assert code_of(lambda: client.delete_security_group(GroupId=named)) == "DependencyViolation"
    client.revoke_security_group_ingress(GroupId=naming, IpPermissions=[rule])
    client.delete_security_group(GroupId=named)


def test_a_group_that_names_itself_can_go(ec2, client) -> None:
    group = ec2.group()
    rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    client.delete_security_group(GroupId=group)


def test_the_default_group_cannot_be_deleted(client, vpc) -> None:
    default = client.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    assert code_of(lambda: client.delete_security_group(GroupId=default)) == "CannotDelete"


@pytest.mark.parametrize(
    "change",
    [
        {"ToPort": 99999}, {"FromPort": -2}, {"FromPort": 80}, {"IpProtocol": "tpc"}, {"CidrIp": "0.0.0.0/33"},
        {"CidrIp": "anywhere"},
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(ec2, client, change) -> None:
    group = ec2.group()
    code = code_of(lambda: client.authorize_security_group_ingress(**{"GroupId": group, **SSH, **change}))
    assert code == "InvalidParameterValue"
    assert client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"] == []


@pytest.mark.parametrize("is_listed", [True, False])
def test_rule_without_a_source_is_refused(ec2, client, is_listed) -> None:
    bare = {name: value for name, value in SSH.items() if name != "CidrIp"}
    rule = {"IpPermissions": [bare]} if is_listed else bare
    code = code_of(lambda: client.authorize_security_group_ingress(GroupId=ec2.group(), **rule))
    assert code == "MissingParameter"


def test_duplicates_are_refused(ec2, client, vpc) -> None:
    group = ec2.group()
    client.authorize_security_group_ingress(GroupId=group, **SSH)
    assert (
        code_of(lambda: client.authorize_security_group_ingress(GroupId=group, **SSH)) == "InvalidPermission.Duplicate"
    )
    name = client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["GroupName"]
    again = {"GroupName": name, "Description": "d", "VpcId": vpc}
    assert code_of(lambda: client.create_security_group(**again)) == "InvalidGroup.Duplicate"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"VpcId": "vpc-00000000"}, "InvalidVpcID.NotFound"), ({"GroupName": "sg-mine"}, "InvalidParameterValue"),
        ({"Description": "naïve"}, "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_groups_are_checked_when_made(client, vpc, change, code) -> None:
    wanted = {"GroupName": "fine", "Description": "fine", "VpcId": vpc} | change
    assert code_of(lambda: client.create_security_group(**wanted)) == code


def test_the_id_of_a_group_is_no_name(client) -> None:
    assert (
        code_of(lambda: client.authorize_security_group_ingress(GroupId="default", **SSH)) == "InvalidGroupId.Malformed"
    )


def test_a_group_of_another_network_is_no_source(ec2, client) -> None:
    vpc = client.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]
    other = client.create_security_group(GroupName="other", Description="of another network", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": other}]}
    asked = {"GroupId": ec2.group(), "IpPermissions": [rule]}
    assert code_of(lambda: client.authorize_security_group_ingress(**asked)) == "InvalidGroup.NotFound"
    id = ec2.running()["InstanceId"]
    for groups in ([other], ["sg-0123456789abcdef0"]):
        named = {"InstanceId": id, "Groups": groups}
        assert code_of(lambda named=named: client.modify_instance_attribute(**named)) == "InvalidGroup.NotFound"
    assert ec2.instance(id)["State"]["Name"] == "running"  # a group that is not there once broke every later call
    ec2.end(id)
