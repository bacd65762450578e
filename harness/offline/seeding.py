"""What a new account finds in a region: Canonical's images, and a default VPC that leads out."""

from __future__ import annotations

import datetime
import functools
import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MACHINES = {"amd64": "x86_64", "arm64": "arm64"}


@dataclass(frozen=True)
class Image:
    """A public image of one region."""

    id: str
    name: str
    owner: str
    architecture: str
    description: str
    created: datetime.datetime


@functools.cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("images.toml").read_text(encoding="utf-8"))


def images(region: str) -> Iterator[Image]:
    """Yield Canonical's images in a region."""
    for entry in _catalogue()["image"]:
        for serial in entry["serials"]:
            for architecture in entry["architectures"]:
                yield _image(region, entry, serial, architecture)


def newest_images(region: str) -> dict[str, Image]:
    """Return Canonical's newest image by the name of each public parameter of Systems Manager that gives its id.

    The names are those of "Find Ubuntu images with the AWS CLI" (documentation.ubuntu.com/aws): a release goes by its
    number and by its codename.
    """
    newest = {}
    for entry in _catalogue()["image"]:
        storage = "ebs-gp3" if entry["storage"].endswith("gp3") else "ebs-gp2"
        for release in (entry["release"], entry["codename"]):
            for architecture in entry["architectures"]:
                kind = f"{release}/stable/current/{architecture}/hvm/{storage}"
                newest[f"/aws/service/canonical/ubuntu/server/{kind}/ami-id"] = _image(
                    region, entry, max(entry["serials"]), architecture
                )
    return newest


def _image(region: str, entry: dict[str, Any], serial: str, architecture: str) -> Image:
    kind = f"ubuntu-{entry['codename']}-{entry['release']}-{architecture}-server-{serial}"
    name = f"ubuntu/images/{entry['storage']}/{kind}"
    return Image(
        id=entry.get("ids", {}).get(region) or "ami-0" + hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:16],
        name=name,
        owner=_catalogue()["owner"],
        architecture=_MACHINES[architecture],
        description=f"Canonical, Ubuntu, {entry['release']}, {architecture} {entry['codename']} image",
        created=datetime.datetime.strptime(serial, "%Y%m%d"),  # moto wants naive UTC
    )


def load_images(backend: Any) -> None:
    """Put the images into a region's EC2, without leaving their snapshots among the account's own."""
    from moto.ec2.models.amis import Ami

    for image in images(backend.region_name):
        ami = Ami(
            backend, image.id, name=image.name, description=image.description, owner_id=image.owner, public=True,
            virtualization_type="hvm", architecture=image.architecture, creation_date=image.created, hypervisor="xen",
            image_location=f"amazon/{image.name}", root_device_type="ebs", root_device_name="/dev/sda1",
            region_name=f"{backend.region_name}a", boot_mode="uefi-preferred",
        )  # fmt: skip
        backend.amis[image.id] = ami
        backend.snapshots.pop(ami.ebs_snapshot.id)


def lead_out(backend: Any, vpc: Any) -> None:
    """Give a default VPC what AWS gives it: an internet gateway and the route to it."""
    gateway = backend.create_internet_gateway()
    backend.attach_internet_gateway(gateway.id, vpc.id)
    table = next(table for table in backend.route_tables.values() if table.vpc_id == vpc.id)
    backend.create_route(table.id, "0.0.0.0/0", gateway_id=gateway.id)
