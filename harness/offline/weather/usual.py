"""How long things usually take on AWS, in seconds, with where that is from.

What AWS publishes are single figures and "a few minutes"; the spread around them is this project's, so that no two
waits are alike. Read 2026-11.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Usual:
    """A duration: the least, the likeliest and the most, drawn from the triangle that they make."""

    least: float
    likeliest: float
    most: float
    source: str

    def drawn(self, chance: random.Random) -> float:
        """Draw one."""
        return chance.triangular(self.least, self.most, self.likeliest)


_LIFECYCLE = "EC2 user guide, 'Instance lifecycle'; about 30 s from run-instances to the first login"
_EVENTUAL = "EC2 API reference, 'Eventual consistency in the Amazon EC2 API'"
_IAM = "IAM user guide, 'Changes that I make are not always immediately visible'"
_KMEANS = "AWS's sample notebook kmeans_mnist: training about 4 minutes, endpoint 7 to 11 minutes"
_NOTEBOOK = "SageMaker developer guide, 'Create a notebook instance': about 5 minutes up, 3 down"

USUAL: dict[str, Usual] = {
    "instance.pending": Usual(6, 10, 20, _LIFECYCLE),
    "instance.stopping": Usual(15, 30, 60, _LIFECYCLE),
    "instance.shutting-down": Usual(15, 30, 60, _LIFECYCLE),
    "host.boot": Usual(12, 18, 30, _LIFECYCLE),
    "interface.lingering": Usual(3, 12, 40, "EC2 user guide, 'Delete a network interface': in use until detached"),
    "ec2.visible": Usual(0, 1.5, 6, _EVENTUAL),
    "iam.role-visible": Usual(4, 8, 15, _IAM),
    "iam.key-visible": Usual(2, 6, 12, _IAM),
    "job.starting": Usual(130, 180, 220, _KMEANS),
    "job.downloading": Usual(10, 25, 45, _KMEANS),
    "job.uploading": Usual(5, 12, 25, _KMEANS),
    "job.stopping": Usual(10, 30, 60, _KMEANS),
    "endpoint.creating": Usual(420, 520, 660, _KMEANS),
    "endpoint.updating": Usual(420, 520, 660, _KMEANS),
    "endpoint.deleting": Usual(2, 5, 15, _KMEANS),
    "notebook.pending": Usual(240, 300, 380, _NOTEBOOK),
    "notebook.stopping": Usual(120, 170, 240, _NOTEBOOK),
    "notebook.deleting": Usual(15, 40, 80, _NOTEBOOK),
}
