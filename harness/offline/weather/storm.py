"""Stormy weather: what happens on AWS on its worst days, all of it on one."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

from harness.offline.call import AwsError, Call, Reply
from harness.offline.layers import Layer, Next
from harness.offline.weather.typical import Weather

# Codes and status per service: "Common errors" of the API references; "Request throttling for the Amazon EC2 API".
_THROTTLED = {
    "ec2": ("RequestLimitExceeded", 503), "s3": ("SlowDown", 503), "iam": ("Throttling", 400),
    "sts": ("Throttling", 400), "cloudwatch": ("Throttling", 400), "service-quotas": ("TooManyRequestsException", 429),
    "resourcegroupstaggingapi": ("ThrottledException", 400),
}  # fmt: skip
_FAILED = {"ec2": "InternalError", "s3": "InternalError", "iam": "ServiceFailure", "sts": "ServiceFailure"}
_SECONDS_OF_GRACE = 15.0
"""Seconds of AWS's clock in which credentials that will expire are sure to be taken."""
LONGEST_LOAN = _SECONDS_OF_GRACE + 1200.0
"""Seconds of AWS's clock after which they have expired at the latest."""


@dataclass(frozen=True)
class Moods:
    """How often what goes wrong, of one."""

    trouble: float = 0.03
    """A call is throttled, fails, or loses its connection; the next one goes through."""
    outage: float = 0.003
    """An operation stays so for a few calls, more than a client's retries."""
    no_capacity: float = 0.35
    """A zone has no machine of a type to give, that day."""
    interruption: float = 0.3
    endpoint_failure: float = 0.3
    expiry: float = 0.2


MOODS = Moods()


class Stormy(Weather):
    """Typical durations, and troubles."""

    name = "stormy"

    def __init__(self, seed: int, scale: float, moods: Moods = MOODS) -> None:
        super().__init__(seed, scale)
        self.moods = moods

    def front(self) -> tuple[Layer, ...]:
        return (Troubles(self),)

    def has_capacity(self, instance_type: str, zone: str) -> bool:
        return self.chance("capacity", instance_type, zone).random() >= self.moods.no_capacity

    def interruption(self) -> float | None:
        chance = self.chance("interruption", self.count("interruption"))
        return chance.uniform(20, 300) * self.scale if chance.random() < self.moods.interruption else None

    def endpoint_trouble(self) -> str | None:
        is_first = self.count("endpoint") == 0
        if is_first and self.chance("endpoint").random() < self.moods.endpoint_failure:
            return self.chance("endpoint reason").choice(
                (
                    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different "
                    "ML instance type or after some time.",
                    "InternalServerError: We encountered an internal error. Please try again.",
                )
            )
        return None

    def credentials_last(self) -> float | None:
        chance = self.chance("credentials")
        if chance.random() >= self.moods.expiry:
            return None
        return chance.uniform(_SECONDS_OF_GRACE, LONGEST_LOAN) * self.scale


class Troubles:
    """Throttles, fails and cuts off calls, each n-th of an operation as the day's seed has it."""

    def __init__(self, day: Stormy) -> None:
        self.day = day
        self._outages: dict[str, int] = {}

    def __call__(self, call: Call, forward: Next) -> Reply:
        operation = f"{call.service}/{call.operation}"
        if not call.operation or not self.day.has_begun:
            return forward(call)
        chance = self.day.chance("call", operation, self.day.count(operation))
        kind, drawn = chance.choice(("throttled", "failed", "failed late", "cut", "cut late")), chance.random()
        if drawn < self.day.moods.outage:
            self._outages[operation] = chance.randint(6, 12)
        if self._outages.get(operation, 0) > 0:
            self._outages[operation] -= 1
            return self._refuse(call, forward, chance.choice(("throttled", "failed")))
        return self._refuse(call, forward, kind) if drawn < self.day.moods.trouble else forward(call)

    def _refuse(self, call: Call, forward: Next, kind: str) -> Reply:
        if kind == "throttled":
            code, status = _THROTTLED.get(call.service, ("ThrottlingException", 400))
            raise AwsError(code, "Rate exceeded", status)
        done = forward(call) if kind.endswith("late") else None  # it was done, and the caller never hears of it
        if kind.startswith("cut"):
            _cut(call)
            return done or Reply(500, [], b"")
        code = _FAILED.get(call.service, "InternalFailure")
        raise AwsError(code, "An internal error has occurred", 500)


def _cut(call: Call) -> None:
    """Close the connection under the call; what is written to it from now on is lost."""
    connection = call.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
