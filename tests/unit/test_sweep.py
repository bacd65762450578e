"""A sweep goes by rank, runs to its end, and believes in absence only when it has looked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness import sweep as sweeping
from harness.aws.kinds import Kind, Rank
from harness.cloud import OFFLINE
from harness.ledger import Ledger

TAGS = {"acceptance-run": "k3f9qz"}


class Region:
    """Stands in for AWS: the sweep itself needs its name and patience only."""

    region = "us-east-1"

    class cloud:  # noqa: N801
        patience = replace(OFFLINE, poll=0.001, instance=0.05)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}, says AWS"}}, "DeleteThing")


@dataclass
class Shelf:
    """A cloud of one kind of things: there until deleted; ``refusals`` are answered first, one per deletion."""

    there: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, list[Exception]] = field(default_factory=dict)
    stays: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)

    def find(self, _aws: Any, entry: Any) -> tuple[str, ...]:
        return tuple(id for id in self.there if id == entry.find.get("name"))

    def prepare(self, _aws: Any, id: str) -> None:
        self.done.append(f"prepare {id}")

    def delete(self, _aws: Any, id: str) -> None:
        self.done.append(f"delete {id}")
        if self.refusals.get(id):
            raise self.refusals[id].pop(0)
        if id not in self.stays:
            self.there.pop(id, None)

    def is_gone(self, _aws: Any, id: str) -> bool:
        return id not in self.there

    def tagged(self, _aws: Any, tags: Any) -> tuple[str, ...]:
        return tuple(id for id, run in self.there.items() if run == tags["acceptance-run"])

    def kind(self, name: str, rank: Rank) -> Kind:
        return Kind(name, rank, self.find, self.delete, self.is_gone, self.prepare, self.tagged)


@pytest.fixture
def shelf(monkeypatch):
    shelf = Shelf()
    kinds = (shelf.kind("volume", Rank.VOLUME), shelf.kind("group", Rank.SECURITY_GROUP))
    monkeypatch.setattr(sweeping, "KINDS", {kind.name: kind for kind in kinds})
    return shelf


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


def create(shelf: Shelf, ledger: Ledger, kind: str, *ids: str) -> None:
    for id in ids:
        shelf.there[id] = ""
        ledger.found(kind, "us-east-1", id)


def swept(ledger: Ledger, **options: Any) -> list[str]:
    return [str(leftover) for leftover in sweeping.sweep(lambda _: Region, ledger, **options)]


def states(ledger: Ledger) -> dict[str | None, str]:
    return {entry.id: entry.state for entry in ledger.entries()}


def test_ranks_go_in_order_and_all_of_one_are_prepared_before_the_first_is_deleted(shelf, ledger):
    create(shelf, ledger, "group", "g1", "g2")
    create(shelf, ledger, "volume", "v1")
    assert swept(ledger) == []
    assert shelf.done == ["prepare v1", "delete v1", "prepare g2", "prepare g1", "delete g2", "delete g1"]
    assert set(states(ledger).values()) == {"gone"}


def test_what_is_gone_already_is_looked_for_and_left_alone(shelf, ledger):
    ledger.found("volume", "us-east-1", "v1")
    assert swept(ledger) == []
    assert shelf.done == []
    assert states(ledger) == {"v1": "gone"}


def test_intent_is_looked_up_and_removed_and_one_that_came_to_nothing_is_gone(shelf, ledger):
    shelf.there = {"made": "", "foreign": ""}
    for name in ("made", "never"):
        with ledger.creating("volume", "us-east-1", name=name):
            pass
    assert swept(ledger) == []
    assert shelf.there == {"foreign": ""}
    assert {entry.find["name"]: entry.state for entry in ledger.entries()} == {"made": "gone", "never": "gone"}


def test_failure_is_reported_and_the_rest_is_removed_all_the_same(shelf, ledger):
    create(shelf, ledger, "volume", "v1", "v2", "v3")
    shelf.refusals["v2"] = [refusal("UnauthorizedOperation")]
    assert swept(ledger) == [
        "volume v2 in us-east-1: the account does not grant DeleteThing: UnauthorizedOperation, says AWS"
    ]
    assert states(ledger) == {"v1": "gone", "v2": "created", "v3": "gone"}


def test_bug_in_one_kind_does_not_end_the_sweep(shelf, ledger):
    create(shelf, ledger, "volume", "v1", "v2")
    shelf.refusals["v2"] = [KeyError("token")]
    assert swept(ledger) == ["volume v2 in us-east-1: KeyError: 'token'"]
    assert states(ledger)["v1"] == "gone"


def test_what_is_held_is_asked_for_again_until_it_is_let_go(shelf, ledger):
    create(shelf, ledger, "group", "g1")
    shelf.refusals["g1"] = [refusal("DependencyViolation"), refusal("DependencyViolation")]
    assert swept(ledger) == []
    assert shelf.done.count("delete g1") == 3


def test_what_is_held_for_good_is_reported_with_the_reason(shelf, ledger):
    create(shelf, ledger, "group", "g1")
    shelf.refusals["g1"] = [refusal("DependencyViolation") for _ in range(1000)]
    [leftover] = swept(ledger)
    assert "DependencyViolation, says AWS" in leftover
    assert states(ledger) == {"g1": "created"}


def test_deletion_that_was_accepted_and_did_nothing_is_reported(shelf, ledger):
    create(shelf, ledger, "volume", "v1")
    shelf.stays.add("v1")
    assert swept(ledger) == ["volume v1 in us-east-1: still there 0 s after its deletion"]


def test_run_tag_finds_what_the_ledger_does_not_know(shelf, ledger):
    shelf.there = {"stray": "k3f9qz", "foreign": "other"}
    assert swept(ledger, tags=TAGS, regions=("us-east-1",)) == []
    assert shelf.there == {"foreign": "other"}
    assert states(ledger) == {"stray": "gone"}


def test_without_tags_nothing_but_the_ledger_counts(shelf, ledger):
    shelf.there = {"stray": "k3f9qz"}
    assert swept(ledger) == []
    assert shelf.there == {"stray": "k3f9qz"}


def test_unknown_kind_is_a_leftover_and_what_stays_is_kept(shelf, ledger):
    ledger.found("spaceship", "us-east-1", "s1")
    ledger.found("default-vpc", "us-east-1", "vpc-1")
    assert swept(ledger) == ["spaceship s1 in us-east-1: no such kind is known"]
    assert states(ledger) == {"s1": "created", "vpc-1": "kept"}


def test_notice_is_told_each_thing_and_its_state(shelf, ledger):
    create(shelf, ledger, "volume", "v1")
    told: list[str] = []
    swept(ledger, notice=told.append)
    assert told == ["volume v1: gone"]
