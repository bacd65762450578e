"""Facts of the network: the default VPC and the security groups with their ingress rules."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from harness.evidence import Evidence

# EC2 takes a protocol by name or by its IANA number; -1 is every protocol.
NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


@dataclass(frozen=True)
class Rule:
    """One permission to come in; ports are inclusive and ``None`` where the protocol is ``-1`` (all).

    ``cidrs`` are IPv4 and IPv6 networks, those of prefix lists included; ``groups`` are ids of source groups.
    """

    protocol: str
    from_port: int | None
    to_port: int | None
    cidrs: tuple[str, ...]
    groups: tuple[str, ...]

    def concerns(self, protocol: str, port: int) -> bool:
        """Say whether this rule is about a port of a protocol, whatever its source."""
        named = NUMBERS.get(self.protocol, self.protocol)
        if named == "-1":
            return True
        return named == protocol and (self.from_port or 0) <= port <= (-1 if self.to_port is None else self.to_port)

    def __str__(self) -> str:
        ports = "all ports" if self.from_port is None else f"{self.from_port}-{self.to_port}"
        if self.from_port is not None and self.from_port == self.to_port:
            ports = str(self.from_port)
        protocol = "all protocols" if self.protocol == "-1" else NUMBERS.get(self.protocol, self.protocol)
        return f"{protocol} {ports} from {', '.join((*self.cidrs, *self.groups)) or 'nowhere'}"


@dataclass(frozen=True)
class Group:
    """A security group. Its rules add up: what one of them admits is admitted."""

    id: str
    name: str
    description: str
    vpc: str
    rules: tuple[Rule, ...]

    def admits(self, protocol: str, port: int, source: str) -> bool:
        """Say whether every address of ``source`` (a CIDR block) may reach a port; halves of it add up."""
        wanted = ipaddress.ip_network(source, strict=False)
        return any(wanted.subnet_of(network) for network in self._networks(protocol, port, wanted.version))  # type: ignore[arg-type]

    def admits_members_of(self, group: str, protocol: str, port: int) -> bool:
        """Say whether instances of another group (its id) may reach a port because of that group."""
        return any(group in rule.groups for rule in self.rules if rule.concerns(protocol, port))

    def admits_instance(self, private_ip: str, groups: Iterable[str], protocol: str, port: int) -> bool:
        """Say whether an instance of the same VPC may reach a port: by its private address or by one of its groups."""
        by_address = self.admits(protocol, port, f"{private_ip}/32")
        return by_address or any(self.admits_members_of(group, protocol, port) for group in groups)

    def sources(self, protocol: str, port: int) -> str:
        """Return who may reach a port, in words for a message."""
        concerned = [rule for rule in self.rules if rule.concerns(protocol, port)]
        named = [source for rule in concerned for source in (*rule.cidrs, *rule.groups)]
        return f"open to {', '.join(named)} only" if named else "not open to anybody"

    def _networks(
        self, protocol: str, port: int, version: int
    ) -> list[ipaddress.IPv4Network] | list[ipaddress.IPv6Network]:
        cidrs = [cidr for rule in self.rules if rule.concerns(protocol, port) for cidr in rule.cidrs]
        networks = [ipaddress.ip_network(cidr, strict=False) for cidr in cidrs]
        return list(ipaddress.collapse_addresses(network for network in networks if network.version == version))  # type: ignore[type-var,return-value]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        rules = "; ".join(map(str, self.rules)) or "no ingress rule"
        return (
            Evidence(
                "api", f"ec2 describe-security-groups {self.id}", f"{self.name} in {self.vpc}, “{self.description}”"
            ),
            Evidence("api", f"ingress rules of {self.id}", rules),
        )


@dataclass(frozen=True)
class Door:
    """A port of a security group, and an instance of the same VPC that is to come in by it.

    ``guest`` is the instance's id, ``address`` its private address, ``groups`` are the ids of its groups.
    """

    group: Group
    port: int
    guest: str
    address: str
    groups: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Say whether the instance may come in."""
        return self.group.admits_instance(self.address, self.groups, "tcp", self.port)

    @property
    def is_open_to_all(self) -> bool:
        """Say whether everybody may."""
        return self.group.admits("tcp", self.port, "0.0.0.0/0")

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        who = f"{self.guest} is {self.address}, in {', '.join(self.groups) or 'no group'}"
        return (*self.group.evidence, Evidence("api", f"who is to reach {self.group.name}", who))

    def __str__(self) -> str:
        return f"{self.group}: port {self.port} {self.group.sources('tcp', self.port)}"


@dataclass(frozen=True)
class Subnet:
    """A subnet; ``has_route_out`` says whether its route table leads 0.0.0.0/0 to an internet gateway."""

    id: str
    zone: str
    is_default: bool
    has_route_out: bool


@dataclass(frozen=True)
class Vpc:
    """A VPC of a region; ``zones`` are all the availability zones that the account can use there."""

    id: str
    region: str
    cidr: str
    is_default: bool
    zones: tuple[str, ...]
    subnets: tuple[Subnet, ...]

    @property
    def default_subnets(self) -> tuple[Subnet, ...]:
        """Return the subnets that EC2 picks where none is named."""
        return tuple(subnet for subnet in self.subnets if subnet.is_default)

    @property
    def zones_without_subnet(self) -> tuple[str, ...]:
        """Return the zones that have no default subnet."""
        served = {subnet.zone for subnet in self.default_subnets}
        return tuple(zone for zone in self.zones if zone not in served)

    @property
    def subnets_without_route_out(self) -> tuple[str, ...]:
        """Return the default subnets that lead nowhere."""
        return tuple(subnet.id for subnet in self.default_subnets if not subnet.has_route_out)

    @property
    def has_route_out(self) -> bool:
        """Say whether an instance in one of the default subnets can reach the internet."""
        return any(subnet.has_route_out for subnet in self.default_subnets)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        subnets = ", ".join(f"{subnet.id} in {subnet.zone}" for subnet in self.default_subnets)
        routes = "0.0.0.0/0 to an internet gateway" if self.has_route_out else "no route out"
        kind = "default VPC" if self.is_default else "not the default VPC"
        return (
            Evidence("api", "ec2 describe-vpcs", f"{self.id} {self.cidr} in {self.region}, {kind}"),
            Evidence("api", f"ec2 describe-subnets of {self.id}", subnets or "no default subnet"),
            Evidence("api", f"ec2 describe-route-tables of {self.id}", routes),
        )
