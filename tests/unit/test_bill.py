"""The bill: estimated by usual hours, and in the end by how long things existed."""

from __future__ import annotations

import datetime

import pytest

from harness.ledger import Ledger
from harness.preflight.bill import Bill, Line, Price
from harness.preflight.needs import Use

LINES = (
    Line(Use("bastion", "t2.large", 1, 0.5, "bastion"), Price(0.1, "price list")),
    Line(Use("training job", "ml.c4.xlarge", 2, 0.1, "kmeans", "Training"), Price(0.3, "price list")),
    Line(Use("endpoint", "ml.m4.xlarge", 1, 0.25, "kmeans", "Hosting"), Price(0.2, "price list")),
)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


def test_items_and_stages_add_up():
    bill = Bill(LINES)
    assert [item.usd for item in bill.items] == [0.05, 0.06, 0.05]
    assert bill.items[1].quantity == "2 × 0.1 h of ml.c4.xlarge"
    assert bill.by_stage == pytest.approx({"bastion": 0.05, "kmeans": 0.11})
    assert bill.total == pytest.approx(0.16)


def test_spent_counts_the_hours_from_intent_to_absence_and_leaves_out_what_never_was(ledger):
    with ledger.creating("instance", "us-east-1", token="abc123-bastion") as creation:
        creation.id = "i-1"
    with ledger.creating("endpoint", "us-east-1", name="kmeans-abc123"):
        pass  # it never came to be
    lives = ledger.lives()
    assert [(life.entry.id, life.ended) for life in lives] == [("i-1", None), (None, None)]
    spent = Bill(LINES).spent(lives, lives[0].begun + datetime.timedelta(hours=2))
    assert [(item.what, item.usd) for item in spent.items] == [("bastion", 0.2)]


def test_life_ends_when_the_thing_was_seen_gone(ledger):
    entry = ledger.found("instance", "us-east-1", "i-1", token="abc123-private")
    ledger.mark(entry, "gone")
    (life,) = ledger.lives()
    assert life.ended is not None
    assert life.begun <= life.ended
