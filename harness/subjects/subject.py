"""What every subject is: a run, and the stages of the homework in it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from harness.context import Context

if TYPE_CHECKING:
    from harness.subjects import observing


class Subject:
    """The stages of a subject, each an object whose methods are steps.

    A stage reaches another through ``self.subject``; to replace a step, replace the stage's object (the
    project's faults do).
    """

    account: observing.Account
    network: observing.Network
    instances: observing.Instances
    containers: observing.Containers
    httpd: observing.Httpd
    jupyter: observing.Jupyter
    sagemaker: observing.Sagemaker
    spot: observing.Spot
    quota: observing.Quota
    answers: observing.Answers
    final: observing.Final

    def __init__(self, context: Context) -> None:
        self.context = context

    def close(self) -> None:
        """End the connections to hosts and the helpers on this machine; what was made stays."""
        self.sagemaker.close()
        self.containers.close()
        self.instances.close()

    def early(self, requirements: Collection[str]) -> list[Callable[[], object]]:
        """Return the slow steps that these requirements need, to be begun before anybody asks for them."""
        stages = {requirement.partition(".")[0] for requirement in requirements}
        return [step for stage, step in self._slow() if stage in stages]

    def ends(self, requirements: Collection[str]) -> list[Callable[[], object]]:  # noqa: ARG002 - for those who end
        """Return the steps that end what these requirements want ended, for when nothing else is looked at any more.

        They are begun together, so they must wait for one another where one needs what another ends.
        """
        return []

    def hand_ins(self, group: str) -> list[Callable[[], object]]:  # noqa: ARG002 - for those who hand in
        """Return the steps that end what the tests of a group needed, where the run judges the hand-in."""
        return []

    def _slow(self) -> list[tuple[str, Callable[[], object]]]:
        """Return the slow steps, each with the stage that needs it."""
        raise NotImplementedError
