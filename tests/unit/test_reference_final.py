"""The hand-in runs to its end, and what is left is told from what was there before and what is others'."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from harness.cloud import OFFLINE, Cloud
from harness.errors import CloudTrouble, Unmet
from harness.facts.final import HandedIn, Inventory, Thing
from harness.ledger import Ledger
from harness.steps import Shared
from harness.subjects.reference import Reference
from harness.subjects.reference import final as stage
from harness.subjects.reference.final import Final

RUN = "k3f9qz"


def inventory(*things: Thing) -> Inventory:
    instances = tuple(thing for thing in things if thing.kind == "instance")
    return Inventory("us-east-1", instances, tuple(thing for thing in things if thing.kind != "instance"))


@pytest.fixture
def final(tmp_path, monkeypatch):
    """Return the stage in an account that holds ``final.there``, after a hand-in without trouble."""
    cloud = Cloud("moto", "embedded", "1", "us-east-1", OFFLINE)
    context = SimpleNamespace(
        run_id=RUN, cloud=cloud, shared=Shared(tmp_path / "shared"), ledger=Ledger(tmp_path / "ledger.jsonl")
    )
    subject = SimpleNamespace(context=context, account=SimpleNamespace(identity=SimpleNamespace(aws=lambda: None)))
    final = Final(subject)
    final.there = []
    monkeypatch.setattr(stage.inventory, "take_inventory", lambda _: inventory(*final.there))
    monkeypatch.setattr(Final, "handed_in", lambda _: HandedIn({}, ()))
    context.ledger.found("instance", "us-east-1", "i-own", run=RUN)
    return final


@pytest.mark.parametrize(
    ("thing", "is_left"),
    [
        pytest.param(Thing("volume", "vol-1", "in-use", RUN), True, id="with the run's tag"),
        pytest.param(Thing("snapshot", "snap-1"), True, id="new, without a tag"),
        pytest.param(Thing("bucket", f"sagemaker-us-east-1-1-{RUN}"), True, id="with the run's id in its name"),
        pytest.param(Thing("endpoint", "e", "InService", "other1"), False, id="another run's"),
        pytest.param(Thing("volume", "vol-old"), False, id="there before"),
    ],
)
def test_billed_things_are_left_or_others(final, thing, is_left):
    final.there = [Thing("volume", "vol-old")]
    final.before()
    final.there = [Thing("volume", "vol-old"), thing]
    assert final.leftovers().billed == ((thing,) if is_left else ())


def test_what_was_there_before_is_recorded_without_the_runs_own(final):
    final.there = [Thing("instance", "i-own", "running", RUN), Thing("instance", "i-old", "running")]
    assert [thing.id for thing in final.before().instances] == ["i-old"]


def test_instances_are_the_runs_whatever_their_state(final):
    final.before()
    final.there = [Thing("instance", "i-own", "stopped"), Thing("instance", "i-other", "running", "other1")]
    assert [thing.id for thing in final.leftovers().alive] == ["i-own"]


def test_trouble_at_hand_in_is_the_clouds_and_nothing_launched_is_missing(final, monkeypatch):
    monkeypatch.setattr(Final, "handed_in", lambda _: HandedIn({}, ("AWS throttled TerminateInstances",)))
    with pytest.raises(CloudTrouble, match="throttled"):
        final.leftovers()


def test_nothing_was_launched(final, tmp_path, monkeypatch):
    monkeypatch.setattr(final.context, "ledger", Ledger(tmp_path / "empty.jsonl"))
    with pytest.raises(Unmet, match="no instance of the homework was launched"):
        final.leftovers()


def test_hand_in_goes_on_after_what_fails_and_says_what_did():
    done: list[str] = []

    def throttled() -> None:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "slowly"}}, "TerminateInstances")

    def absent() -> None:
        raise Unmet("private.launched", "it was never launched")

    def broken() -> None:
        raise KeyError("x")

    troubles = stage._troubles(throttled, absent, broken, lambda: done.append("last"))
    assert troubles == ("AWS throttled TerminateInstances (Throttling): slowly", "KeyError: 'x'")
    assert done == ["last"]


def test_what_is_judged_as_ended_is_ended_side_by_side_and_once():
    steps = SimpleNamespace(
        removed="jupyter", cleaned="sagemaker", private_volumes="volumes", private_terminated="private",
        spot_terminated="spot", leftovers="all",
    )  # fmt: skip
    subject = SimpleNamespace(jupyter=steps, sagemaker=steps, final=steps)

    assert Reference.ends(subject, {"bastion.ssh"}) == []
    assert Reference.ends(subject, {"spot.terminated", "bastion.ssh"}) == ["spot"]
    assert Reference.ends(subject, {"final.instances-terminated", "final.nothing-billed"}) == ["all"]
