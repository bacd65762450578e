"""EC2 of the offline cloud: moto's, with the strictness mixed in. Imported only once a cloud starts."""

from __future__ import annotations

import contextlib
from typing import Any

from moto.ec2 import utils
from moto.ec2.models import EC2Backend, ec2_backends, elastic_network_interfaces, instances, spot_requests

from harness.offline.loading import replaced
from harness.offline.quotas import Quotas
from harness.offline.seeding import load_images
from harness.offline.site import Site
from harness.offline.strictness.changes import StrictChanges
from harness.offline.strictness.groups import StrictGroups
from harness.offline.strictness.images import StrictImages
from harness.offline.strictness.interfaces import ElasticAddresses, NetworkInterface
from harness.offline.strictness.key_pairs import KeyPairs
from harness.offline.strictness.launches import StrictLaunches
from harness.offline.strictness.spot import SpotInstanceRequest, SpotMarket
from harness.offline.strictness.states import Instance
from harness.offline.strictness.vcpus import VcpuLimits
from harness.offline.strictness.vpcs import StrictVpcs

# Filters of DescribeInstances that moto does not know, by attribute of the instance.
_FILTERS = {
    "client-token": "client_token", "instance-lifecycle": "lifecycle", "reservation-id": "reservation_id",
    "spot-instance-request-id": "spot_instance_request_id", "network-interface.vpc-id": "vpc_id",
    "network-interface.subnet-id": "subnet_id", "network-interface.group-id": "security_groups.id",
    "network-interface.addresses.private-ip-address": "private_ip",
    "network-interface.association.public-ip": "public_ip", "root-device-type": "root_device_type",
    "virtualization-type": "virtualization_type", "instance-state-code": "state_code_text",
}  # fmt: skip


class OfflineEc2(  # type: ignore[misc]  # the mixins take what they do not look at as it comes
    SpotMarket,
    VcpuLimits,
    StrictLaunches,
    StrictChanges,
    StrictGroups,
    StrictImages,
    StrictVpcs,
    KeyPairs,
    ElasticAddresses,
    EC2Backend,
):
    """A region's EC2. Subclassed per cloud, with the cloud's ``site`` and ``quotas`` as class attributes."""

    site: Site
    quotas: Quotas

    def __init__(self, region_name: str, account_id: str) -> None:
        self.launches: dict[str, Any] = {}
        super().__init__(region_name, account_id)

    @property
    def _url_module(self) -> Any:
        import moto.ec2.urls

        return moto.ec2.urls

    def _load_amis(self) -> None:
        load_images(self)


@contextlib.contextmanager
def installed(site: Site, quotas: Quotas) -> Any:
    """Make moto's EC2 ours for a while; what moto held before must have been cleared."""
    ours = type("OfflineEc2", (OfflineEc2,), {"site": site, "quotas": quotas})
    with contextlib.ExitStack() as stack:
        stack.enter_context(replaced(ec2_backends, backend=ours))
        stack.enter_context(replaced(instances, Instance=Instance))
        stack.enter_context(replaced(elastic_network_interfaces, NetworkInterface=NetworkInterface))
        stack.enter_context(replaced(spot_requests, SpotInstanceRequest=SpotInstanceRequest))
        before = dict(utils.filter_dict_attribute_mapping)
        utils.filter_dict_attribute_mapping.update(_FILTERS)
        stack.callback(_put_back, utils.filter_dict_attribute_mapping, before)
        yield


def _put_back(mapping: dict[str, str], before: dict[str, str]) -> None:
    mapping.clear()
    mapping.update(before)
