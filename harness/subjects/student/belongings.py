"""What in an account is the homework's, and what was there before or is somebody else's."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from harness.aws import iam, instances, trail, volumes
from harness.aws.session import Aws
from harness.catalogue import Homework
from harness.facts.final import Thing
from harness.facts.instances import Instance
from harness.subjects.student import history

CLOSE = datetime.timedelta(minutes=2)
"""A root volume comes to be within moments of its instance."""
MAKERS = {
    "instance": "RunInstances", "volume": "CreateVolume", "snapshot": "CreateSnapshot", "image": "CreateImage",
    "address": "AllocateAddress", "notebook instance": "CreateNotebookInstance", "endpoint": "CreateEndpoint",
    "bucket": "CreateBucket",
}  # fmt: skip
"""The calls by which things come to be."""


def volumes_of(aws: Aws, instance: Instance, others: Collection[Instance]) -> tuple[str, ...]:
    """Return the volumes that an instance had: those it lists, those attached later, and unattached ones of its age.

    EC2 lists no volume of a terminated instance; one that stayed behind was created with it, in its zone. Where another
    instance was launched nearer to that moment, it was that one's.
    """
    listed = instance.volumes
    attached = history.find_attached(aws, instance.id)
    of_its_age = (id for id, created in volumes.find_unattached(aws) if _is_nearest(created, instance, others))
    return tuple(dict.fromkeys((*listed, *attached, *of_its_age)))


def _is_nearest(created: datetime.datetime, instance: Instance, others: Collection[Instance]) -> bool:
    def distance(one: Instance) -> datetime.timedelta:
        return abs(created - history.when(one.launched))

    return distance(instance) <= CLOSE and all(distance(instance) <= distance(other) for other in others)


def beginning(aws: Aws, homework: Homework, cast: Collection[Instance]) -> datetime.datetime | None:
    """Return the time of the homework's first trace: a group of its name, or the launch of one of its instances."""
    names = {homework.network.public_group, homework.network.private_group}
    groups = trail.find_records(aws, "CreateSecurityGroup")
    times = [record.event.time for record in groups if names.intersection(record.values("groupName"))]
    times += [instance.launched for instance in cast]
    return min(map(history.when, times), default=None)


class Belongings:
    """Says of each thing whether it counts as the homework's; ``remarks`` keep what was said, and why.

    ``cast`` are the instances of the homework, ``student`` is the IAM user's name, ``buckets`` are those that the
    example used. What is plainly not of the homework does not count: what was created before ``begun``, and what
    another IAM user made who used nothing of the homework.
    """

    def __init__(
        self, aws: Aws, homework: Homework, *, begun: datetime.datetime | None, cast: Collection[Instance],
        student: str | None, buckets: Collection[str],
    ) -> None:  # fmt: skip
        self.aws = aws
        self.begun = begun
        self.groups = {homework.network.public_group, homework.network.private_group}
        self.keys = {instance.key_name for instance in cast} - {None}
        self.cast = {instance.id for instance in cast}
        self.student = student
        self.buckets = buckets
        self.remarks: list[tuple[str, str]] = []

    def counts(self, thing: Thing) -> bool:
        """Say whether a thing is the homework's."""
        is_ours, why = self._judge(thing)
        self.remarks.append((str(thing), ("counts: " if is_ours else "does not count: ") + why))
        return is_ours

    def _judge(self, thing: Thing) -> tuple[bool, str]:
        if thing.run is not None:
            return False, f"run {thing.run} of this suite made it"
        if thing.id in self.cast:
            return True, "it was found to be one of the homework's instances"
        if thing.kind == "instance" and (shared := self._shared(thing.id)):
            return True, f"it has {shared} of the homework"
        begun, created = self.begun, history.when(thing.created) if thing.created else None
        if begun is not None and created is not None and created < begun:
            return False, f"created at {created:%F %T}, the homework began at {begun:%F %T}"
        if thing.kind == "bucket" and thing.id in self.buckets:
            return True, "the k-means example used it"
        return self._by_maker(thing)

    def _by_maker(self, thing: Thing) -> tuple[bool, str]:
        events = trail.find_events(self.aws, thing.id, MAKERS[thing.kind])
        if not events:
            return True, "it came to be after the homework began"
        maker, time = events[0].caller, events[0].time
        if self.student is not None and maker != self.student and maker in self._users():
            return False, f"{maker} made it at {time}, who is another user than {self.student}"
        return True, f"{maker} made it at {time}, after the homework began"

    def _users(self) -> set[str]:
        """Return the IAM users of the account: other callers are roles and services, which work for the student."""
        return set(iam.find_names(self.aws))

    def _shared(self, id: str) -> str:
        """Return what an instance has in common with the homework's, or nothing."""
        instance = instances.find_instance(self.aws, id)
        if instance is None:
            return ""
        shared = [f"group {name}" for name in instance.group_names if name in self.groups]
        shared += [f"key {instance.key_name}"] if instance.key_name in self.keys else []
        return " and ".join(shared)
