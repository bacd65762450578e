"""The spot market: prices that move, ceilings that count, and requests that live and close with their instances."""

from __future__ import annotations

import datetime
import re
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import spot_requests as moto
from moto.ec2.utils import random_spot_request_id

from harness.offline import prices
from harness.offline.call import current

_TAKEN_BACK = (
    "instance-terminated-no-capacity",
    "Your Spot instance was terminated because there is no available Spot capacity.",
)
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_ENDINGS = {
    "terminated": ("instance-terminated-by-user", "Spot instance terminated due to user-initiated termination."),
    "shutting-down": ("marked-for-termination", "Your Spot instance is marked for termination."),
}


class SpotInstanceRequest(moto.SpotInstanceRequest):
    """A request whose state follows its instance; named as moto's, whose serializer goes by class names."""

    launched: Any = None

    def __init__(self, *given: Any, **named: Any) -> None:
        self.instance: Any = None
        self._cancelled = False
        self._created = self._updated = utcnow()
        super().__init__(*given, **named)
        if self.instance is None:
            self._state, self._status_code = "open", "price-too-low"
            self.status_message = "Your Spot price is lower than the minimum required Spot request fulfillment price."
        else:
            self.instance.lifecycle = "spot"
            self.instance.spot_instance_request_id = self.id
            self.status_message = "Your Spot request is fulfilled."

    def launch_instance(self) -> Any:
        wanted = self.launch_specification
        zone = wanted.availability_zone or f"{self.ec2_backend.region_name}a"
        now = self.ec2_backend.spot_price(wanted.instance_type, zone)
        if self.price and now is not None and float(self.price) < now:
            return None
        return super().launch_instance()

    @property
    def state(self) -> str:
        """Return ``open``, ``active``, ``closed`` or ``cancelled``."""
        if self._cancelled:
            return "cancelled"
        ended = self.instance is not None and self.instance.state == "terminated"
        return "closed" if ended else self._state

    @state.setter
    def state(self, state: str) -> None:
        self._state = state

    @property
    def status(self) -> dict[str, Any]:
        code, message = self._status_code, self.status_message
        if self.instance is not None and self.instance.was_taken_back:
            code, message = _TAKEN_BACK
        elif self.instance is not None and self.instance.state in _ENDINGS:
            code, message = _ENDINGS[self.instance.state]
        elif self._cancelled:
            code = "request-canceled-and-instance-running" if self.instance else "canceled-before-fulfillment"
            message = "Your Spot request is canceled."
        return {"Code": code, "Message": message, "UpdateTime": self._updated}

    @property
    def instance_id(self) -> str | None:  # type: ignore[override]
        return self.instance.id if self.instance is not None else None

    @property
    def create_time(self) -> Any:
        return self._created

    @property
    def launched_availability_zone(self) -> str | None:
        return self.instance.availability_zone if self.instance is not None else None

    def cancel(self) -> None:
        """Cancel the request; its instance runs on."""
        if self.state in ("open", "active"):
            self._cancelled, self._updated = True, utcnow()

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        own = {
            "instance-id": self.instance_id, "status-code": self.status["Code"], "type": self.type,
            "launch.instance-type": self.launch_specification.instance_type,
            "launch.image-id": self.launch_specification.image_id,
        }  # fmt: skip
        return own[filter_name] if filter_name in own else super().get_filter_value(filter_name, method_name)


class LinkedRequest(SpotInstanceRequest):
    """A request that RunInstances made for an instance which it has launched itself."""

    def __init__(self, instance: Any, *given: Any, **named: Any) -> None:
        self._linked = instance
        super().__init__(*given, **named)

    def launch_instance(self) -> Any:
        return self._linked


LinkedRequest.__name__ = "SpotInstanceRequest"


