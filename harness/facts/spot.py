"""Facts of spot: prices, the options file, the request behind an instance."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import Decimal

from harness.errors import Unmet
from harness.evidence import Evidence


@dataclass(frozen=True)
class Price:
    """The spot price of one zone, US dollars an hour as AWS writes it; ``since`` is an ISO 8601 time, UTC."""

    zone: str
    usd: str
    since: str

    def is_fresh(self, observed: str, hours: int) -> bool:
        """Say whether the price was set at most so many hours before it was observed."""
        age = datetime.datetime.fromisoformat(observed) - datetime.datetime.fromisoformat(self.since)
        return age <= datetime.timedelta(hours=hours)


@dataclass(frozen=True)
class Prices:
    """What one hour of an instance type costs in a region: on the spot market, by zone, and on demand."""

    instance_type: str
    region: str
    observed: str
    spot: tuple[Price, ...]
    on_demand: str

    @property
    def lowest(self) -> Decimal:
        """Return the price of the cheapest zone, US dollars an hour; raises ``Unmet`` where no zone has one."""
        return min(self._each)

    @property
    def highest(self) -> Decimal:
        """Return the price of the dearest zone, US dollars an hour; raises ``Unmet`` where no zone has one."""
        return max(self._each)

    @property
    def _each(self) -> list[Decimal]:
        if not self.spot:
            raise Unmet("spot.price", f"{self.instance_type} has no spot price in {self.region}")
        return [Decimal(price.usd) for price in self.spot]

    @property
    def ordinary(self) -> Decimal:
        """Return the on-demand price, US dollars an hour."""
        return Decimal(self.on_demand)

    @property
    def ratio(self) -> Decimal:
        """Return how many times the on-demand price is the cheapest spot price."""
        return self.ordinary / self.lowest

    def fresh(self, hours: int) -> tuple[Price, ...]:
        """Return the zones' prices that are at most so many hours old."""
        return tuple(price for price in self.spot if price.is_fresh(self.observed, hours))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        spot = ", ".join(f"{price.zone} {price.usd} since {price.since}" for price in self.spot)
        ratio = f", {self.ratio:.1f} times the cheapest zone's spot price" if self.spot and self.lowest else ""
        return (
            Evidence("api", f"ec2 describe-spot-price-history {self.instance_type}", spot or "no price"),
            Evidence("api", f"pricing get-products {self.instance_type}", f"{self.on_demand} on demand{ratio}"),
        )


PRICE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
"""How a decimal number is written for EC2; Python's own reading also takes spaces, underscores and ``Infinity``."""
KINDS = ("one-time", "persistent")
BEHAVIOURS = ("terminate", "stop", "hibernate")
"""What ``SpotInstanceType`` and ``InstanceInterruptionBehavior`` may be; a one-time request has no choice of the second
and no end ("SpotMarketOptions", EC2 API reference)."""


@dataclass(frozen=True)
class Options:
    """The options file; ``problem`` says why it is not one that the ``aws`` command takes, or is empty.

    ``request_type`` is what EC2 makes of the file: a file that names none asks for ``one-time``. ``interruption`` is
    what becomes of the instance when EC2 wants it back, ``valid_until`` when the request ends, where the file says so.
    """

    path: str
    problem: str
    market_type: str
    request_type: str
    max_price: str | None
    interruption: str = "terminate"
    valid_until: str | None = None

    @property
    def is_spot(self) -> bool:
        return self.market_type == "spot" and not self.problem

    @property
    def is_one_time(self) -> bool:
        return self.request_type == "one-time"

    @property
    def ceiling(self) -> Decimal | None:
        """Return the highest price to be paid, US dollars an hour, or ``None`` where the file names none."""
        return Decimal(self.max_price) if self.max_price and PRICE.fullmatch(self.max_price) else None

    @property
    def refused(self) -> str:
        """Return what EC2 launches nothing for, or nothing: a price, a kind of request, or what does not go with it."""
        if self.request_type not in KINDS:
            return f"SpotInstanceType {self.request_type}"
        if self.max_price and (self.ceiling is None or self.ceiling <= 0):
            return f"MaxPrice {self.max_price}"
        if self.interruption not in BEHAVIOURS:
            return f"InstanceInterruptionBehavior {self.interruption}"
        if self.is_one_time and self.interruption != "terminate":
            return f"InstanceInterruptionBehavior {self.interruption} of a one-time request"
        return "ValidUntil of a one-time request" if self.is_one_time and self.valid_until else ""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        asks = f"{self.market_type}, {self.request_type}, ceiling {self.max_price}"
        return (Evidence("file", self.path, self.problem or asks),)


@dataclass(frozen=True)
class Request:
    """A spot request: ``state`` is open, active, closed, cancelled or failed; ``type`` one-time or persistent."""

    id: str
    state: str
    type: str
    status: str
    max_price: str
    instance: str | None

    @property
    def is_active(self) -> bool:
        return self.state == "active"

    @property
    def was_taken_back(self) -> bool:
        """Say whether EC2 ended the instance for itself ("Spot request status codes", EC2 user guide)."""
        return self.status.startswith("instance-terminated-") and self.status not in (
            "instance-terminated-by-user", "instance-terminated-by-schedule", "instance-terminated-by-experiment",
        )  # fmt: skip

    @property
    def is_over(self) -> bool:
        """Say whether nothing can come of the request any more."""
        return self.state in ("closed", "cancelled", "failed")

    @property
    def is_one_time(self) -> bool:
        return self.type == "one-time"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        seen = f"{self.type} {self.state} ({self.status}), ceiling {self.max_price}, instance {self.instance}"
        return (Evidence("api", f"ec2 describe-spot-instance-requests {self.id}", seen),)
