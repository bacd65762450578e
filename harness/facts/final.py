"""Facts of the hand-in: what was ended, in which order, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence


@dataclass(frozen=True)
class Event:
    """An entry of CloudTrail's event history; ``time`` is ISO 8601, UTC."""

    name: str
    time: str
    caller: str
    resources: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} by {self.caller} at {self.time}"


@dataclass(frozen=True)
class End:
    """How an instance ended: ``state`` as EC2 says, or ``terminated`` from CloudTrail where EC2 has forgotten it.

    ``at`` is an ISO 8601 time, UTC, where it is known.
    """

    instance: str
    state: str
    at: str | None = None
    events: tuple[Event, ...] = ()

    @property
    def is_terminated(self) -> bool:
        return self.state == "terminated"

    def __str__(self) -> str:
        return f"{self.instance} {self.state}" + (f" at {self.at}" if self.at else "")

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        seen = Evidence("api", f"ec2 describe-instances {self.instance}", str(self))
        return (seen, *(Evidence("api", f"cloudtrail lookup-events {self.instance}", str(e)) for e in self.events))


@dataclass(frozen=True)
class PrivateEnd:
    """How the private instance ended, and what the bastion did meanwhile.

    ``bastion_then`` is the bastion's state as it was seen once the private instance was terminated, or ``None``
    where nobody looked then; ``bastion`` is its end, where it has ended.
    """

    private: End
    bastion_id: str
    bastion_then: str | None
    bastion: End | None = None

    @property
    def bastion_was_kept(self) -> bool:
        """Say whether the bastion ran on: it was seen to, or it ended later than the private instance.

        CloudTrail tells whole seconds: of two calls within one, the bastion's is taken for the later.
        """
        if self.bastion_then is not None:
            return self.bastion_then == "running"
        if self.bastion is None or not self.bastion.is_terminated:
            return True
        if not self.private.at or self.private.at != self.bastion.at:
            return bool(self.private.at and self.bastion.at and self.private.at < self.bastion.at)
        return bool(self.private.events) and self.bastion_id not in self.private.events[0].resources

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        then = Evidence("api", f"bastion {self.bastion_id} at that time", self.bastion_then or "not looked at")
        return (*self.private.evidence, then, *(self.bastion.evidence if self.bastion else ()))


@dataclass(frozen=True)
class Volume:
    """An EBS volume; ``state`` is ``deleted`` where EC2 knows it no more."""

    id: str
    state: str

    @property
    def is_gone(self) -> bool:
        return self.state == "deleted"


@dataclass(frozen=True)
class Volumes:
    """The volumes that an instance had."""

    instance: str
    all: tuple[Volume, ...]

    @property
    def left(self) -> tuple[Volume, ...]:
        """Return those that still exist."""
        return tuple(volume for volume in self.all if not volume.is_gone)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        seen = ", ".join(f"{volume.id} {volume.state}" for volume in self.all)
        return (Evidence("api", f"ec2 describe-volumes that {self.instance} had", seen or "it had none"),)


@dataclass(frozen=True)
class SpotEnd:
    """How the spot instance ended; ``request_state`` is ``None`` where EC2 knows the request no more."""

    end: End
    request: str | None
    request_state: str | None

    @property
    def request_is_over(self) -> bool:
        """Say whether nothing can come of the request any more."""
        return self.request_state in (None, "closed", "cancelled", "failed")

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        request = Evidence("api", f"ec2 describe-spot-instance-requests {self.request}", str(self.request_state))
        return (*self.end.evidence, request)


@dataclass(frozen=True)
class Thing:
    """Something in the account: ``kind`` in words, AWS's id, its state, and the run whose tag it carries.

    ``created`` is an ISO 8601 time, UTC, where AWS tells it.
    """

    kind: str
    id: str
    state: str = ""
    run: str | None = None
    created: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.id}" + (f" ({self.state})" if self.state else "")


@dataclass(frozen=True)
class Inventory:
    """All instances of a region, and all else in it that costs money."""

    region: str
    instances: tuple[Thing, ...]
    billed: tuple[Thing, ...]


@dataclass(frozen=True)
class HandedIn:
    """What was ended at hand-in: ``states`` are ids with the state last seen, ``troubles`` what hindered it."""

    states: dict[str, str]
    troubles: tuple[str, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(Evidence("api", f"hand-in of {id}", state) for id, state in self.states.items())


@dataclass(frozen=True)
class Leftovers:
    """What of the homework is left after hand-in.

    ``instances`` are all instances of the homework, with their states; ``billed`` are the things of the homework
    that still cost money. ``remarks`` are things, and why each does or does not count as the homework's.
    """

    region: str
    instances: tuple[Thing, ...]
    billed: tuple[Thing, ...]
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def alive(self) -> tuple[Thing, ...]:
        """Return the homework's instances that are not terminated; a stopped one is alive."""
        return tuple(thing for thing in self.instances if thing.state != "terminated")

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        instances = ", ".join(map(str, self.instances)) or "none listed any more"
        return (
            Evidence("api", f"ec2 describe-instances in {self.region}", instances),
            Evidence("api", f"billed things in {self.region}", ", ".join(map(str, self.billed)) or "none"),
            *(Evidence("api", what, why) for what, why in self.remarks),
        )
