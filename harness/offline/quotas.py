"""The vCPU quotas of EC2, per region, and the increases asked for."""

from __future__ import annotations

import datetime
import functools
import re
import threading
import tomllib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Quota:
    """A quota as AWS defines it; values are vCPUs."""

    code: str
    name: str
    default: float
    market: Literal["on-demand", "spot"]
    families: tuple[str, ...]
    applied: float | None = None

    @property
    def value(self) -> float:
        """Return what a new account has."""
        return self.default if self.applied is None else self.applied


@dataclass(frozen=True)
class Increase:
    """An increase that was asked for; it stays pending, as a person at AWS decides about it."""

    quota: Quota
    account: str
    region: str
    desired: float
    requester: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    status: str = "PENDING"


class Quotas:
    """The accounts' quotas, which are the same, and each one's requests."""

    def __init__(self) -> None:
        self._increases: list[Increase] = []
        self._lock = threading.Lock()

    def find(self, code: str) -> Quota | None:
        """Return a quota by its code."""
        return next((quota for quota in known() if quota.code == code), None)

    def of_instance(self, instance_type: str, market: str) -> Quota | None:
        """Return the quota that an instance type draws on, or ``None`` where none is known."""
        family = re.match(r"[a-z]+", instance_type)
        return next((q for q in known() if q.market == market and family and family.group() in q.families), None)

    def pending(self, code: str, account: str, region: str) -> Increase | None:
        """Return the increase of a quota that is still open."""
        asked = (increase for increase in self.increases(account, region) if increase.quota.code == code)
        return next((increase for increase in asked if increase.status in ("PENDING", "CASE_OPENED")), None)

    def request(self, quota: Quota, account: str, region: str, desired: float, requester: str) -> Increase:
        """Write an increase down."""
        increase = Increase(quota, account, region, desired, requester)
        with self._lock:
            self._increases.append(increase)
        return increase

    def forget(self) -> None:
        """Forget every increase that was asked for."""
        with self._lock:
            self._increases.clear()

    def increases(self, account: str, region: str) -> list[Increase]:
        """Return the increases that an account asked for in a region, the newest first."""
        with self._lock:
            return [one for one in reversed(self._increases) if (one.account, one.region) == (account, region)]


@functools.cache
def known() -> tuple[Quota, ...]:
    """Return every quota, as the data file has it."""
    data = tomllib.loads(Path(__file__).with_name("quotas.toml").read_text(encoding="utf-8"))
    return tuple(Quota(**{**entry, "families": tuple(entry["families"])}) for entry in data["quota"])
