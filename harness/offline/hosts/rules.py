"""Who may connect: the address that AWS would see, and the rules that are asked about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.offline.hosts.protocol import EgressRule, IngressRule

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


Book = Mapping[Addresses, tuple[EgressRule, ...]]
"""Who is there: the addresses of every host, and what its own security groups let out."""


def admits(rules: Iterable[IngressRule], port: int, source: str) -> bool:
    """Tell whether a TCP connection from ``source``, an address as AWS sees it, may reach ``port``."""
    address = ipaddress.ip_address(source)
    return any(_covers(rule, port) and address in rule.source for rule in rules)


def lets_out(rules: Iterable[EgressRule], port: int, destination: str) -> bool:
    """Tell whether a TCP connection may leave for ``port`` of ``destination``, an address as AWS sees it."""
    address = ipaddress.ip_address(destination)
    return any(_covers(rule, port) and address in rule.destination for rule in rules)


def _covers(rule: IngressRule | EgressRule, port: int) -> bool:
    if rule.protocol in {"-1", "all"}:
        return True
    return rule.protocol in {"tcp", "6"} and rule.from_port <= port <= rule.to_port


def callers(book: Book, port: int, at: str) -> dict[str, str]:
    """Map each loopback address that can call at ``port`` of address ``at`` to the address that AWS would see.

    The workstation and hosts by their public address call at a public address; only hosts of its network call at
    an inside one. A host calls where its own groups let it out.
    """
    called = next((host for host in book if host.inside == at), None)
    if called is not None:
        near = {host: out for host, out in book.items() if host.network == called.network}
        return {host.inside: host.private for host, out in near.items() if lets_out(out, port, called.private)}
    public = {host.public: host.public for host, out in book.items() if host.public and lets_out(out, port, at)}
    return {WORKSTATION: WORKSTATION, **public}


def admitted(rules: Iterable[IngressRule], port: int, book: Book, at: str) -> frozenset[str]:
    """Return the loopback addresses whose connections to ``port`` of address ``at`` are let out there and in here."""
    rules = tuple(rules)
    return frozenset(caller for caller, seen in callers(book, port, at).items() if admits(rules, port, seen))
