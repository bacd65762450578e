"""The hand-in: everything is ended in its order, and what is left is looked for."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable

from harness.aws import instances, inventory, spot, trail, volumes
from harness.aws.errors import classify
from harness.errors import CloudTrouble, TimedOut, Unmet
from harness.facts.final import End, HandedIn, Inventory, Leftovers, PrivateEnd, SpotEnd, Thing, Volume, Volumes
from harness.steps import begin, shared_step, step
from harness.subjects import observing
from harness.waiting import until

COMPUTE = ("network", "bastion", "private", "docker", "httpd", "jupyter", "spot")
SAGEMAKER = ("sagemaker", "kmeans")
PASSING = ("deleting", "Deleting", "shutting-down", "Stopping")


class Final(observing.Final):
    """Ends what the other stages made, once they have seen what they wanted of it.

    :meth:`compute_handed_in` and :meth:`sagemaker_handed_in` are shared by the processes of a run: one does it, and
    the others find it recorded.
    """

    @shared_step
    def before(self) -> Inventory:
        """Observe what the region held before the run made anything, the run's own things left out."""
        found = inventory.take_inventory(self.aws)
        return Inventory(
            found.region,
            tuple(thing for thing in found.instances if not self._is_tagged(thing)),
            tuple(thing for thing in found.billed if not self._is_tagged(thing)),
        )

    @step
    def private_terminated(self) -> PrivateEnd:
        """Terminate the private instance while the bastion runs, and look at both."""
        bastion, private = self.subject.instances.bastion().id, self.subject.instances.private().id
        self._once_seen(self.subject.instances.hop)
        end = self._terminated(private)
        return PrivateEnd(end, bastion, instances.find_state(self.aws, bastion))

    @step
    def private_volumes(self) -> Volumes:
        """Observe what became of the volumes that the private instance had; raises ``Unmet`` while it lives."""
        private, end = self.subject.instances.private(), self.private_terminated().private
        if not end.is_terminated:
            raise Unmet("private.terminated", f"private instance {end} still has its volumes")
        return Volumes(private.id, self._until_passed(private.volumes))

    @step
    def spot_terminated(self) -> SpotEnd:
        """Terminate the spot instance; its one-time request closes with it."""
        self._once_seen(self.subject.spot.request)
        instance = self.subject.spot.instance()
        end = self._terminated(instance.id)
        request = instance.spot_request
        return SpotEnd(end, request, self._until_request_is_over(request) if request else None)

    @step
    def bastion_terminated(self) -> End:
        """Terminate the bastion, the last of the instances."""
        return self._terminated(self.subject.instances.bastion().id)

    @shared_step
    def compute_handed_in(self) -> HandedIn:
        """End everything of the group ``compute``, the bastion last; what fails is recorded, the rest still ends."""
        self._once_seen(*self._looks_at_the_bastion())
        notebook = self._chosen(jupyter=self.subject.jupyter.removed)
        first = (*notebook, self.private_terminated, self.spot_terminated, self.private_volumes)
        begin(*first)
        troubles = _troubles(*first, self.bastion_terminated)
        known = [entry.id for entry in self.context.ledger.entries() if entry.kind == "instance" and entry.id]
        return HandedIn({id: instances.find_state(self.aws, id) for id in known}, troubles)

    @shared_step
    def sagemaker_handed_in(self) -> HandedIn:
        """End everything of the group ``sagemaker``; what fails is recorded."""
        troubles = _troubles(self.subject.sagemaker.cleaned)
        if troubles:
            return HandedIn({}, troubles)
        cleaned = self.subject.sagemaker.cleaned()
        remaining = {str(thing) for thing in cleaned.remaining}
        return HandedIn({str(t): "there" if str(t) in remaining else "gone" for t in cleaned.looked_for}, ())

    @step
    def handed_in(self) -> HandedIn:
        """End everything, both groups at once."""
        self.before()
        ends: dict[Callable[[], HandedIn], tuple[str, ...]] = {self.compute_handed_in: COMPUTE}
        if self.context.judges(*SAGEMAKER):
            ends[self.sagemaker_handed_in] = SAGEMAKER
        if self.context.is_shared_out:
            self._until_others_handed_in([end for end, stages in ends.items() if self.context.judges(*stages)])
        begin(*ends)
        handed_in = [end() for end in ends]
        states = {id: state for one in handed_in for id, state in one.states.items()}
        return HandedIn(states, tuple(trouble for one in handed_in for trouble in one.troubles))

    def _until_others_handed_in(self, ends: list[Callable[[], HandedIn]]) -> None:
        """Wait for the workers that made the things: the step would be done here while they still look at them."""
        patience = self.patience
        for end in ends:
            name = f"final.{end.__name__}"
            until(
                f"another worker has done {name}", functools.partial(self.shared.is_recorded, name),
                timeout=patience.training + patience.endpoint + patience.build, every=patience.poll,
            )  # fmt: skip

    @step
    def leftovers(self) -> Leftovers:
        """Look for whatever of the homework is left in the region.

        Raises :class:`~harness.errors.CloudTrouble` where the hand-in could not be done for the cloud's sake, and
        ``Unmet`` where nothing was ever launched.
        """
        troubles = self.handed_in().troubles
        if troubles:
            raise CloudTrouble(f"the hand-in could not be done: {'; '.join(troubles)}")
        launched = {entry.id for entry in self.context.ledger.entries() if entry.kind == "instance" and entry.id}
        if not launched:
            raise Unmet("bastion.launched", "no instance of the homework was launched, so none could be terminated")
        with contextlib.suppress(TimedOut):  # what is still on its way out then is left, and is reported as it is
            until(
                "what was deleted is gone",
                lambda: [thing for thing in self._left().billed if thing.state in PASSING],
                timeout=self.patience.instance,
                every=self.patience.poll,
                is_done=lambda passing: not passing,
            )
        return self._left()

    def _left(self) -> Leftovers:
        now, before = inventory.take_inventory(self.aws), self.before()
        earlier = {thing.id for thing in (*before.instances, *before.billed)}
        own = {entry.id for entry in self.context.ledger.entries()}

        def is_ours(thing: Thing) -> bool:
            is_stranger = thing.run is not None or thing.id in earlier
            return self._is_tagged(thing) or thing.id in own or not is_stranger

        return Leftovers(self.region, tuple(filter(is_ours, now.instances)), tuple(filter(is_ours, now.billed)))

    def _is_tagged(self, thing: Thing) -> bool:
        return thing.run == self.run_id or self.run_id in thing.id

    def _terminated(self, id: str) -> End:
        instances.terminate(self.aws, id)
        instance = instances.until_terminated(self.aws, id)
        events = trail.find_events(self.aws, id, "TerminateInstances")
        state, at = (instance.state, instance.ended) if instance else ("terminated", None)
        return End(id, state, at or (events[-1].time if events else None), events)

    def _until_passed(self, ids: tuple[str, ...]) -> tuple[Volume, ...]:
        """Return the volumes once none is on its way out any more: EC2 deletes them a moment after the instance."""
        try:
            return until(
                "the volumes are gone",
                lambda: volumes.find_volumes(self.aws, ids),
                timeout=self.patience.instance,
                every=self.patience.poll,
                is_done=lambda found: all(volume.state not in ("deleting", "in-use") for volume in found),
            )
        except TimedOut:
            return volumes.find_volumes(self.aws, ids)

    def _until_request_is_over(self, id: str) -> str | None:
        def state() -> str | None:
            request = spot.find_request(self.aws, id)
            return request.state if request else None

        with contextlib.suppress(TimedOut):  # its requirement says what it is then
            until(
                f"spot request {id} is over", state, timeout=self.patience.instance, every=self.patience.poll,
                is_done=lambda seen: seen in (None, "closed", "cancelled", "failed"),
            )  # fmt: skip
        return state()

    def _looks_at_the_bastion(self) -> list[Callable[[], object]]:
        containers, httpd = self.subject.containers, self.subject.httpd
        looks: dict[str, list[Callable[[], object]]] = {
            "bastion": [self.subject.instances.entrance],
            "docker": [containers.engine, containers.greeting_removed, containers.shell_removed, containers.images],
            "httpd": [httpd.container, httpd.page, httpd.edit],
        }
        return [look for stage, steps in looks.items() if self.context.judges(stage) for look in steps]

    def _chosen(self, **stages: Callable[[], object]) -> list[Callable[[], object]]:
        """Return the steps of the stages that the run judges: a homework that nobody asked for is not done."""
        return [work for stage, work in stages.items() if self.context.judges(stage)]

    def _once_seen(self, *steps: Callable[[], object]) -> None:
        """Let others see first what is about to end; what came of that is for their own requirements to say."""
        for seen in steps:
            with contextlib.suppress(Exception):
                seen()


def _troubles(*steps: Callable[[], object]) -> tuple[str, ...]:
    """Take every step whatever becomes of the others; return what hindered them. Nothing to end is no trouble."""
    troubles = []
    for work in steps:
        try:
            work()
        except Unmet:
            pass
        except Exception as error:  # noqa: BLE001 - the others must be ended all the same
            troubles.append(classify(error) or f"{type(error).__name__}: {error}")
    return tuple(troubles)
