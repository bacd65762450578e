"""Network interfaces: public addresses that the hosts hand out, DNS names, and groups of their own."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import elastic_network_interfaces as moto
from moto.ec2.models.elastic_ip_addresses import ElasticAddress

from harness.offline.naming import private_name


class NetworkInterface(moto.NetworkInterface):
    """An interface whose public address leads to a host of ours, and never to a stranger."""

    private_dns_name = ""

    def __init__(self, ec2_backend: Any, subnet: Any, *given: Any, **named: Any) -> None:
        super().__init__(ec2_backend, subnet, *given, **named)
        self.private_dns_name = private_name(str(self.private_ip_address), ec2_backend.region_name)
        for address in self.private_ip_addresses:
            address["PrivateDnsName"] = private_name(address["PrivateIpAddress"], ec2_backend.region_name)

    def check_auto_public_ip(self) -> None:
        if str(self.public_ip_auto_assign).lower() == "true":
            self.public_ip = self.ec2_backend.site.hosts.allocate_public_ip()

    def stop(self) -> None:
        if self.public_ip and not self._is_elastic():
            self.ec2_backend.site.hosts.release_public_ip(self.public_ip)
            self.public_ip = None

    def delete(self) -> None:
        for address in self.ec2_backend.addresses:
            if address.eni is self:
                address.eni = address.instance = address.association_id = None
        super().delete()

    @property
    def group_set(self) -> Any:
        return self._group_set

    @property
    def association(self) -> dict[str, Any]:
        association: dict[str, Any] = super().association
        if association:
            hosts, region = self.ec2_backend.site.hosts, self.ec2_backend.region_name
            association["publicDnsName"] = hosts.public_name(str(self.public_ip), region)
        return association

    def _is_elastic(self) -> bool:
        return bool(self.ec2_backend.address_by_ip([self.public_ip], fail_if_not_found=False))


class ElasticAddresses:
    """Elastic addresses come from the hosts, too."""

    site: Any

    def allocate_address(self, domain: str, address: str | None = None, tags: Any = None) -> ElasticAddress:
        given = address or self.site.hosts.allocate_public_ip()
        allocated: ElasticAddress = super().allocate_address(domain, given, tags)  # type: ignore[misc]
        return allocated

    def associate_address(self, instance: Any = None, eni: Any = None, **given: Any) -> ElasticAddress:
        interface = eni or (instance.nics.get(0) if instance else None)
        if interface is not None:
            interface.stop()  # the automatic address is given back, and not to come again
        associated: ElasticAddress = super().associate_address(instance, eni, **given)  # type: ignore[misc]
        return associated

    def release_address(self, address: str | None = None, allocation_id: str | None = None) -> None:
        chosen = self.address_by_ip([address]) if address else self.address_by_allocation([allocation_id])  # type: ignore[attr-defined]
        super().release_address(address, allocation_id)  # type: ignore[misc]
        self.site.hosts.release_public_ip(chosen[0].public_ip)
