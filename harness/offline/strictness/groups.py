"""Security groups: what is in use stays, and rules are what a network could mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moto.ec2.exceptions import EC2ClientError

from harness.offline.call import current

_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_PROTOCOLS = {"tcp", "udp", "icmp", "icmpv6", "-1", "all"}
_HIGHEST_PORT = 65535
_SOURCES = ("ip_ranges", "source_groups", "prefix_list_ids")


class StrictGroups:
    """Refuses deletions that would pull a group from under something, and rules that make no sense."""

    groups: dict[str, dict[str, Any]]
    enis: dict[str, Any]
    site: Any

    def create_security_group(self, name: str, description: str, vpc_id: str | None = None, **given: Any) -> Any:
        if vpc_id is None:
            default = self.get_default_vpc()  # type: ignore[attr-defined]
            if default is None:
                raise EC2ClientError("VPCIdNotSpecified", "No default VPC for this user")
            vpc_id = default.id
        self.get_vpc(vpc_id)  # type: ignore[attr-defined]
        if name.startswith("sg-"):
            raise EC2ClientError(
                "InvalidParameterValue", f"Invalid value '{name}' for groupName. It may not begin with sg-."
            )
        if description and not _DESCRIPTION.fullmatch(description):
            raise EC2ClientError(
                "InvalidParameterValue",
                "Invalid security group description. Valid descriptions are strings less than 256 characters from the "
                "following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
            )
        return super().create_security_group(name, description, vpc_id=vpc_id, **given)  # type: ignore[misc]

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        group = self.get_security_group_by_name_or_id(group_id or name)  # type: ignore[attr-defined]
        if group is not None and not _vpc_is_going():
            if group.is_default:
                raise EC2ClientError(
                    "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
                )
            if any(self._users(group)) or self.site.is_lingering(group.id):
                raise EC2ClientError("DependencyViolation", f"resource {group.id} has a dependent object")
        if group is None:
            super().delete_security_group(name, group_id)  # type: ignore[misc]
        else:
            self.groups[group.vpc_id].pop(group.id)

    def _users(self, group: Any) -> Iterator[Any]:
        """Yield what stands on a group: interfaces in it, and other groups whose rules name it."""
        yield from (eni for eni in self.enis.values() if any(used.id == group.id for used in eni.group_set))
        for other in (other for groups in self.groups.values() for other in groups.values() if other.id != group.id):
            for rule in (*other.ingress_rules, *other.egress_rules):
                if rule.source_group.get("GroupId") == group.id:
                    yield other

    def authorize_security_group_ingress(self, *given: Any, **named: Any) -> Any:
        self._check_call()
        _check_rule(named)
        return super().authorize_security_group_ingress(*given, **named)  # type: ignore[misc]

    def authorize_security_group_egress(self, *given: Any, **named: Any) -> Any:
        self._check_call()
        _check_rule(named)
        return super().authorize_security_group_egress(*given, **named)  # type: ignore[misc]

    def _check_call(self) -> None:
        """Check the group's id, as moto takes a name for one, and that source groups are of its network."""
        call = current()
        asked = call.parameters if call else {}
        id = asked.get("GroupId")
        if id and not id.startswith("sg-"):
            raise EC2ClientError("InvalidGroupId.Malformed", f'Invalid id: "{id}" (expecting "sg-...")')
        own = self.get_security_group_from_id(id) if id else None  # type: ignore[attr-defined]
        pairs = [pair for rule in asked.get("IpPermissions", []) for pair in rule.get("UserIdGroupPairs", [])]
        for pair in pairs:
            named = self.get_security_group_from_id(pair.get("GroupId"))  # type: ignore[attr-defined]
            if own is not None and named is not None and named.vpc_id != own.vpc_id:
                raise EC2ClientError(
                    "InvalidGroup.NotFound", "You have specified two resources that belong to different networks."
                )


def _vpc_is_going() -> bool:
    call = current()
    return call is not None and call.operation == "DeleteVpc"


def _check_rule(rule: dict[str, Any]) -> None:
    """Check source, protocol and ports of one rule as moto hands it on; ICMP's "ports" are type and code."""
    if not any(rule.get(source) for source in _SOURCES):
        raise EC2ClientError(
            "MissingParameter", "Missing source specification: include source security group or CIDR information"
        )
    protocol, first, last = str(rule.get("ip_protocol", "")).lower(), rule.get("from_port"), rule.get("to_port")
    if not (protocol in _PROTOCOLS or (protocol.isdigit() and int(protocol) < 256)):
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{protocol}' for IP protocol. Unknown protocol.")
    if protocol not in ("tcp", "udp", "6", "17"):
        return
    if first is None or last is None:
        raise EC2ClientError(
            "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
        )
    for port in (int(first), int(last)):
        if not 0 <= port <= _HIGHEST_PORT:
            raise EC2ClientError("InvalidParameterValue", f"TCP/UDP port ({port}) out of range")
    if int(first) > int(last):
        raise EC2ClientError("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})")
