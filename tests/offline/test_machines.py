"""EC2 and the hosts: every change of an instance or a rule is known there when the call returns."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.offline.hosts.protocol import IngressRule

ANYWHERE = ipaddress.ip_network("0.0.0.0/0")


def ssh(group, source="0.0.0.0/0"):
    return {"GroupId": group, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": source}


def test_a_machine_boots_with_all_that_the_control_plane_knows(ec2, hosts) -> None:
    key = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    ec2.client.import_key_pair(KeyName="imported", PublicKeyMaterial=key)
    group = ec2.group()
    ec2.client.authorize_security_group_ingress(**ssh(group))
    launched = ec2.launch(
        KeyName="imported", SecurityGroupIds=[group], UserData="#!/bin/sh\necho hi\n", InstanceType="t2.small"
    )
    instance = ec2.reach(launched["InstanceId"], "running")
    spec = hosts.specs[instance["InstanceId"]]
    assert (spec.public_ip, spec.private_ip) == (instance["PublicIpAddress"], instance["PrivateIpAddress"])
    assert (spec.public_dns, spec.private_dns) == (instance["PublicDnsName"], instance["PrivateDnsName"])
    assert (spec.authorized_key, spec.release, spec.instance_type) == (key.decode(), "18.04", "t2.small")
    assert (spec.user_data, spec.region) == ("#!/bin/sh\necho hi\n", "us-east-1")
    assert hosts.rules[instance["InstanceId"]] == (IngressRule("tcp", 22, 22, ANYWHERE),)


def test_a_created_key_pair_is_authorized_and_outlives_its_deletion(ec2, hosts) -> None:
    ec2.client.create_key_pair(KeyName="fleeting", KeyType="ed25519")
    launched = ec2.launch(KeyName="fleeting")
    ec2.client.delete_key_pair(KeyName="fleeting")
    ec2.reach(launched["InstanceId"], "running")
    assert hosts.specs[launched["InstanceId"]].authorized_key.startswith("ssh-ed25519 ")


def test_rules_are_in_force_when_the_call_returns(ec2, hosts) -> None:
    group = ec2.group()
    id = ec2.running(SecurityGroupIds=[group])["InstanceId"]
    assert hosts.rules[id] == ()
    ec2.client.authorize_security_group_ingress(**ssh(group, "203.0.113.0/24"))
    assert hosts.rules[id] == (IngressRule("tcp", 22, 22, ipaddress.ip_network("203.0.113.0/24")),)
    six = [{"IpProtocol": "udp", "FromPort": 1, "ToPort": 9, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}]
    ec2.client.authorize_security_group_ingress(GroupId=group, IpPermissions=six)
    assert hosts.rules[id][1:] == (IngressRule("udp", 1, 9, ipaddress.ip_network("2001:db8::/32")),)
    ec2.client.revoke_security_group_ingress(**ssh(group, "203.0.113.0/24"))
    assert len(hosts.rules[id]) == 1


def test_several_groups_add_up_and_can_be_exchanged(ec2, hosts) -> None:
    first, second = ec2.group(), ec2.group()
    ec2.client.authorize_security_group_ingress(**ssh(first, "198.51.100.0/24"))
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "192.0.2.1/32"}]}]
    ec2.client.authorize_security_group_ingress(GroupId=second, IpPermissions=everything)
    id = ec2.running(SecurityGroupIds=[first, second])["InstanceId"]
    assert {(rule.protocol, rule.from_port, rule.to_port) for rule in hosts.rules[id]} == {
        ("tcp", 22, 22),
        ("-1", 0, 65535),
    }
    ec2.client.modify_instance_attribute(InstanceId=id, Groups=[second])
    assert [rule.protocol for rule in hosts.rules[id]] == ["-1"]
    assert [group["GroupId"] for group in ec2.instance(id)["SecurityGroups"]] == [second]


def test_a_source_group_means_its_members_addresses_as_they_come_and_go(ec2, hosts) -> None:
    public, private = ec2.group(), ec2.group()
    rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": public}]}]
    ec2.client.authorize_security_group_ingress(GroupId=private, IpPermissions=rule)
    inner = ec2.running(SecurityGroupIds=[private])["InstanceId"]
    assert hosts.rules[inner] == ()
    bastion = ec2.running(SecurityGroupIds=[public])
    source = ipaddress.ip_network(bastion["PrivateIpAddress"] + "/32")
    assert hosts.rules[inner] == (IngressRule("tcp", 22, 22, source),)
    ec2.end(bastion["InstanceId"])
    assert hosts.rules[inner] == ()


def test_prefix_lists_are_passed_along(ec2, hosts) -> None:
    prefixes = ec2.client.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/25"}]
    )["PrefixList"]["PrefixListId"]
    group = ec2.group()
    rule = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "PrefixListIds": [{"PrefixListId": prefixes}]}]
    ec2.client.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    id = ec2.running(SecurityGroupIds=[group])["InstanceId"]
    assert hosts.rules[id] == (IngressRule("tcp", 80, 80, ipaddress.ip_network("198.51.100.0/25")),)


def test_stop_start_reboot_and_terminate_reach_the_machine(ec2, hosts) -> None:
    id = ec2.running()["InstanceId"]
    ec2.client.reboot_instances(InstanceIds=[id])
    assert hosts.of(id) == ["boot", "reboot"]
    ec2.client.stop_instances(InstanceIds=[id])
    assert hosts.of(id)[-1] == "halt"
    ec2.reach(id, "stopped")
    ec2.client.start_instances(InstanceIds=[id])
    address = ec2.reach(id, "running")["PublicIpAddress"]
    assert hosts.specs[id].public_ip == address
    ec2.client.terminate_instances(InstanceIds=[id])
    assert hosts.of(id) == ["boot", "reboot", "halt", "boot", "destroy"]
    ec2.reach(id, "terminated")
    assert address not in hosts.reserved


def test_terminated_while_pending_never_boots(ec2, hosts) -> None:
    id = ec2.launch()["InstanceId"]
    ec2.end(id)
    assert hosts.of(id) in ([], ["boot", "destroy"])


@pytest.mark.parametrize(
    ("behaviour", "state", "last"), [("stop", "stopped", "halt"), ("terminate", "terminated", "destroy")]
)
def test_a_machine_that_shuts_itself_down_stops_or_terminates(ec2, hosts, offline, behaviour, state, last) -> None:
    id = ec2.running(InstanceInitiatedShutdownBehavior=behaviour)["InstanceId"]
    offline.halted(id)
    instance = ec2.reach(id, state)
    assert instance["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert hosts.of(id) == ["boot", last]


def test_an_elastic_address_leads_to_the_instance(ec2, hosts) -> None:
    id = ec2.running()["InstanceId"]
    allocation = ec2.client.allocate_address(Domain="vpc")
    ec2.client.associate_address(InstanceId=id, AllocationId=allocation["AllocationId"])
    assert ec2.instance(id)["PublicIpAddress"] == allocation["PublicIp"] == hosts.specs[id].public_ip
    ec2.end(id)
    assert allocation["PublicIp"] in hosts.reserved
    ec2.client.release_address(AllocationId=allocation["AllocationId"])
    assert allocation["PublicIp"] not in hosts.reserved


def test_the_console_shows_what_the_machine_wrote(ec2) -> None:
    id = ec2.running()["InstanceId"]
    assert id in ec2.client.get_console_output(InstanceId=id)["Output"]
    ec2.end(id)
    assert ec2.client.get_console_output(InstanceId=id)["Output"] == ""