class SpotMarket:
    """Sells spot instances at the market's price and makes the request that belongs to each."""

    region_name: str
    spot_instance_requests: dict[str, Any]

    def spot_price(self, instance_type: str, zone: str) -> float | None:
        """Return the price now in US dollars per hour, or ``None`` where the market does not know the type."""
        offer = prices.spot(self.region_name, zone, instance_type, datetime.datetime.now(datetime.UTC))
        return None if offer is None else offer.price

    def run_instances(self, *given: Any, **named: Any) -> Any:
        options = _options()
        if options is not None:
            _check_options(options)
            named["lifecycle"] = "spot"
        reservation = super().run_instances(*given, **named)  # type: ignore[misc]
        if options is not None:
            for instance in reservation.instances:
                if instance.spot_instance_request_id is None:
                    self._link(instance, options)
        return reservation

    def request_spot_instances(self, *given: Any, **named: Any) -> Any:
        """Request instances in the groups that were named by their ids, too, which moto does not read."""
        call = current()
        wanted = call.parameters.get("LaunchSpecification", {}) if call else {}
        named["security_groups"] = [*wanted.get("SecurityGroupIds", []), *wanted.get("SecurityGroups", [])]
        for group in named["security_groups"]:
            if self.get_security_group_by_name_or_id(group) is None:  # type: ignore[attr-defined]
                raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
        return super().request_spot_instances(*given, **named)  # type: ignore[misc]

    def _check_capacity(self, given: dict[str, Any], count: int) -> None:
        """Refuse a ceiling under the price of the zone where the instance would run."""
        super()._check_capacity(given, count)  # type: ignore[misc]
        options = _options()
        chosen = given.get("subnet_id") or next((n.get("SubnetId") for n in given.get("nics") or []), None)
        if options is None or not options.get("MaxPrice") or not chosen:
            return
        now = self.spot_price(given["instance_type"], self.get_subnet(chosen).availability_zone)  # type: ignore[attr-defined]
        if now is not None and float(options["MaxPrice"]) < now:
            raise EC2ClientError(
                "SpotMaxPriceTooLow",
                f"Your Spot request price of {options['MaxPrice']} is lower than the minimum required Spot request "
                f"fulfillment price of {now}.",
            )

    def _link(self, instance: Any, options: dict[str, Any]) -> None:
        ceiling = options.get("MaxPrice") or prices.on_demand(self.region_name).get(instance.instance_type, "")
        request = LinkedRequest(
            instance, self, random_spot_request_id(), str(ceiling), instance.image_id,
            options.get("SpotInstanceType", "one-time"), None, options.get("ValidUntil"), None, None, instance.key_name,
            [group.id for group in instance.security_groups], instance.user_data, instance.instance_type,
            instance.availability_zone, None, None, False, instance.subnet_id, _tags(), None,
            options.get("InstanceInterruptionBehavior"),
        )  # fmt: skip
        self.spot_instance_requests[request.id] = request

    def describe_spot_instance_requests(self, filters: Any = None, spot_instance_ids: list[str] | None = None) -> Any:
        for id in spot_instance_ids or []:
            if id not in self.spot_instance_requests:
                raise EC2ClientError(
                    "InvalidSpotInstanceRequestID.NotFound", f"The spot instance request ID '{id}' does not exist"
                )
        return super().describe_spot_instance_requests(filters, spot_instance_ids)  # type: ignore[misc]

    def cancel_spot_instance_requests(self, request_ids: list[str]) -> list[Any]:
        requests = self.describe_spot_instance_requests(spot_instance_ids=request_ids)
        for request in requests:
            request.cancel()
        return list(requests)


def _options() -> dict[str, Any] | None:
    """Return the spot options of the launch being served, or ``None`` for a launch that is not spot."""
    call = current()
    market = call.parameters.get("InstanceMarketOptions") if call and call.operation == "RunInstances" else None
    if not market:
        return None
    if market.get("MarketType", "spot") != "spot":
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{market['MarketType']}' for MarketType.")
    return dict(market.get("SpotOptions") or {})


def _check_options(options: dict[str, Any]) -> None:
    kind = options.get("SpotInstanceType", "one-time")
    if kind not in ("one-time", "persistent"):
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{kind}' for SpotInstanceType.")
    behaviour = options.get("InstanceInterruptionBehavior", "terminate")
    if behaviour not in ("terminate", "stop", "hibernate"):
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{behaviour}' for InstanceInterruptionBehavior.")
    if options.get("ValidUntil") and kind == "one-time":
        raise EC2ClientError("InvalidParameterCombination", "ValidUntil is not supported for one-time Spot requests.")
    if behaviour != "terminate" and kind == "one-time":
        raise EC2ClientError(
            "InvalidParameterCombination", "One-time Spot requests support only the interruption behavior terminate."
        )
    ceiling = options.get("MaxPrice") or "1"
    if not _DECIMAL.fullmatch(ceiling) or float(ceiling) <= 0:
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{options['MaxPrice']}' for MaxPrice.")


def _tags() -> dict[str, dict[str, str]]:
    """Return the tags that the launch asked for on its spot request."""
    call = current()
    given = call.parameters.get("TagSpecifications", []) if call else []
    tags = [
        tag for spec in given if spec.get("ResourceType") == "spot-instances-request" for tag in spec.get("Tags", [])
    ]
    return {"spot-instances-request": {tag["Key"]: tag["Value"] for tag in tags}}
