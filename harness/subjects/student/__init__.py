"""The student subject: somebody did the homework already; what they made is found and looked at.

Nothing of theirs is changed or deleted. What must be *done* to be judged, such as the life of a container, is done
with throwaway containers that carry the run's name and are removed again, those of an earlier run that was killed
included. What was there and is gone when the grader comes is judged from CloudTrail's event history where that tells
enough; otherwise it is not judged, and the message says what is gone.
"""

from __future__ import annotations

from collections.abc import Callable

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

    account: Account
    network: Network
    instances: Instances
    containers: Containers
    httpd: Httpd
    jupyter: Jupyter
    sagemaker: Sagemaker
    spot: Spot
    quota: Quota
    answers: Answers
    final: Final

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.account = Account(self)
        self.network = Network(self)
        self.instances = Instances(self)
        self.containers = Containers(self)
        self.httpd = Httpd(self)
        self.jupyter = Jupyter(self)
        self.sagemaker = Sagemaker(self)
        self.spot = Spot(self)
        self.quota = Quota(self)
        self.answers = Answers(self)
        self.final = Final(self)

    def _slow(self) -> list[tuple[str, Callable[[], object]]]:
        return [
            ("account", self.account.cli),
            ("bastion", self.instances.entrance),
            ("private", self.instances.hop),
            ("docker", self.containers.engine),
            ("docker", self.containers.shell_removed),
            ("docker", self.containers.greeting_removed),
            ("httpd", self.httpd.before_rule),
            ("httpd", self.httpd.edit),
            ("jupyter", self.jupyter.libraries),
            ("jupyter", self.jupyter.execution),
            ("kmeans", self.sagemaker.training_data),
            ("kmeans", self.sagemaker.predictions),
            ("kmeans", self.sagemaker.quality),
        ]
