"""The student's hand-in: how things ended, by EC2's word and CloudTrail's, and what of the homework is left."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, cast

from harness.aws import inventory, spot, volumes
from harness.errors import Gone, TimedOut, Unmet
from harness.facts.final import Inventory, Leftovers, PrivateEnd, SpotEnd, Volumes
from harness.facts.instances import Instance
from harness.steps import step
from harness.subjects import observing
from harness.subjects.student import belongings, history
from harness.subjects.student.choosing import ROLES
from harness.subjects.student.instances import REQUIREMENTS
from harness.subjects.student.trials import ENDED
from harness.waiting import until

if TYPE_CHECKING:
    from harness.subjects.student import Student


PASSING = ("deleting", "Deleting", "shutting-down", "Stopping")


class Final(observing.Final):
    """Looks at what is over and at what is left; ends nothing."""

    subject: Student

    @step
    def private_terminated(self) -> PrivateEnd:
        """Observe how the private instance ended, and how the bastion did, which was to be the later one."""
        private, bastion = self._known("private"), self._known("bastion")
        end, last = history.find_end(self.aws, private), history.find_end(self.aws, bastion)
        if end.is_terminated and end.at is None and last.is_terminated:
            raise Gone(f"private instance {private} ended at a time that AWS does not tell, as after its own shutdown")
        was_stopped = end.is_terminated and end.at and history.was_stopped(self.aws, bastion.id, end.at)
        return PrivateEnd(end, bastion.id, "stopped" if was_stopped else None, last)

    @step
    def private_volumes(self) -> Volumes:
        """Observe what became of the volumes that the private instance had; raises ``Unmet`` while it lives."""
        private = self._known("private")
        if private.state not in ENDED:
            raise Unmet(
                "private.terminated", f"private instance {private} is {private.state} and still has its volumes"
            )
        ids = belongings.volumes_of(self.aws, private, self._others(private))
        return Volumes(private.id, volumes.find_volumes(self.aws, ids))

    def _others(self, private: Instance) -> tuple[Instance, ...]:
        found = (self.subject.instances.chosen(role) for role in ROLES)
        return tuple(other for other in found if other is not None and other.id != private.id)

    @step
    def spot_terminated(self) -> SpotEnd:
        """Observe how the spot instance and its request ended."""
        instance = self._known("spot")
        request = instance.spot_request
        found = spot.find_request(self.aws, request) if request else spot.find_request_of(self.aws, instance.id)
        return SpotEnd(history.find_end(self.aws, instance), request, found.state if found else None)

    @step
    def begun(self) -> datetime.datetime | None:
        """Return when the homework began in this account, by the oldest thing of it that is known, or ``None``."""
        return belongings.beginning(self.aws, self.homework, self._cast())

    def _cast(self) -> tuple[Instance, ...]:
        found = (self.subject.instances.chosen(role) for role in ROLES)
        return tuple(instance for instance in found if instance is not None)

    @step
    def leftovers(self) -> Leftovers:
        """Look for whatever of the homework is left; raises ``Unmet`` where nothing was ever launched."""
        if not self._cast():
            raise Unmet("bastion.launched", f"nothing of the homework was ever launched in {self.region}")
        judge = belongings.Belongings(
            self.aws, self.homework, begun=self.begun(), cast=self._cast(),
            student=self._student(), buckets=self.subject.sagemaker.buckets(),
        )  # fmt: skip
        now = self.settled()
        instances = [thing for thing in now.instances if judge.counts(thing)]
        billed = [thing for thing in now.billed if judge.counts(thing)]
        return Leftovers(self.region, tuple(instances), tuple(billed), tuple(judge.remarks))

    @step
    def settled(self) -> Inventory:
        """Return what there is once nothing is on its way out any more, or as it is when that takes too long."""
        try:
            return until(
                "what was deleted is gone", lambda: inventory.take_inventory(self.aws), timeout=self.patience.instance,
                every=self.patience.poll,
                is_done=lambda found: not any(t.state in PASSING for t in (*found.instances, *found.billed)),
            )  # fmt: skip
        except TimedOut as late:
            return cast("Inventory", late.last)

    def _student(self) -> str | None:
        try:
            return self.subject.account.user().name
        except Unmet:
            return None

    def _known(self, role: str) -> Instance:
        """Return the instance that plays a role, ended or not; raises ``Unmet`` where there never was one."""
        instance = self.subject.instances.chosen(role)
        if instance is None:
            raise Unmet(REQUIREMENTS[role], f"no instance in {self.region} is the {role} one, now or in its history")
        return instance
