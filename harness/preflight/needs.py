"""What a run of the reference subject needs of an account, by the stages of the homework that it judges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.catalogue import Homework

COMPUTE = frozenset({"network", "bastion", "private", "docker", "httpd", "jupyter", "spot", "final"})
LEARNING = frozenset({"sagemaker", "kmeans", "final"})
SPOT = frozenset({"spot", "final"})

# What the reference does, as IAM names it; what it only looks at is granted to whoever may do these.
ACCOUNT_ACTIONS = (
    "ec2:CreateKeyPair", "ec2:DeleteKeyPair", "ec2:DescribeKeyPairs", "iam:GetUser", "iam:ListGroupsForUser",
    "budgets:ModifyBudget", "budgets:ViewBudget",
)  # fmt: skip
COMPUTE_ACTIONS = (
    "ec2:RunInstances", "ec2:TerminateInstances", "ec2:CreateTags", "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteSecurityGroup",
    "ec2:DescribeInstances", "ec2:DescribeImages", "ec2:GetConsoleOutput", "ec2:DeleteVolume",
    "ec2:CancelSpotInstanceRequests", "cloudtrail:LookupEvents",
)  # fmt: skip
LEARNING_ACTIONS = (
    "iam:CreateRole", "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRole", "iam:PassRole",
    "s3:CreateBucket", "s3:PutBucketTagging", "s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:DeleteBucket",
    "sagemaker:CreateTrainingJob", "sagemaker:StopTrainingJob", "sagemaker:CreateModel", "sagemaker:DeleteModel",
    "sagemaker:CreateEndpointConfig", "sagemaker:DeleteEndpointConfig", "sagemaker:CreateEndpoint",
    "sagemaker:InvokeEndpoint", "sagemaker:DeleteEndpoint", "sagemaker:CreateNotebookInstance",
    "sagemaker:CreatePresignedNotebookInstanceUrl", "sagemaker:StopNotebookInstance",
    "sagemaker:DeleteNotebookInstance", "sagemaker:AddTags", "logs:DescribeLogStreams", "logs:DeleteLogStream",
)  # fmt: skip
QUOTA_ACTIONS = ("servicequotas:GetServiceQuota", "servicequotas:RequestServiceQuotaIncrease")


@dataclass(frozen=True)
class Use:
    """So many machines of a type for so many hours; ``quota`` is the name of the SageMaker quota that counts them."""

    what: str
    type: str
    count: int
    hours: float
    stage: str
    component: str = ""
    quota: str = ""


# Hours in a run of usual length (harness/offline/weather/usual.py): half an hour in all, of which training takes five
# minutes, billed from its start, and the endpoint serves for a few after ten of coming up.
HALF_AN_HOUR, TRAINING_HOURS, HOSTING_HOURS = 0.5, 0.1, 0.25


class Needs:
    """What is needed for the stages of some requirements."""

    def __init__(self, homework: Homework, chosen: Collection[str]) -> None:
        self.homework = homework
        self.stages = frozenset(requirement.partition(".")[0] for requirement in chosen)

    @property
    def on_demand(self) -> tuple[Use, ...]:
        """Return the instances on demand."""
        if not self.stages & COMPUTE:
            return ()
        bastion, private = self.homework.bastion.instance_type, self.homework.private.instance_type
        return (
            Use("bastion", bastion, 1, HALF_AN_HOUR, "bastion"),
            Use("private instance", private, 1, HALF_AN_HOUR, "private"),
        )

    @property
    def spot(self) -> tuple[Use, ...]:
        """Return the spot instances; their bill is at most that of an instance on demand."""
        kind = self.homework.spot.instance_type
        return (Use("spot instance", kind, 1, HALF_AN_HOUR, "spot"),) if self.stages & SPOT else ()

    @property
    def learning(self) -> tuple[Use, ...]:
        """Return SageMaker's machines."""
        if not self.stages & LEARNING:
            return ()
        asked, notebook = self.homework.kmeans, self.homework.sagemaker.notebook_instance_type
        training, hosting = asked.training_type, asked.endpoint_type
        return (
            Use("notebook instance", notebook, 1, HALF_AN_HOUR, "sagemaker", "Notebook",
                f"{notebook} for notebook instance usage"),
            Use("training job", training, asked.training_count, TRAINING_HOURS, "kmeans", "Training",
                f"{training} for training job usage"),
            Use("endpoint", hosting, 1, HOSTING_HOURS, "kmeans", "Hosting", f"{hosting} for endpoint usage"),
        )  # fmt: skip

    @property
    def actions(self) -> tuple[str, ...]:
        """Return the actions that the caller must be allowed."""
        by_stage = (
            (frozenset({"account"}) | COMPUTE, ACCOUNT_ACTIONS),
            (COMPUTE, COMPUTE_ACTIONS),
            (LEARNING, LEARNING_ACTIONS),
            (frozenset({"quota"}), QUOTA_ACTIONS),
        )
        return tuple(action for stages, actions in by_stage if self.stages & stages for action in actions)
