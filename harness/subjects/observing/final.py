"""The hand-in: how things ended, and what is left."""

from __future__ import annotations

from harness.facts.final import Leftovers, PrivateEnd, SpotEnd, Volumes
from harness.subjects.stage import Stage


class Final(Stage):
    """What is judged after the clean-up; whoever cleans up also says how it went."""

    def private_terminated(self) -> PrivateEnd:
        """Return how the private instance ended, and what the bastion did meanwhile."""
        raise NotImplementedError

    def private_volumes(self) -> Volumes:
        """Return what became of the private instance's volumes; raises ``Unmet`` while it lives."""
        raise NotImplementedError

    def spot_terminated(self) -> SpotEnd:
        """Return how the spot instance and its request ended."""
        raise NotImplementedError

    def leftovers(self) -> Leftovers:
        """Return what of the homework is left in the region."""
        raise NotImplementedError
