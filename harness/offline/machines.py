"""Keep the hosts as EC2 says they are: boot, halt, reboot and destroy machines, and put their rules in force."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.offline.call import Call, Reply
from harness.offline.hosts.protocol import EgressRule, IngressRule, IpNetwork, MachineSpec
from harness.offline.layers import Next
from harness.offline.site import Site

_ALL_PORTS = (0, 65535)
_ON, _OFF = ("running",), ("stopping", "stopped")
_GONE = ("shutting-down", "terminated")


@dataclass(frozen=True)
class _Known:
    """What the host of an instance was last told."""

    spec: MachineSpec
    rules: tuple[IngressRule, ...]
    egress: tuple[EgressRule, ...]
    reboots: int
    is_up: bool = True


class Machines:
    """Compares EC2 with the hosts after each call that may have changed something; a layer.

    The hosts are told before the call returns, so that a rule is in force when the caller hears of it. An
    address that changes while the instance runs (an elastic address) takes the machine down and up again.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._known: dict[str, _Known] = {}
        site.changed = self.reconcile

    def __call__(self, call: Call, forward: Next) -> Reply:
        if call.service != "ec2":
            return forward(call)
        with self.site.lock:
            try:
                return forward(call)
            finally:
                if not call.is_reading:
                    self.reconcile()

    def halted(self, instance_id: str) -> None:
        """Hear that a machine shut itself down; returns at once, as hosts tell from their event loop."""
        self.site.later.call(0, lambda: self._shut_down(instance_id))

    def _shut_down(self, instance_id: str) -> None:
        with self.site.lock:
            for instance in self._instances():
                if instance.id == instance_id:
                    instance.shut_down()
            self.reconcile()

    def reconcile(self) -> None:
        """Bring the hosts up to date; the site's lock is held."""
        for instance in self._instances():
            known = self._known.get(instance.id)
            if instance.state in _ON:
                self._keep_up(instance, known)
            elif known is not None and instance.state in _OFF and known.is_up:
                self.site.hosts.halt(instance.id)
                self._known[instance.id] = replace(known, is_up=False)
            elif known is not None and instance.state in _GONE:
                self.site.hosts.destroy(instance.id)
                del self._known[instance.id]

    def _keep_up(self, instance: Any, known: _Known | None) -> None:
        wanted = _Known(_spec(instance), tuple(_rules(instance)), tuple(_egress(instance)), instance.reboots)
        if known == wanted:
            return
        self._known[instance.id] = wanted
        hosts = self.site.hosts
        if known is not None and known.is_up and known.spec != wanted.spec:
            hosts.halt(instance.id)
        if known is None or not known.is_up or known.spec != wanted.spec:
            hosts.boot(wanted.spec, wanted.rules, wanted.egress)
            return
        if (known.rules, known.egress) != (wanted.rules, wanted.egress):
            hosts.set_rules(instance.id, wanted.rules, wanted.egress)
        if known.reboots != wanted.reboots:
            hosts.reboot(instance.id)

    def _instances(self) -> Iterator[Any]:
        from moto.ec2.models import ec2_backends

        for account in list(ec2_backends.values()):
            for backend in list(account.values()):
                yield from backend.all_instances()


def _spec(instance: Any) -> MachineSpec:
    return MachineSpec(
        instance_id=instance.id,
        instance_type=instance.instance_type,
        public_ip=instance.public_ip or None,
        public_dns=instance.public_dns_name or None,
        private_ip=instance.private_ip,
        private_dns=instance.private_dns_name,
        authorized_key=instance.authorized_key,
        release=instance.release,
        user_data=instance.user_data.decode() if instance.user_data else None,
        region=instance.region_name,
        network=instance.vpc_id or "",
    )


def _rules(instance: Any) -> Iterator[IngressRule]:
    """Yield the ingress rules of all groups of all interfaces, each once, in the order of groups and rules."""
    resolved = (IngressRule(*one) for one in _resolved(instance, "ingress_rules"))
    yield from dict.fromkeys(resolved)


def _egress(instance: Any) -> Iterator[EgressRule]:
    """Yield the egress rules likewise."""
    resolved = (EgressRule(*one) for one in _resolved(instance, "egress_rules"))
    yield from dict.fromkeys(resolved)


def _resolved(instance: Any, which: str) -> Iterator[tuple[str, int, int, IpNetwork]]:
    for nic in instance.nics.values():
        for group in nic.group_set:
            for rule in getattr(group, which):
                protocol = str(rule.ip_protocol)
                first, last = (rule.from_port, rule.to_port) if protocol != "-1" else _ALL_PORTS
                for source in _sources(instance.ec2_backend, rule):
                    yield protocol, int(first), int(last), ipaddress.ip_network(source, strict=False)


def _sources(backend: Any, rule: Any) -> Iterator[str]:
    if rule.cidr_ipv4:
        yield rule.cidr_ipv4
    if rule.cidr_ipv6:
        yield rule.cidr_ipv6
    if rule.source_group.get("GroupId"):
        yield from _members(backend, rule.source_group["GroupId"])
    if rule.prefix_list_id:
        prefixes = backend.managed_prefix_lists.get(rule.prefix_list_id)
        entries = prefixes.entries.get(prefixes.version, []) if prefixes is not None else []
        yield from (entry["Cidr"] for entry in entries)


def _members(backend: Any, group_id: str) -> Iterator[str]:
    """Yield the private addresses of the interfaces that are in a group."""
    for interface in backend.enis.values():
        if any(group.id == group_id for group in interface.group_set):
            yield from (f"{address['PrivateIpAddress']}/32" for address in interface.private_ip_addresses)
