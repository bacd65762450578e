"""The ledger knows of a resource before the cloud does, and forgets it only once it is gone."""

from __future__ import annotations

import json
import os

import pytest

from harness.errors import RunEnded
from harness.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "run" / "ledger.jsonl")


def states(ledger):
    return [(entry.kind, entry.id, entry.state) for entry in ledger.entries()]


def test_the_intent_is_on_disk_before_the_call(ledger):
    with ledger.creating("security-group", "us-east-1", name="PublicSG"):
        assert states(Ledger(ledger.path)) == [("security-group", None, "intended")]


def test_the_id_is_on_disk_right_after_the_call(ledger):
    with ledger.creating("security-group", "us-east-1", name="PublicSG") as creation:
        creation.id = "sg-1"

    (entry,) = ledger.entries()
    assert (entry.id, entry.state, entry.find) == ("sg-1", "created", {"name": "PublicSG"})


def test_an_intent_stays_where_the_call_failed(ledger):
    with pytest.raises(ConnectionResetError), ledger.creating("instance", "us-east-1", token="t"):
        raise ConnectionResetError

    assert [entry.state for entry in ledger.open_entries()] == ["intended"]


def test_an_id_counts_even_where_the_caller_fails_afterwards(ledger):
    with pytest.raises(ValueError, match="afterwards"), ledger.creating("instance", "us-east-1") as creation:
        creation.id = "i-1"
        raise ValueError("afterwards")

    assert states(ledger) == [("instance", "i-1", "created")]


def test_teardown_goes_backwards_and_leaves_out_what_is_gone(ledger):
    for name in ("first", "second", "third"):
        ledger.found("volume", "us-east-1", name)
    ledger.mark(ledger.entries()[1], "gone")

    assert [entry.id for entry in ledger.open_entries()] == ["third", "first"]


def test_a_torn_last_line_is_passed_over(ledger):
    ledger.found("volume", "us-east-1", "vol-1")
    with ledger.path.open("a") as file:
        file.write('{"key": "abc", "kin')

    assert states(ledger) == [("volume", "vol-1", "created")]


def test_a_line_written_after_a_torn_one_counts(ledger):
    ledger.found("volume", "us-east-1", "vol-1")
    with ledger.path.open("a") as file:
        file.write('{"key": "abc", "kin')
    ledger.found("volume", "us-east-1", "vol-2")

    assert [entry.id for entry in ledger.entries()] == ["vol-1", "vol-2"]


def test_a_ledger_of_nothing_is_empty(ledger):
    assert ledger.entries() == []


def test_a_closed_ledger_lets_nothing_more_be_created(ledger):
    ledger.close()

    with pytest.raises(RunEnded, match="no instance is created any more"), ledger.creating("instance", "us-east-1"):
        pytest.fail("the caller must not get to create")
    assert ledger.entries() == []


def test_only_its_owner_may_read_it(ledger):
    ledger.found("volume", "us-east-1", "vol-1")

    assert ledger.path.stat().st_mode & 0o077 == 0


def test_every_line_is_one_json_object_with_its_time(ledger):
    with ledger.creating("bucket", "eu-west-1", name="b") as creation:
        creation.id = "b"

    lines = [json.loads(line) for line in ledger.path.read_text().splitlines()]
    assert [line["state"] for line in lines] == ["intended", "created"]
    assert all(line["at"].endswith("+00:00") for line in lines)
    assert os.linesep.join(line["key"] for line in lines).count(lines[0]["key"]) == 2


def test_nothing_is_created_that_cannot_be_written_down_first(ledger):
    ledger.path.parent.write_text("a file where the directory was")

    with pytest.raises(OSError, match="run"), ledger.creating("instance", "us-east-1"):
        pytest.fail("the caller must not get to create")
    assert ledger.entries() == []


def test_what_the_disk_lost_or_does_not_take_any_more_is_still_known(ledger):
    ledger.found("volume", "us-east-1", "vol-1")
    with ledger.creating("instance", "us-east-1") as creation:
        ledger.path.unlink()
        ledger.path.parent.rmdir()
        ledger.path.parent.write_text("a file where the directory was")
        creation.id = "i-1"

    assert states(ledger) == [("volume", "vol-1", "created"), ("instance", "i-1", "created")]
    for entry in ledger.entries():
        ledger.mark(entry, "gone")
    assert ledger.open_entries() == []
