"""Security groups as a packet filter: the lines of nftables that rules become."""

from __future__ import annotations

import ipaddress

import pytest

from harness.offline.hosts.containers.filters import ruleset
from harness.offline.hosts.protocol import EgressRule, IngressRule

ANYWHERE, ONE = ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("172.31.5.5/32")


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (IngressRule("tcp", 22, 22, ANYWHERE), "meta nfproto ipv4 tcp dport 22-22 accept"),
        (IngressRule("6", 8000, 8010, ONE), "ip saddr 172.31.5.5/32 tcp dport 8000-8010 accept"),
        (IngressRule("udp", 53, 53, ONE), "ip saddr 172.31.5.5/32 udp dport 53-53 accept"),
        (IngressRule("-1", 0, 65535, ONE), "ip saddr 172.31.5.5/32 accept"),
        (IngressRule("icmp", -1, -1, ANYWHERE), "meta nfproto ipv4 meta l4proto icmp accept"),
        (IngressRule("icmp", 8, 0, ANYWHERE), "meta nfproto ipv4 meta l4proto icmp icmp type 8 icmp code 0 accept"),
        (IngressRule("50", 0, 0, ANYWHERE), "meta nfproto ipv4 meta l4proto 50 accept"),
        (
            IngressRule("tcp", 22, 22, ipaddress.ip_network("2001:db8::/32")),
            "ip6 saddr 2001:db8::/32 tcp dport 22-22 accept",
        ),
    ],
)
def test_ingress(rule, line):
    coming, leaving = ruleset([rule], []).split("chain egress")
    assert f"        {line}\n" in coming
    assert line not in leaving


def test_egress_looks_at_the_destination():
    coming, leaving = ruleset([], [EgressRule("tcp", 443, 443, ONE)]).split("chain egress")
    assert "ip daddr 172.31.5.5/32 tcp dport 443-443 accept" in leaving
    assert "443" not in coming


def test_what_no_rule_admits_is_dropped_in_both_directions():
    assert ruleset([], []).count("policy drop;") == 2
    assert "reject" not in ruleset([], [])


def test_loading_again_replaces_the_filter_in_one_step():
    assert ruleset([], []).splitlines()[:2] == ["table inet security_groups", "delete table inet security_groups"]
