"""Who may connect: the address that AWS would see, and the rules that are asked about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from harness.offline.hosts.protocol import IngressRule

WORKSTATION = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """The addresses of one host.

    ``public`` is shown to the world. ``inside`` is the loopback address that stands for ``private``: a connection that
    goes by private address comes from one inside address and arrives at another, both of one ``network``.
    """

    public: str | None
    inside: str
    private: str
    network: str = ""


def admits(rules: Iterable[IngressRule], port: int, source: str) -> bool:
    """Tell whether a TCP connection from ``source``, an address as AWS sees it, may reach ``port``."""
    address = ipaddress.ip_address(source)
    return any(_covers(rule, port) and address in rule.source for rule in rules)


def _covers(rule: IngressRule, port: int) -> bool:
    if rule.protocol in {"-1", "all"}:
        return True
    return rule.protocol in {"tcp", "6"} and rule.from_port <= port <= rule.to_port


def callers(hosts: Iterable[Addresses], at: str) -> dict[str, str]:
    """Map each loopback address that may call at address ``at`` to the address that AWS would see.

    The workstation and hosts by their public address call at a public address; only hosts of its network call at
    an inside one.
    """
    hosts = list(hosts)
    called = next((host for host in hosts if host.inside == at), None)
    if called is not None:
        return {host.inside: host.private for host in hosts if host.network == called.network}
    public = {host.public: host.public for host in hosts if host.public is not None}
    return {WORKSTATION: WORKSTATION, **public}


def admitted(rules: Iterable[IngressRule], port: int, hosts: Iterable[Addresses], at: str) -> frozenset[str]:
    """Return the loopback addresses whose connections to ``port`` of address ``at`` are let in."""
    rules = tuple(rules)
    return frozenset(caller for caller, seen in callers(hosts, at).items() if admits(rules, port, seen))
