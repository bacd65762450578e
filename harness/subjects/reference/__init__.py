"""The reference subject: does the homework as it should be done, one state-changing action per step."""

from __future__ import annotations

from collections.abc import Callable, Collection

from harness.context import Context
from harness.subjects.observing import Answers
from harness.subjects.reference.account import Account
from harness.subjects.reference.containers import Containers
from harness.subjects.reference.final import Final
from harness.subjects.reference.httpd import Httpd
from harness.subjects.reference.jupyter import Jupyter
from harness.subjects.reference.launching import Instances
from harness.subjects.reference.network import Network
from harness.subjects.reference.quota import Quota
from harness.subjects.reference.sagemaker import Sagemaker
from harness.subjects.reference.spot import Spot
from harness.subjects.subject import Subject


class Reference(Subject):
    """The stages of the reference subject."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.account: Account = Account(self)
        self.network: Network = Network(self)
        self.instances: Instances = Instances(self)
        self.containers: Containers = Containers(self)
        self.httpd: Httpd = Httpd(self)
        self.jupyter: Jupyter = Jupyter(self)
        self.sagemaker: Sagemaker = Sagemaker(self)
        self.spot: Spot = Spot(self)
        self.quota: Quota = Quota(self)
        self.answers: Answers = Answers(self)
        self.final: Final = Final(self)

    def early(self, requirements: Collection[str]) -> list[Callable[[], object]]:
        """Return the slow steps; where the clean-up is judged as well, also what may end while others are made."""
        passing = self.sagemaker.early_ends() if "sagemaker.cleaned" in requirements else []
        return [*super().early(requirements), *passing]

    def ends(self, requirements: Collection[str]) -> list[Callable[[], object]]:
        """Return the steps that end what these requirements want ended; the bastion goes when the others are gone."""
        ends: dict[str, Callable[[], object]] = {
            "sagemaker.cleaned": self.sagemaker.cleaned,
            "jupyter.removed": self.jupyter.removed,
            "private.volumes-deleted": self.final.private_volumes,
            "private.terminated": self.final.private_terminated,
            "spot.terminated": self.final.spot_terminated,
            "final.instances-terminated": self.final.leftovers,
            "final.nothing-billed": self.final.leftovers,
        }
        return list(dict.fromkeys(step for id, step in ends.items() if id in requirements))

    def hand_ins(self, group: str) -> list[Callable[[], object]]:
        """Return the steps that end what the tests of a group needed, where the run judges the hand-in."""
        ends = {"compute": [self.final.compute_handed_in], "sagemaker": [self.final.sagemaker_handed_in]}
        return list(ends.get(group, [])) if self.context.judges("final") else []

    def _slow(self) -> list[tuple[str, Callable[[], object]]]:
        sagemaker = self.sagemaker
        return [
            ("final", self.final.before),
            ("account", self.account.cli),
            ("bastion", self.instances.entrance),
            ("private", self.instances.private_launch),
            ("private", self.instances.hop),
            ("docker", self.containers.engine),
            ("docker", self.containers.greeting_removed),
            ("docker", self.containers.shell_removed),
            ("docker", self.containers.images),
            ("httpd", self.httpd.edit),
            ("jupyter", self.jupyter.libraries),
            ("jupyter", self.jupyter.doors),
            ("jupyter", self.jupyter.execution),
            ("spot", self.spot.request),
            *((stage, step) for stage in ("sagemaker", "kmeans") for step in sagemaker.early()),
        ]
