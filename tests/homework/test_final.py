"""The hand-in: nothing runs, nothing costs, and it is said."""

import pytest


@pytest.mark.requirement("final.instances-terminated")
def test_every_instance_is_terminated(leftovers):
    """Every instance of the homework is terminated."""
    alive = ", ".join(map(str, leftovers.alive))
    assert not alive, f"{leftovers.region}: {alive}, expected terminated"


@pytest.mark.requirement("final.nothing-billed")
def test_nothing_is_left_that_costs_money(leftovers):
    """Nothing of the homework is left that costs money."""
    left = ", ".join(map(str, leftovers.billed))
    assert not left, f"{leftovers.region}: {left}, expected to be gone"


@pytest.mark.requirement("final.turn-in")
def test_turn_in_message_says_both(turn_in):
    """The turn-in message says that the instances were set up and terminated."""
    denied, source = "; ".join((*turn_in.not_set_up, *turn_in.not_terminated)), turn_in.source or "the submission"
    assert turn_in.source, "the submission has no turn-in message, expected turn-in.md or turn-in.txt"
    assert not denied, f"{source} says “{denied}”, expected that all was set up and terminated"
    assert turn_in.says_set_up, f"{source} does not say that the instances were set up"
    assert turn_in.says_terminated, f"{source} does not say that they are terminated"
