"""Launching: image, type, key pair, groups and subnet must exist and fit together, and a client token works once."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES

from harness.offline.call import current
from harness.offline.seeding import newest_images


class StrictLaunches:
    """Checks a launch as EC2 does before anything is created, and places it in the default VPC as EC2 does."""

    region_name: str
    launches: dict[str, Any]
    """Reservations by client token."""
    site: Any

    def run_instances(
        self, image_id: str, count: int, user_data: Any, security_group_names: list[str], **given: Any
    ) -> Any:
        token = given.get("client_token")
        asked = _asked()
        if asked and token in self.launches:
            return self.launches[token]
        count = _count(asked, count)
        given["instance_type"] = given.get("instance_type") or "m1.small"
        image = self._resolved(image_id)
        self._check_image(image, given)
        self._check_key(given.get("key_name"))
        self._check_groups(given, security_group_names)
        self._place(given)
        self._check_networks(given, security_group_names)
        self._check_capacity(given, count)
        _complete_volumes(given, asked)
        reservation = super().run_instances(image, count, user_data, security_group_names, **given)  # type: ignore[misc]
        for instance in reservation.instances:
            instance.reservation_id = reservation.id
        if asked and token:
            self.launches[token] = reservation
        return reservation

    def _check_capacity(self, given: dict[str, Any], count: int) -> None:  # noqa: ARG002 - overridden
        """Refuse what the zone has no machine for; quotas and spot have their say after it."""
        nics = given.get("nics") or []
        chosen = given.get("subnet_id") or next((nic["SubnetId"] for nic in nics if "SubnetId" in nic), None)
        zone = self.get_subnet(chosen).availability_zone if chosen else ""  # type: ignore[attr-defined]
        if zone and not self.site.weather.has_capacity(given["instance_type"], zone):
            others = ", ".join(sorted(self._zones(given["instance_type"]) - {zone}))
            raise EC2ClientError(
                "InsufficientInstanceCapacity",
                f"We currently do not have sufficient {given['instance_type']} capacity in the Availability Zone you "
                f"requested ({zone}). Our system will be working on provisioning additional capacity. You can "
                f"currently get {given['instance_type']} capacity by not specifying an Availability Zone in your "
                f"request or choosing {others}.",
            )

    def _resolved(self, image_id: str | None) -> str | None:
        """Return the image that a public parameter of Systems Manager names, where the launch gives its name."""
        prefix, _, name = (image_id or "").partition("resolve:ssm:")
        if prefix or not name:
            return image_id
        image = newest_images(self.region_name).get(name)
        if image is None:
            raise EC2ClientError("InvalidParameterValue", f"The parameter '{name}' could not be resolved to an AMI.")
        return image.id

    def _check_image(self, image_id: str | None, given: dict[str, Any]) -> None:
        if given.get("launch_template"):
            return
        if not image_id:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter ImageId")
        image = self.describe_images(ami_ids=[image_id])  # type: ignore[attr-defined]
        if not image or image[0].state != "available":
            raise EC2ClientError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is no longer available")
        kind = INSTANCE_TYPES.get(given["instance_type"])
        if kind is None:
            raise EC2ClientError("InvalidParameterValue", f"Invalid value '{given['instance_type']}' for InstanceType.")
        able = kind.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
        if able and image[0].architecture and image[0].architecture not in able:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"The architecture '{','.join(able)}' of the specified instance type does not match the architecture "
                f"'{image[0].architecture}' of the specified AMI. Specify an instance type and an AMI that have "
                "matching architectures, and try again.",
            )

    def _check_key(self, name: str | None) -> None:
        if name and name not in self.key_pairs:  # type: ignore[attr-defined]
            raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")

    def _check_groups(self, given: dict[str, Any], names: list[str]) -> None:
        if given.get("nics") and (given.get("security_group_ids") or names):
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Network interfaces and an instance-level security groups may not be specified on the same request",
            )
        for id in self._group_ids(given):
            if self.get_security_group_from_id(id) is None:  # type: ignore[attr-defined]
                code = "InvalidGroup.NotFound" if id.startswith("sg-") else "InvalidGroupId.Malformed"
                raise EC2ClientError(code, f"The security group '{id}' does not exist")
        default = self.get_default_vpc()  # type: ignore[attr-defined]
        for name in names:
            if default is None or self.get_security_group_from_name(name, default.id) is None:  # type: ignore[attr-defined]
                where = f"default VPC '{default.id}'" if default else "the default VPC"
                raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{name}' does not exist in {where}")

    def _group_ids(self, given: dict[str, Any]) -> list[str]:
        named = [id for id in given.get("security_group_ids") or [] if isinstance(id, str)]
        return named + [id for nic in given.get("nics") or [] for id in nic.get("Groups") or []]

    def _place(self, given: dict[str, Any]) -> None:
        """Choose a default subnet in a zone that offers the type, where the caller chose none."""
        nics = given.get("nics") or []
        if given.get("subnet_id") or any(nic.get("SubnetId") or nic.get("NetworkInterfaceId") for nic in nics):
            return
        default = self.get_default_vpc()  # type: ignore[attr-defined]
        if default is None:
            raise EC2ClientError(
                "VPCIdNotSpecified",
                "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
            )
        subnets = self.get_default_subnets()  # type: ignore[attr-defined]
        if not subnets:
            raise EC2ClientError(
                "MissingInput", f"No subnets found for the default VPC '{default.id}'. Please specify a subnet."
            )
        offering = self._zones(given["instance_type"])
        wanted = given.get("placement")
        zones = [zone for zone in ([wanted] if wanted else sorted(subnets)) if zone in offering and zone in subnets]
        if not zones:
            raise self._unsupported(given["instance_type"], wanted, sorted(offering))
        given["subnet_id"] = subnets[zones[0]].id

    def _zones(self, instance_type: str) -> set[str]:
        offers = self.describe_instance_type_offerings(  # type: ignore[attr-defined]
            "availability-zone", {"instance-type": [instance_type]}
        )
        return {offer["Location"] for offer in offers}

    def _unsupported(self, instance_type: str, zone: str | None, offering: list[str]) -> EC2ClientError:
        if zone and offering:
            return EC2ClientError(
                "Unsupported",
                f"Your requested instance type ({instance_type}) is not supported in your requested Availability Zone "
                f"({zone}). Please retry your request by not specifying an Availability Zone or choosing "
                f"{', '.join(offering)}.",
            )
        return EC2ClientError(
            "Unsupported",
            "The requested configuration is currently not supported. Please check the documentation for supported "
            "configurations.",
        )

    def _check_networks(self, given: dict[str, Any], names: list[str]) -> None:
        chosen = given.get("subnet_id") or next(
            (n["SubnetId"] for n in given.get("nics") or [] if "SubnetId" in n), None
        )
        if chosen is None:
            return
        subnet = self.get_subnet(chosen)  # type: ignore[attr-defined]
        if subnet.availability_zone not in self._zones(given["instance_type"]):
            raise self._unsupported(
                given["instance_type"], subnet.availability_zone, sorted(self._zones(given["instance_type"]))
            )
        if names and not subnet.default_for_az:
            raise EC2ClientError(
                "InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet"
            )
        for id in self._group_ids(given):
            if self.get_security_group_from_id(id).vpc_id != subnet.vpc_id:  # type: ignore[attr-defined]
                raise EC2ClientError(
                    "InvalidParameter", f"Security group {id} and subnet {subnet.id} belong to different networks."
                )


def _asked() -> dict[str, Any] | None:
    """Return the parameters of the RunInstances call being served, or ``None`` for launches by other means."""
    call = current()
    return call.parameters if call is not None and call.operation == "RunInstances" else None


def _count(asked: dict[str, Any] | None, least: int) -> int:
    """Return how many to launch: as many as were asked for (moto launches the minimum)."""
    most = int((asked or {}).get("MaxCount") or least)
    if most < least or least < 1:
        raise EC2ClientError(
            "InvalidParameterValue", f"Value ({most}) for parameter maxCount is invalid. It may not be below minCount."
        )
    return most


def _complete_volumes(given: dict[str, Any], asked: dict[str, Any] | None) -> None:
    """Add the root volume where only others were described, and delete volumes with the instance unless told not to."""
    mappings = given.get("block_device_mappings")
    if not mappings:
        return
    told = {
        mapping.get("DeviceName"): mapping.get("Ebs", {}) for mapping in (asked or {}).get("BlockDeviceMappings", [])
    }
    for mapping in mappings:
        if "DeleteOnTermination" not in told.get(mapping["DeviceName"], {}):
            mapping["Ebs"]["DeleteOnTermination"] = True
    if "/dev/sda1" not in told:
        root = {"VolumeSize": 8, "DeleteOnTermination": True, "Encrypted": False}
        mappings.insert(0, {"DeviceName": "/dev/sda1", "Ebs": root})
