"""Which instances were trials: launched and ended again while, or after, another one served.

What an instance served by is its life: the bastion and the private instance lived together, and the spot instance for
itself. EC2 and CloudTrail tell whole seconds.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.facts.instances import Instance
from harness.subjects.student.history import when

ENDED = ("terminated", "shutting-down")
SHORT = 4
"""An instance that served for less than the so-maniest part of another one's time was a trial beside it."""
PARTNER = {"bastion": "private", "private": "bastion"}

NEVER = datetime.timedelta(0)

Time = datetime.datetime


@dataclass(frozen=True)
class Life:
    """When an instance was launched, and when it ended: ``None`` where nobody knows."""

    launched: Time
    ended: Time | None
    is_over: bool

    def shared(self, other: Life | None) -> datetime.timedelta | None:
        """Return for how long both lived, for how long this one did where there is no other; ``None`` if unknown.

        Of two that never lived at once it is less than nothing: what lies between them.
        """
        if self.ended is None or (other and other.ended is None):
            return None
        ended = min(self.ended, other.ended) if other and other.ended else self.ended
        return ended - max(self.launched, other.launched if other else self.launched)


def lives(instances: Iterable[Instance]) -> dict[str, Life]:
    """Return by id when instances lived; one that lives on does so until the last moment that any of them tells of."""
    found = list(instances)
    times = [when(time) for one in found for time in (one.launched, one.ended) if time]
    return {one.id: _life(one, max(times)) for one in found}


def _life(instance: Instance, last: Time) -> Life:
    is_over = instance.state in ENDED
    known = when(instance.ended) if instance.ended else None
    return Life(when(instance.launched), known if is_over else last, is_over)


def is_trial(
    role: str, id: str, casting: Mapping[str, str], others: Iterable[str], known: Mapping[str, Life], *, is_up: bool
) -> bool:
    """Say whether an instance was a trial beside one of ``others``, which would do in its role.

    ``casting`` are the ids by role. While all is to be up, that is so where the other one runs on and was there before;
    whenever it is, where the other one served for much longer. One that lives on may be a trial in the end only, where
    it came when its partner had ended. A bastion that was there when the private instance ended took the place of an
    earlier one.
    """
    own, partner = known[id], known.get(casting.get(PARTNER.get(role, ""), ""))
    served = own.shared(partner)
    if not own.is_over and (is_up or served is None or served >= NEVER):
        return False
    if role == "bastion" and partner is not None and _outlived(own, partner):
        return False
    for other in (known[other] for other in others):
        if is_up and not other.is_over and other.launched < own.launched:
            return True
        longer = other.shared(partner)
        if served is not None and longer is not None and _is_little(served, longer):
            return True
    return False


def _is_little(served: datetime.timedelta, longer: datetime.timedelta) -> bool:
    """Say whether so much was a trial beside so much; within a second, nobody knows for how long something lived."""
    return longer >= NEVER and (served < NEVER or served * SHORT < longer)


def _outlived(bastion: Life, private: Life) -> bool:
    """Say whether a bastion was there when the private instance ended, and had been there while it lived."""
    if bastion.ended is None or private.ended is None or not private.is_over:
        return False
    return bastion.launched < private.ended <= bastion.ended
