"""A student's account, made quickly: one method for each thing that the homework asks to do, and for each clean-up.

A fault replaces a method, leaves one out or adds one::

    class WithoutRule(Builder):
        def open_httpd(self): ...

    with building(OfflineCloud(…)) as work:
        work.do(*Builder.ORDER)

The homework is done as an IAM user of the builder's own, with boto3 and with lines over ssh. Slow things (instances,
notebook instance, training job) are begun where they stand in :attr:`Builder.ORDER` and awaited by what needs them.
"""

from __future__ import annotations

import contextlib
import functools
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from harness import catalogue, digits
from harness.aws import iam, s3, sagemaker
from harness.aws.answers import filters
from harness.aws.images import find_newest
from harness.aws.instances import find_state
from harness.aws.kmeans import DirectExample, Settings
from harness.aws.session import Aws
from harness.cloud import Cloud, Credentials
from harness.waiting import until
from harness.workstation import configure

SUBMISSION = Path(__file__).parents[2] / "fixtures" / "submission"
COURSE = Path(__file__).parents[2] / "harness" / "subjects" / "reference" / "course"
PAGE = "<html><body><h1>My homework</h1></body></html>\n"


class Builder:
    """Does the homework in ``cloud`` as a student would; ``home`` is their workstation's directory."""

    ORDER: ClassVar[tuple[str, ...]] = (
        "make_user", "make_key", "make_budget", "request_quota", "make_public_group", "make_private_group",
        "open_public_ssh", "open_private_ssh", "launch_bastion", "launch_private", "make_bucket", "make_notebook",
        "upload", "train", "write_submission", "launch_spot", "install_docker", "pull_images", "write_page",
        "run_httpd", "build_notebook_image", "run_jupyter", "open_httpd", "open_jupyter", "deploy",
    )  # fmt: skip
    CLEAN_UP: ClassVar[tuple[str, ...]] = (
        "remove_jupyter", "terminate_private", "terminate_spot", "terminate_bastion", "delete_endpoint",
        "delete_config", "delete_model", "delete_notebook", "delete_objects", "delete_bucket",
    )  # fmt: skip

    user = "ann"
    group = "staff"
    key_name = "hw02"
    job = "kmeans-2026-11-23"
    endpoint = "kmeans-2026-11-23"
    notebook = "hw02-notebook"
    key_mode = 0o400
    public_group = "PublicSG"
    private_group = "PrivateSG"
    bastion_type = "t2.large"
    private_type = "t2.micro"
    spot_type = "t2.micro"
    httpd_name = "my-apache-app"
    jupyter_name = "jupyter"

    def __init__(self, cloud: Cloud, home: Path) -> None:
        self.cloud = cloud
        self.home = home
        self.submission = home / "submission"
        self.known = catalogue.load()
        self.ids: dict[str, str] = {}
        self.submission.mkdir(parents=True)

    def do(self, *actions: str) -> None:
        """Take these actions in this order."""
        for action in actions:
            getattr(self, action)()

    # Who the student is.

    @functools.cached_property
    def owner(self) -> Aws:
        return Aws(self.cloud, self.cloud.owner)

    @functools.cached_property
    def credentials(self) -> Credentials:
        return iam.create_access_key(self.owner, self.user)

    @functools.cached_property
    def aws(self) -> Aws:
        return Aws(self.cloud, self.credentials)

    @functools.cached_property
    def ec2(self) -> Any:
        return self.aws.client("ec2")

    def make_user(self) -> None:
        iam.create_user(self.owner, self.user, {})
        self.make_console_password()
        iam.create_group(self.owner, self.group)
        self.attach_policy()
        iam.add_to_group(self.owner, self.user, self.group)
        configure(self.home / "aws", self.cloud.region, self.credentials)

    def make_console_password(self) -> None:
        iam.create_login_profile(self.owner, self.user)

    def attach_policy(self) -> None:
        iam.attach_policy(self.owner, self.group, self.known.account.policy)

    @property
    def key(self) -> Path:
        return self.submission / "key.pem"

    @property
    def private_copy(self) -> Path:
        """Return the student's own copy of the key, for whatever mode the submitted one has."""
        return self.home / "own.pem"

    def make_key(self) -> None:
        material = self.ec2.create_key_pair(KeyName=self.key_name, KeyType="ed25519")["KeyMaterial"]
        for path, mode in ((self.private_copy, 0o400), (self.key, self.key_mode)):
            path.touch(0o600)
            path.write_text(material)
            path.chmod(mode)

    def make_budget(self) -> None:
        budget = {
            "BudgetName": "homework", "BudgetLimit": {"Amount": "50", "Unit": "USD"}, "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
        }  # fmt: skip
        watch = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
        told = [{"SubscriptionType": "EMAIL", "Address": "ann@example.org"}]
        self.aws.client("budgets").create_budget(
            AccountId=self.cloud.account, Budget=budget,
            NotificationsWithSubscribers=[{"Notification": watch, "Subscribers": told}],
        )  # fmt: skip

    def request_quota(self) -> None:
        quota = self.known.quota
        self.aws.client("service-quotas").request_service_quota_increase(
            ServiceCode=quota.service, QuotaCode=quota.code, DesiredValue=quota.vcpus
        )

    # The network.

    @functools.cached_property
    def vpc(self) -> str:
        return str(self.ec2.describe_vpcs(Filters=filters(is_default="true"))["Vpcs"][0]["VpcId"])

    def make_public_group(self) -> None:
        self.ids["public-group"] = self._made_group(self.public_group, "Bastion Host Security group")

    def make_private_group(self) -> None:
        self.ids["private-group"] = self._made_group(self.private_group, "Private instances Security group")

    def _made_group(self, name: str, description: str) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=description, VpcId=self.vpc)
        return str(made["GroupId"])

    def admit(self, group: str, port: int, source: str = "0.0.0.0/0") -> None:
        self.ec2.authorize_security_group_ingress(
            GroupId=self.ids[group], IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=source
        )

    def open_public_ssh(self) -> None:
        self.admit("public-group", 22)

    def open_private_ssh(self) -> None:
        self.admit("private-group", 22)

    def open_httpd(self) -> None:
        self.admit("public-group", 8003)

    def open_jupyter(self) -> None:
        self.admit("public-group", 8800)

    # The instances.

    @functools.cached_property
    def image(self) -> str:
        wanted = self.known.image
        return find_newest(self.aws, wanted.owner, wanted.newest, wanted.architecture).id

    def launch(self, role: str, instance_type: str, group: str, **given: Any) -> None:
        wanted = {
            "ImageId": self.image, "InstanceType": instance_type, "KeyName": self.key_name, "MinCount": 1,
            "MaxCount": 1, "SecurityGroupIds": [self.ids[group]],
        }  # fmt: skip
        self.ids[role] = self.ec2.run_instances(**(wanted | given))["Instances"][0]["InstanceId"]

    def launch_bastion(self) -> None:
        self.launch("bastion", self.bastion_type, "public-group")

    def launch_private(self) -> None:
        self.launch("private", self.private_type, "private-group")

    def launch_spot(self) -> None:
        market = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.0100", "SpotInstanceType": "one-time"}}
        self.launch("spot", self.spot_type, "public-group", InstanceMarketOptions=market)

    def until_state(self, role: str, state: str) -> None:
        until(
            f"{role} is {state}", lambda: find_state(self.aws, self.ids[role]), timeout=30,
            is_done=lambda seen: seen == state,
        )  # fmt: skip

    # Docker on the bastion.

    @functools.cached_property
    def address(self) -> str:
        self.until_state("bastion", "running")
        seen = self.ec2.describe_instances(InstanceIds=[self.ids["bastion"]])["Reservations"][0]["Instances"][0]
        return str(seen["PublicIpAddress"])

    def ssh(self, line: str) -> str:
        """Run a line on the bastion; whatever fails there is an error here."""
        options = (
            "BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
            f"IdentityFile={self.private_copy}", "IdentitiesOnly=yes", "IdentityAgent=none", "ControlMaster=auto",
            "ControlPath=./%C", "ControlPersist=20",
        )  # fmt: skip
        argv = ["ssh", "-F", str(self.cloud.ssh_config), *(part for option in options for part in ("-o", option))]
        done = subprocess.run(
            [*argv, f"ubuntu@{self.address}", line], cwd=self.home, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{line}: exit code {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def hang_up(self) -> None:
        """End the shared connection, so that the next line is a new login."""
        for control in self.home.glob("????????????????????????????????????????"):
            subprocess.run(
                ["ssh", "-o", f"ControlPath=./{control.name}", "-O", "exit", "-"], cwd=self.home, capture_output=True,
                check=False,
            )  # fmt: skip

    def install_docker(self) -> None:
        until("the bastion lets the student in", self._is_in, timeout=30)
        self.ssh("sudo apt-get update -q && sudo apt-get install -y -q docker.io && sudo usermod -aG docker ubuntu")
        self.hang_up()

    def _is_in(self) -> bool:
        with contextlib.suppress(RuntimeError):
            return bool(self.ssh("echo in"))
        return False

    def pull_images(self) -> None:
        images = ("hello-world", "ubuntu", "httpd", "httpd:2.4")
        self.ssh(" && ".join(f"docker pull -q {image}" for image in images))

    def write_page(self) -> None:
        self.ssh(f"mkdir -p site && printf %s {shlex.quote(PAGE)} > site/index.html")

    def run_httpd(self) -> None:
        mounted = '"$PWD":/usr/local/apache2/htdocs/'
        self.ssh(f"cd site && docker run -d --name {self.httpd_name} -p8003:80 -v {mounted} httpd:2.4")

    @property
    def dockerfile(self) -> str:
        asked = self.known.jupyter
        text = (COURSE / "Dockerfile").read_text().replace("$libraries", " ".join(asked.libraries))
        return text.replace("$port", str(asked.container_port)).replace("$directory", asked.directory)

    def build_notebook_image(self) -> None:
        self.ssh(f"mkdir -p image && printf %s {shlex.quote(self.dockerfile)} > image/Dockerfile")
        self.ssh("docker build -q -t test image")

    def run_jupyter(self) -> None:
        self.ssh(f"docker run --name {self.jupyter_name} -p 8800:8888 -d test")

    # SageMaker.

    @property
    def bucket(self) -> str:
        return f"sagemaker-{self.cloud.region}-{self.cloud.account}"

    @functools.cached_property
    def role(self) -> str:
        return sagemaker.create_execution_role(self.aws, "hw02-sagemaker", {})

    @functools.cached_property
    def example(self) -> DirectExample:
        asked = self.known.kmeans
        places = {name: f"s3://{self.bucket}/{prefix}" for name, prefix in self.prefixes.items()}
        return DirectExample(
            self.aws,
            Settings(
                role=self.role, k=asked.k, training_type=asked.training_type, training_count=asked.training_count,
                endpoint_type=asked.endpoint_type, tags={}, **places,
            ),
        )  # fmt: skip

    @property
    def prefixes(self) -> dict[str, str]:
        return {"data": self.known.kmeans.data_prefix, "output": self.known.kmeans.output_prefix}

    def make_bucket(self) -> None:
        s3.create_bucket(self.aws, self.bucket, {})

    def make_notebook(self) -> None:
        self.aws.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=self.notebook, InstanceType="ml.t3.medium", RoleArn=self.role
        )

    def upload(self) -> None:
        self.example.upload(digits.load().images)

    def train(self) -> None:
        self.example.fit(self.job)

    def deploy(self) -> None:
        describe = self.aws.client("sagemaker").describe_training_job
        until(
            "the model is trained", lambda: describe(TrainingJobName=self.job)["TrainingJobStatus"], timeout=60,
            is_done=lambda status: status != "InProgress",
        )  # fmt: skip
        self.example.deploy(self.endpoint)

    # What is handed in.

    def write_submission(self) -> None:
        shutil.copytree(SUBMISSION, self.submission, dirs_exist_ok=True)

    # The clean-up.

    def remove_jupyter(self) -> None:
        self.ssh(f"docker stop {self.jupyter_name} && docker rm {self.jupyter_name}")

    def terminate(self, role: str) -> None:
        self.ec2.terminate_instances(InstanceIds=[self.ids[role]])
        self.until_state(role, "terminated")

    def terminate_private(self) -> None:
        self.terminate("private")

    def terminate_spot(self) -> None:
        self.terminate("spot")

    def terminate_bastion(self) -> None:
        self.hang_up()
        self.terminate("bastion")

    def delete_endpoint(self) -> None:
        client = self.aws.client("sagemaker")
        until(
            "the endpoint is settled",
            lambda: client.describe_endpoint(EndpointName=self.endpoint)["EndpointStatus"],
            timeout=30,
            is_done=lambda status: status in ("InService", "Failed"),
        )
        client.delete_endpoint(EndpointName=self.endpoint)
        until("the endpoint is gone", lambda: not client.list_endpoints()["Endpoints"], timeout=30)

    def delete_config(self) -> None:
        self.aws.client("sagemaker").delete_endpoint_config(EndpointConfigName=self.endpoint)

    def delete_model(self) -> None:
        self.aws.client("sagemaker").delete_model(ModelName=self.endpoint)

    def delete_notebook(self) -> None:
        client, name = self.aws.client("sagemaker"), self.notebook

        def status() -> str:
            return str(client.describe_notebook_instance(NotebookInstanceName=name)["NotebookInstanceStatus"])

        until("the notebook instance is in service", status, timeout=30, is_done=lambda seen: seen == "InService")
        client.stop_notebook_instance(NotebookInstanceName=name)
        until("the notebook instance is stopped", status, timeout=30, is_done=lambda seen: seen == "Stopped")
        client.delete_notebook_instance(NotebookInstanceName=name)
        until("it is gone", lambda: not client.list_notebook_instances()["NotebookInstances"], timeout=30)

    def delete_objects(self) -> None:
        for prefix in self.prefixes.values():
            s3.delete_objects(self.aws, s3.Location(self.bucket, prefix))

    def delete_bucket(self) -> None:
        s3.delete_bucket(self.aws, self.bucket)

    def seen_by(self, credentials: Credentials | None = None) -> tuple[Cloud, dict[str, str]]:
        """Return the cloud as a graded run knows it, and the environment of the grader, the student unless told."""
        directory = self.home / "aws"
        if credentials is not None:
            directory = self.home / "grader"
            configure(directory, self.cloud.region, credentials)
        used = credentials or self.credentials
        environment = {
            "AWS_CONFIG_FILE": str(directory / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials"),
            "AWS_ACCESS_KEY_ID": used.access_key,
            "AWS_SECRET_ACCESS_KEY": used.secret_key,
            "AWS_DEFAULT_REGION": self.cloud.region,
            "AWS_ENDPOINT_URL": self.cloud.endpoint_url or "",
        }
        return replace(self.cloud, name="real", owner=None), environment


@contextlib.contextmanager
def building(cloud: Cloud, home: Path, kind: type[Builder] = Builder) -> Iterator[Builder]:
    """Give a builder, and end its connections."""
    work = kind(cloud, home)
    try:
        yield work
    finally:
        work.hang_up()
