"""Resources of somebody else that look like a run's own: a sweep must leave every one of them alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

OTHER = "zz9zz9"
"""An id such as runs have; it is nobody's."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
STREAM_GROUPS = ("/aws/sagemaker/TrainingJobs", "/aws/sagemaker/NotebookInstances")

Client = Callable[[str], Any]


def stand_by(client: Client, account: str, region: str) -> None:
    """Make them; ``client`` gives the owner's client of a service."""
    _network(client("ec2"))
    _instances(client("ec2"))
    _identities(client("iam"))
    _storage(client("s3"), f"sagemaker-{region}-{account}")
    _sagemaker(client, account, region)
    client("budgets").create_budget(
        AccountId=account,
        Budget={
            "BudgetName": f"acceptance-{OTHER}", "BudgetType": "COST", "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "5", "Unit": "USD"},
        },
    )  # fmt: skip


def _tagged(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": k.replace("_", "-"), "Value": v} for k, v in tags.items()]}]


def _network(ec2: Any) -> None:
    """Make groups of the same names in another VPC, one of whose rules names the other, and one of a similar name."""
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_security_group(GroupName=name, Description="made by another", VpcId=vpc)["GroupId"]
        for name in ("PublicSG", "PrivateSG")
    ]
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    ec2.authorize_security_group_ingress(
        GroupId=made[1], IpPermissions=[{**ssh, "UserIdGroupPairs": [{"GroupId": made[0]}]}]
    )
    ec2.create_security_group(
        GroupName="PublicSG of another run", Description="made by another",
        TagSpecifications=_tagged("security-group", acceptance_run=OTHER),
    )  # fmt: skip
    ec2.create_key_pair(KeyName=f"acceptance-{OTHER}", TagSpecifications=_tagged("key-pair", acceptance_run=OTHER))
    ec2.create_key_pair(KeyName="acceptance")
    ec2.allocate_address(Domain="vpc")


def _instances(ec2: Any) -> None:
    """Launch one of another run, one without tags, and one that somebody named like ours."""
    image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    ours = {"ImageId": image, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}
    ec2.run_instances(
        **ours, ClientToken=f"{OTHER}-bastion", TagSpecifications=_tagged("instance", acceptance_run=OTHER)
    )
    ec2.run_instances(**ours)
    ec2.run_instances(**ours, TagSpecifications=_tagged("instance", Name="bastion"))
    ec2.create_volume(AvailabilityZone=f"{ec2.meta.region_name}a", Size=1)
    ec2.create_volume(
        AvailabilityZone=f"{ec2.meta.region_name}a", Size=1, TagSpecifications=_tagged("volume", acceptance_run=OTHER)
    )


def _identities(iam: Any) -> None:
    for name in (f"acceptance-{OTHER}-sagemaker", "acceptance-sagemaker"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(
        RoleName="acceptance-sagemaker", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    )
    iam.create_user(UserName=f"acceptance-{OTHER}")
    iam.create_group(GroupName=f"acceptance-{OTHER}")


def _storage(s3: Any, default: str) -> None:
    for bucket in (default, f"{default}-{OTHER}"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="kmeans_highlevel_example/dataKMeans/matrix_0.pbr", Body=b"somebody else's")
        s3.put_object(Bucket=bucket, Key="kmeans_example/output/model.tar.gz", Body=b"somebody else's")


def _sagemaker(client: Client, account: str, region: str) -> None:
    role = f"arn:aws:iam::{account}:role/acceptance-sagemaker"
    image = f"382416733822.dkr.ecr.{region}.amazonaws.com/kmeans:1"
    name, sagemaker = f"kmeans-{OTHER}", client("sagemaker")
    model = {"Image": image, "ModelDataUrl": f"s3://sagemaker-{region}-{account}/kmeans_example/output/model.tar.gz"}
    sagemaker.create_model(ModelName=name, PrimaryContainer=model, ExecutionRoleArn=role)
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {"VariantName": "one", "ModelName": name, "InstanceType": "ml.m4.xlarge", "InitialInstanceCount": 1}
        ],
    )
    sagemaker.create_notebook_instance(NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=role)
    logs = client("logs")
    for group in STREAM_GROUPS:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=f"{name}/one")
    logs.create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{name}")


class Namesakes:
    """Things whose names begin as those of one run do, made once the run's id is known."""

    def __init__(self, client: Client, account: str, region: str, run_id: str) -> None:
        self.client = client
        self.run = f"{run_id}x"
        self.bucket = f"sagemaker-{region}-{account}-{self.run}"

    def make(self) -> None:
        """Make a key pair, a role, a bucket with an object, and logs."""
        self.client("ec2").create_key_pair(KeyName=f"acceptance-{self.run}")
        self.client("iam").create_role(
            RoleName=f"acceptance-{self.run}-sagemaker", AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        self.client("s3").create_bucket(Bucket=self.bucket)
        self.client("s3").put_object(Bucket=self.bucket, Key="kmeans_example/output", Body=b"somebody else's")
        for group in STREAM_GROUPS:
            self.client("logs").create_log_stream(logGroupName=group, logStreamName=f"kmeans-{self.run}/one")
        self.client("logs").create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/kmeans-{self.run}")

    def remove(self) -> None:
        """Remove them again; raises where one of them is missing."""
        self.client("ec2").delete_key_pair(KeyName=f"acceptance-{self.run}")
        self.client("iam").delete_role(RoleName=f"acceptance-{self.run}-sagemaker")
        self.client("s3").delete_object(Bucket=self.bucket, Key="kmeans_example/output")
        self.client("s3").delete_bucket(Bucket=self.bucket)
        for group in STREAM_GROUPS:
            self.client("logs").delete_log_stream(logGroupName=group, logStreamName=f"kmeans-{self.run}/one")
        self.client("logs").delete_log_group(logGroupName=f"/aws/sagemaker/Endpoints/kmeans-{self.run}")
