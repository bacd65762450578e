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
