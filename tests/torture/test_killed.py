"""A run that is killed is swept to nothing, and nothing else is touched: a sample of ``python -m bench.torture``."""

from __future__ import annotations

import pytest

from bench.torture import inventory
from bench.torture.executioner import Point
from bench.torture.laboratory import Laboratory, Outcome, laboratory

STAGES = ("network", "bastion")


@pytest.fixture(scope="module")
def lab():
    with laboratory() as lab:
        yield lab


def struck(lab: Laboratory, point: Point) -> Outcome:
    outcome = lab.strike(point, STAGES)
    assert outcome.was_struck, f"the run ended without {point}"
    return outcome


@pytest.mark.parametrize(
    "point",
    [
        Point("ec2:CreateSecurityGroup", 1, "unanswered"),
        Point("ec2:RunInstances", 1, "unanswered"),
        Point("ec2:RunInstances", 1, "answered"),
        Point("ec2:TerminateInstances", 1, "unheard"),
    ],
    ids=str,
)
def test_killed_run_is_swept_to_nothing(lab, point):
    outcome = struck(lab, point)
    assert (outcome.leaked, outcome.touched, outcome.sweep_code) == ([], [], 0), outcome.sweep_output


def test_leak_and_a_bystander_touched_are_seen(lab):
    """The laboratory itself can tell: what is there and was not, and what was there and is not."""
    before = lab.look()
    ec2 = lab._client("ec2")
    ec2.delete_key_pair(KeyName="acceptance")
    ec2.create_key_pair(KeyName="left behind")
    leaked, touched = inventory.differences(before, lab.look())
    assert (leaked, touched) == (["key pair left behind"], ["key pair acceptance"])
