"""How what was done is looked at, whoever did it: the steps that the stages of every subject share.

Here is no step that changes anything in the account. Methods that raise ``NotImplementedError`` say *which*
resource is meant, which is the subject's to answer: the reference makes it first, a student's is found.
"""

from harness.subjects.observing.account import Account
from harness.subjects.observing.answers import Answers
from harness.subjects.observing.containers import Containers
from harness.subjects.observing.final import Final
from harness.subjects.observing.httpd import Httpd
from harness.subjects.observing.instances import Instances
from harness.subjects.observing.jupyter import Jupyter
from harness.subjects.observing.network import Network
from harness.subjects.observing.quota import Quota
from harness.subjects.observing.sagemaker import Sagemaker
from harness.subjects.observing.spot import Spot

__all__ = [
    "Account",
    "Answers",
    "Containers",
    "Final",
    "Httpd",
    "Instances",
    "Jupyter",
    "Network",
    "Quota",
    "Sagemaker",
    "Spot",
]
