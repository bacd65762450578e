"""Spot instance, quota, and how everything ended: the document's doing, looked at and not helped along."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from harness.aws import instances, inventory, trail
from harness.aws.session import Aws
from harness.errors import TimedOut, Unmet
from harness.facts.final import End, HandedIn, Inventory, Leftovers, PrivateEnd, SpotEnd, Volumes
from harness.facts.quota import Quota as QuotaFacts
from harness.facts.spot import Options, Prices
from harness.steps import step
from harness.subjects import observing
from harness.subjects.material.stages import must_not_be_over
from harness.subjects.reference.final import Final as ReferenceFinal
from harness.subjects.reference.quota import Quota as ReferenceQuota
from harness.subjects.reference.spot import Spot as ReferenceSpot

if TYPE_CHECKING:
    from harness.subjects.material.doing import Doing


class Spot(ReferenceSpot):
    """The spot instance that the document has its reader launch, with the options file that it has them write."""

    subject: Doing

    @property
    def options_path(self) -> Path:
        return self.context.workstation.home / self.homework.spot.options_file

    @step
    def options(self) -> Options:
        """Observe what the options file asks for when it is used."""
        return observing.Spot.options(self)

    @step
    def prices(self) -> Prices:
        """Observe the prices."""
        return observing.Spot.prices(self)

    def launched(self) -> str:
        id = self.subject.instances.roles.get("spot")
        if id is None:
            why = self.subject.repaired.get("spot", "the document launches no spot instance")
            raise Unmet("spot.launched", why)
        return id


class Quota(ReferenceQuota):
    """The quota, which the document has its reader ask for or not."""

    @step
    def quota(self) -> QuotaFacts:
        """Observe the quota and the requests for more of it."""
        return observing.Quota.quota(self)


class Final(ReferenceFinal):
    """How things ended by the document's own clean-up, and what it left."""

    subject: Doing

    @step
    def before(self) -> Inventory:
        """Observe what the region held before the document's first step."""
        return inventory.take_inventory(Aws(self.context.cloud, self.context.cloud.owner))

    @step
    def private_terminated(self) -> PrivateEnd:
        """Return how the private instance ended, right after the document terminated it."""
        must_not_be_over(self.subject, "private.terminated", "terminates the private instance")
        bastion, private = self.subject.instances.bastion().id, self.subject.instances.private().id
        return PrivateEnd(self._terminated(private), bastion, instances.find_state(self.aws, bastion))

    @step
    def private_volumes(self) -> Volumes:
        """Return what became of the private instance's volumes."""
        must_not_be_over(self.subject, "private.terminated", "terminates the private instance")
        return super().private_volumes()

    @step
    def spot_terminated(self) -> SpotEnd:
        """Return how the spot instance and its request ended when the document came to its end."""
        instance = self.subject.spot.instance()
        end = self._terminated(instance.id)
        request = instance.spot_request
        return SpotEnd(
            end, request, self._until_request_is_over(request) if request and end.is_terminated else "active"
        )

    def handed_in(self) -> HandedIn:
        """Return nothing: the document's own clean-up is all that there is."""
        return HandedIn({}, ())

    @step
    def leftovers(self) -> Leftovers:
        """Look for what is left when the document has come to its end."""
        must_not_be_over(self.subject, "bastion.launched", "came to an end")
        return super().leftovers()

    def _terminated(self, id: str) -> End:
        """Return how an instance ended; one that is ending is waited for, and none is ended here."""
        if instances.find_state(self.aws, id) == "shutting-down":
            with contextlib.suppress(TimedOut):  # then it is what it is
                instances.until_terminated(self.aws, id)
        instance = instances.find_instance(self.aws, id)
        events = trail.find_events(self.aws, id, "TerminateInstances")
        state, at = (instance.state, instance.ended) if instance else ("terminated", None)
        return End(id, state, at or (events[-1].time if events else None), events)
