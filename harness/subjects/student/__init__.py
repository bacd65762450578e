"""The student subject: somebody did the homework already; what they made is found and looked at.

Nothing of theirs is changed or deleted. What must be *done* to be judged, such as the life of a container, is done
with throwaway containers that carry the run's name and are removed again, those of an earlier run that was killed
included. What was there and is gone when the grader comes is judged from CloudTrail's event history where that tells
enough; otherwise it is not judged, and the message says what is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from harness.context import Context
from harness.subjects.observing import Answers, Quota
from harness.subjects.student.account import Account
from harness.subjects.student.containers import Containers
from harness.subjects.student.final import Final
from harness.subjects.student.httpd import Httpd
from harness.subjects.student.instances import Instances
from harness.subjects.student.jupyter import Jupyter
from harness.subjects.student.network import Network
from harness.subjects.student.sagemaker import Sagemaker
from harness.subjects.student.spot import Spot
from harness.subjects.subject import Subject


class Student(Subject):
    """The stages of the student subject."""

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
        """Return the slow steps that these requirements need, to be begun before anybody asks for them."""
        slow = {
            "account.cli": self.account.cli,
            "bastion.ssh": self.instances.entrance,
            "private.agent-forwarding": self.instances.hop,
            "docker.engine": self.containers.engine,
            "docker.remove": self.containers.greeting_removed,
            "docker.force-remove": self.containers.shell_removed,
            "httpd.reachable": self.httpd.before_rule,
            "httpd.live-edit": self.httpd.edit,
            "jupyter.libraries": self.jupyter.libraries,
            "jupyter.executes": self.jupyter.execution,
            "kmeans.training-data": self.sagemaker.training_data,
            "kmeans.predicts": self.sagemaker.predictions,
            "kmeans.quality": self.sagemaker.quality,
            "final.nothing-billed": self.final.leftovers,
        }
        return [step for requirement, step in slow.items() if requirement in requirements]
