"""Facts of EC2 instances: what runs, from which image, behind which groups."""

from __future__ import annotations

import datetime
import fnmatch
import re
from dataclasses import dataclass

from harness import catalogue
from harness.evidence import Evidence

RELEASE = re.compile(r"-(\d\d\.\d\d)-")


@dataclass(frozen=True)
class Image:
    """A machine image; ``name`` and ``owner`` are empty where it is no longer registered."""

    id: str
    owner: str
    name: str
    architecture: str

    @property
    def release(self) -> str:
        """Return the Ubuntu release in the image's name, such as ``24.04``, or nothing."""
        match = RELEASE.search(self.name)
        return match[1] if match else ""

    def objection(self, wanted: catalogue.Image, on: datetime.date) -> str:
        """Return why this is not an image of the wanted family that was in standard support on a day, or nothing."""
        if not self.name:
            return f"image {self.id} is no longer registered, so what it is cannot be told"
        if self.owner != wanted.owner or not fnmatch.fnmatchcase(self.name, wanted.name):
            return f"image {self.id} is {self.name} of owner {self.owner}, not an Ubuntu server image of Canonical's"
        if self.architecture != wanted.architecture:
            return f"image {self.id} is for {self.architecture}, expected {wanted.architecture}"
        end = wanted.supported_until.get(self.release)
        if end is None or end < on:
            return f"Ubuntu {self.release or '(no release)'} of image {self.id} is out of standard support"
        return ""

    def __str__(self) -> str:
        return f"{self.id} ({self.name or 'no longer registered'})"


@dataclass(frozen=True)
class GroupRef:
    """A security group as an instance names it; ``interface`` is the number of the network interface, 0 the first."""

    id: str
    name: str
    interface: int = 0


@dataclass(frozen=True)
class Instance:
    """An EC2 instance.

    ``groups`` are those of all its network interfaces. ``lifecycle`` is ``spot`` or ``on-demand``. Addresses and
    names are ``None`` where there is none. ``launched`` and ``ended`` are ISO 8601 times, UTC. ``volumes`` are the
    ids of the EBS volumes that were attached when it was looked at. ``why`` says why this one of several was taken.
    """

    id: str
    type: str
    state: str
    image: Image
    key_name: str | None
    vpc: str | None
    subnet: str | None
    groups: tuple[GroupRef, ...]
    private_ip: str | None
    private_dns: str | None
    public_ip: str | None
    public_dns: str | None
    lifecycle: str
    spot_request: str | None
    volumes: tuple[str, ...]
    launched: str
    region: str
    ended: str | None = None
    why: str = ""

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    @property
    def remedy(self) -> str:
        """Return what makes it run, in words for the student."""
        return "aws ec2 start-instances starts it." if self.state in ("stopping", "stopped") else "Launch it again."

    @property
    def is_spot(self) -> bool:
        return self.lifecycle == "spot"

    @property
    def group_ids(self) -> tuple[str, ...]:
        """Return the ids of its groups."""
        return tuple(dict.fromkeys(group.id for group in self.groups))

    @property
    def group_names(self) -> tuple[str, ...]:
        """Return the names of its groups."""
        return tuple(dict.fromkeys(group.name for group in self.groups))

    @property
    def groups_line(self) -> str:
        """Return its groups for a message, and which of them another network interface than the first has."""
        where = (f" (of network interface {group.interface})" if group.interface else "" for group in self.groups)
        return ", ".join(group.name + at for group, at in zip(self.groups, where, strict=True)) or "no group"

    @property
    def key_line(self) -> str:
        """Return the name of its key pair for a message."""
        return f"key {self.key_name}" if self.key_name else "no key"

    @property
    def launch_day(self) -> datetime.date:
        """Return the day of its launch, UTC."""
        return datetime.datetime.fromisoformat(self.launched).date()

    def is_in(self, group: str) -> bool:
        """Say whether it is in a security group, given by id, with the interface that has its address: the first."""
        return any(own.id == group and not own.interface for own in self.groups)

    def is_only_in(self, group: str) -> bool:
        """Say whether it is in that security group (an id) and in no other."""
        return set(self.group_ids) == {group}

    def __str__(self) -> str:
        return self.id

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        what = f"{self.type} {self.state} {self.lifecycle}, {self.key_line}, in {self.vpc}"
        addresses = f"public {self.public_ip} {self.public_dns}, private {self.private_ip} {self.private_dns}"
        groups = ", ".join(f"{group.name} ({group.id})" for group in self.groups)
        return (
            Evidence("api", f"ec2 describe-instances {self.id}", what),
            Evidence("api", f"addresses of {self.id}", addresses),
            Evidence("api", f"security groups of {self.id}", groups or "none"),
            Evidence("api", f"ec2 describe-images {self.image.id}", f"{self.image.name} of owner {self.image.owner}"),
            *([Evidence("api", f"why {self.id} is taken", self.why)] if self.why else []),
        )
