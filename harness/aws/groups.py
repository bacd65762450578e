"""Security groups and their ingress rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.aws.answers import absence, filters, pages, specification, tag_filters, until_listed
from harness.aws.kinds import Kind, Rank
from harness.aws.session import Aws
from harness.errors import CloudTrouble
from harness.facts.network import Group, Rule
from harness.ledger import Entry

ABSENT = ("InvalidGroup.NotFound", "InvalidGroupId")


def find_groups(aws: Aws, name: str) -> tuple[Group, ...]:
    """Return the region's security groups of that name; each VPC may have one."""
    return tuple(_group(aws, group) for group in _described(aws, filters(group_name=name)))


def find_group(aws: Aws, id: str) -> Group | None:
    """Return a security group, or ``None`` where there is none."""
    found = _named(aws, id)
    return _group(aws, found[0]) if found else None


def _named(aws: Aws, id: str) -> list[Any]:
    """Return a group by its id, not by a filter: only so EC2 tells one that it does not know yet."""
    with absence(*ABSENT):
        return pages(aws, "ec2", "describe_security_groups", "SecurityGroups", GroupIds=[id])
    return []


def _described(aws: Aws, wanted: list[dict[str, Any]]) -> list[Any]:
    return pages(aws, "ec2", "describe_security_groups", "SecurityGroups", Filters=wanted)


def _group(aws: Aws, group: Any) -> Group:
    rules = tuple(_rule(aws, permission) for permission in group["IpPermissions"])
    return Group(group["GroupId"], group["GroupName"], group["Description"], group.get("VpcId", ""), rules)


def _rule(aws: Aws, permission: Any) -> Rule:
    listed = [source["CidrIp"] for source in permission.get("IpRanges", [])]
    listed += [source["CidrIpv6"] for source in permission.get("Ipv6Ranges", [])]
    for source in permission.get("PrefixListIds", []):
        listed += _find_prefixes(aws, source["PrefixListId"])
    everything = permission["IpProtocol"] == "-1"
    return Rule(
        protocol=permission["IpProtocol"],
        from_port=None if everything else permission.get("FromPort"),
        to_port=None if everything else permission.get("ToPort"),
        cidrs=tuple(listed),
        groups=tuple(pair["GroupId"] for pair in permission.get("UserIdGroupPairs", []) if pair.get("GroupId")),
    )


def _find_prefixes(aws: Aws, prefix_list: str) -> list[str]:
    entries = pages(aws, "ec2", "get_managed_prefix_list_entries", "Entries", PrefixListId=prefix_list)
    return [entry["Cidr"] for entry in entries]


def create_group(aws: Aws, name: str, description: str, vpc: str, tags: Mapping[str, str]) -> str:
    """Create a security group that lets nobody in; returns its id, also where an answer was lost and it is there.

    Raises :class:`~harness.errors.CloudTrouble` where the VPC has one of that name: it is somebody else's.
    """
    specifications = [specification("security-group", tags)]
    with absence("InvalidGroup.Duplicate"):
        answer = aws.client("ec2").create_security_group(
            GroupName=name, Description=description, VpcId=vpc, TagSpecifications=specifications
        )
        return str(answer["GroupId"])
    wanted = [*filters(group_name=name, vpc_id=vpc), *tag_filters(tags)]
    ours = until_listed(aws, f"group {name}", lambda: _described(aws, wanted))
    if not ours:
        raise CloudTrouble(f"{vpc} has a security group {name} already; remove it or use another region")
    return str(ours[0]["GroupId"])


def admit(aws: Aws, group: str, port: int, source: str) -> None:
    """Let a source, a CIDR block or the id of a security group, reach a TCP port."""
    who = (
        {"UserIdGroupPairs": [{"GroupId": source}]} if source.startswith("sg-") else {"IpRanges": [{"CidrIp": source}]}
    )
    with absence("InvalidPermission.Duplicate"):
        aws.client("ec2").authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **who}]
        )


def revoke_sources(aws: Aws, id: str) -> None:
    """Take back the rules of a group that name a group: EC2 keeps a group to which another one's rule refers."""
    for group in _named(aws, id):
        named = [p for p in group["IpPermissions"] if p.get("UserIdGroupPairs")]
        if named:
            aws.client("ec2").revoke_security_group_ingress(GroupId=id, IpPermissions=named)


def delete_group(aws: Aws, id: str) -> None:
    """Delete a security group; EC2 refuses (DependencyViolation) while anything uses it."""
    with absence(*ABSENT):
        aws.client("ec2").delete_security_group(GroupId=id)


def _group_of(aws: Aws, entry: Entry) -> tuple[str, ...]:
    wanted = filters(group_name=entry.find["name"], vpc_id=entry.find["vpc"])
    run = {"Name": "tag-value", "Values": [entry.find["run"]]}
    return tuple(group["GroupId"] for group in _described(aws, [*wanted, run]))


def _is_gone(aws: Aws, id: str) -> bool:
    return not _named(aws, id)


def _tagged(aws: Aws, tags: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(group["GroupId"] for group in _described(aws, tag_filters(tags)))


KINDS = (
    Kind("security-group", Rank.SECURITY_GROUP, _group_of, delete_group, _is_gone, revoke_sources, tagged=_tagged),
)
