"""Security groups as a packet filter of nftables (nft(8)): stateful, what no rule admits is dropped without a word.

The filter looks at packets as they come in from the link, before the instance's own engine translates the addresses of
published ports, and as they leave to it, so that it knows the ports and addresses that security groups speak of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.offline.hosts.protocol import EgressRule, IngressRule, IpNetwork

LINK = "eth0"
_NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def ruleset(ingress: Iterable[IngressRule], egress: Iterable[EgressRule]) -> str:
    """Return the whole filter; loading it replaces the one before in one step."""
    coming = "\n".join(f"        {line}" for rule in ingress for line in _lines(rule, "saddr", rule.source))
    leaving = "\n".join(f"        {line}" for rule in egress for line in _lines(rule, "daddr", rule.destination))
    return f"""\
table inet security_groups
delete table inet security_groups
table inet security_groups {{
    chain ingress {{
        type filter hook prerouting priority mangle; policy drop;
        iifname != "{LINK}" accept
        ct state established,related accept
        ip saddr 169.254.0.0/16 accept
{coming}
    }}
    chain egress {{
        type filter hook postrouting priority mangle; policy drop;
        oifname != "{LINK}" accept
        ct state established,related accept
        ip daddr 169.254.0.0/16 accept
{leaving}
    }}
}}
"""


def _lines(rule: IngressRule | EgressRule, side: str, other: IpNetwork) -> Iterator[str]:
    family = "ip" if other.version == 4 else "ip6"
    match = f"{family} {side} {other}" if other.prefixlen else f"meta nfproto ipv{other.version}"
    protocol = _NAMES.get(rule.protocol, rule.protocol)
    if protocol in ("-1", "all"):
        yield f"{match} accept"
    elif protocol in ("tcp", "udp"):
        yield f"{match} {protocol} dport {rule.from_port}-{rule.to_port} accept"
    elif protocol in ("icmp", "icmpv6"):
        yield f"{match} meta l4proto {protocol}{_kind(protocol, rule)} accept"
    else:
        yield f"{match} meta l4proto {protocol} accept"


def _kind(protocol: str, rule: IngressRule | EgressRule) -> str:
    """Return what is asked of an ICMP packet: for these a rule's ports are type and code, -1 for any."""
    kind = f" {protocol} type {rule.from_port}" if rule.from_port >= 0 else ""
    return kind + (f" {protocol} code {rule.to_port}" if kind and rule.to_port >= 0 else "")
