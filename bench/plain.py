"""The homework's steps, bare: one after the other, with boto3, ssh, docker and the SageMaker SDK, and no tests.

This is what the suite's wall time is compared with. It starts the same offline cloud and takes the same steps, checks
nothing that it does not need for its next step, and begins nothing early.

    python -m bench.plain [--without-sagemaker] [--without-docker]
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import secrets
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import websocket

from harness import catalogue, isolation
from harness.cloud import Cloud
from harness.leash import Leash
from harness.offline.cloud import OfflineCloud
from harness.workstation import Workstation, set_up

COURSE = Path(__file__).parent.parent / "harness" / "subjects" / "reference" / "course"
SUBMISSION = Path(__file__).parent.parent / "fixtures" / "submission"
HOMEWORK = catalogue.load()
SOURCE = """Types: deb
URIs: https://download.docker.com/linux/ubuntu
Suites: $(. /etc/os-release && echo "$VERSION_CODENAME")
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: /etc/apt/keyrings/docker.asc
"""
INSTALL = (
    "sudo apt-get update && sudo apt-get install -y ca-certificates curl"
    " && sudo install -m 0755 -d /etc/apt/keyrings"
    " && sudo curl -fsSL https://download.docker.com/linux/ubuntu/gpg -o /etc/apt/keyrings/docker.asc"
    " && sudo chmod a+r /etc/apt/keyrings/docker.asc",
    f"sudo tee /etc/apt/sources.list.d/docker.sources > /dev/null <<END\n{SOURCE}END",
    "sudo apt-get update && sudo apt-get install -y docker-ce docker-ce-cli containerd.io"
    " docker-buildx-plugin docker-compose-plugin",
    "sudo usermod -aG docker ubuntu",
)


def wait(ready: Callable[[], Any]) -> Any:
    """Ask until there is an answer; a bare script's wait."""
    while not (answer := ready()):
        time.sleep(0.02)
    return answer


class Plain:
    """The account, the workstation and the clients of one pass through the homework."""

    def __init__(self, cloud: Cloud, workstation: Workstation) -> None:
        self.cloud = cloud
        self.workstation = workstation
        self.session = boto3.Session()

    def client(self, service: str) -> Any:
        """Make a client of the current identity."""
        return self.session.client(service, endpoint_url=self.cloud.endpoint_url, region_name=self.cloud.region)

    def here(self, *argv: str, timeout: float = 60) -> str:
        """Run a command on the workstation that must succeed."""
        done = self.workstation.run(argv, timeout=timeout)
        if done.exit_code:
            raise SystemExit(f"{done.line}: {done.exit_code}\n{done.stdout}{done.stderr}")
        return done.stdout

    def account(self) -> None:
        """Make the user, the group, the key pair and the budget, and set the command up."""
        owner = self.cloud.owner
        assert owner is not None
        self.session = boto3.Session(owner.access_key, owner.secret_key)
        iam = self.client("iam")
        iam.create_user(UserName="student")
        iam.create_login_profile(UserName="student", Password=secrets.token_urlsafe(16) + "aA1!")
        iam.create_group(GroupName="students")
        iam.attach_group_policy(GroupName="students", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        iam.add_user_to_group(GroupName="students", UserName="student")
        key = iam.create_access_key(UserName="student")["AccessKey"]
        self.session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"])
        self.here("aws", "configure", "set", "aws_access_key_id", key["AccessKeyId"])
        self.here("aws", "configure", "set", "aws_secret_access_key", key["SecretAccessKey"])
        self.here("aws", "configure", "set", "region", self.cloud.region)
        self.here("aws", "sts", "get-caller-identity")
        self.here("aws", "configure", "get", "region")
        pem = self.workstation.ssh / "key.pem"
        pem.write_text(self.client("ec2").create_key_pair(KeyName="key")["KeyMaterial"])
        pem.chmod(0o400)
        self.here("ssh-add", str(pem))
        self.here("ssh-add", "-L")
        budget = {"BudgetName": "b", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
        limit = {"Amount": "100", "Unit": "USD"}
        self.client("budgets").create_budget(AccountId=self.cloud.account, Budget={**budget, "BudgetLimit": limit})

    def network(self) -> None:
        """Make the groups and their rules for ssh."""
        self.ec2 = self.client("ec2")
        vpc = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        self.groups = [
            self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
            for name in (HOMEWORK.network.public_group, HOMEWORK.network.private_group)
        ]
        for group in self.groups:
            self.open_port(group, 22)

    def open_port(self, group: str, port: int) -> None:
        """Let the world in."""
        self.ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0"
        )

    def launch(self, kind: str, group: str, **options: Any) -> Any:
        """Launch an instance and wait until it runs."""
        images = self.ec2.describe_images(
            Owners=[HOMEWORK.image.owner], Filters=[{"Name": "name", "Values": [HOMEWORK.image.newest]}]
        )["Images"]
        image = max(images, key=lambda image: image["CreationDate"])["ImageId"]
        id = self.ec2.run_instances(
            ImageId=image, InstanceType=kind, MinCount=1, MaxCount=1, KeyName="key", SecurityGroupIds=[group], **options
        )["Instances"][0]["InstanceId"]
        return wait(lambda: self.in_state(id, "running"))

    def in_state(self, id: str, state: str) -> Any:
        """Return the instance once it is in that state."""
        instance = self.ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
        return instance if instance["State"]["Name"] == state else None

    def instances(self) -> None:
        """Launch both instances and log in to them, one through the other."""
        self.bastion = self.launch("t2.large", self.groups[0])
        self.private = self.launch("t2.micro", self.groups[1])
        wait(lambda: self.workstation.run(self.ssh("true"), timeout=60).exit_code == 0)
        hop = f"ssh -o StrictHostKeyChecking=accept-new ubuntu@{self.private['PrivateIpAddress']} hostname"
        wait(lambda: self.workstation.run(self.ssh(hop), timeout=60).exit_code == 0)
        self.workstation.run(self.ssh(hop, "-a"), timeout=60)
        self.here("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.workstation.ssh / "stranger"))
        stranger = ("-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "ControlPath=none")
        self.workstation.run(self.ssh("true", *stranger, "-i", str(self.workstation.ssh / "stranger")), timeout=60)

    def ssh(self, line: str, *options: str) -> tuple[str, ...]:
        """Return the command that runs a line on the bastion; connections are shared, as the suite's are."""
        config = str(self.workstation.ssh / "config")
        shared = (
            "-o",
            "ControlMaster=auto",
            "-o",
            f"ControlPath={self.workstation.home}/c%C",
            "-o",
            "ControlPersist=9",
        )
        known = ("-o", "StrictHostKeyChecking=accept-new", "-o", f"UserKnownHostsFile={self.workstation.ssh}/known")
        forward = () if "-a" in options else ("-A",)
        return (
            "ssh",
            "-F",
            config,
            *options,
            *forward,
            *shared,
            *known,
            f"ubuntu@{self.bastion['PublicIpAddress']}",
            line,
        )

    def there(self, *lines: str) -> str:
        """Run lines on the bastion that must succeed; return what the last one printed."""
        return [self.here(*self.ssh(line)) for line in lines][-1]

    def docker(self) -> None:
        """Install Docker and live through the first containers."""
        self.there(*INSTALL)
        *ssh, host, _ = self.ssh("")
        self.here(*ssh, "-O", "exit", host)  # the next login is in the group docker
        self.there("systemctl is-active docker", "dpkg-query -W docker-ce", "docker version")
        self.there("docker run --name hello hello-world", "docker ps", "docker ps -a", "docker rm hello")
        self.there("docker run -d --name my_ubuntu -ti ubuntu bash", "docker exec my_ubuntu echo inside")
        # A shell ignores the signal that it is to end by: ten seconds that who leaves it by exit does not wait.
        self.there(
            "docker stop -t 0 my_ubuntu",
            "docker start my_ubuntu",
            "docker ps",
            "docker rm -f my_ubuntu",
            "docker pull httpd:2.4",
            "docker images",
        )

    def web(self) -> None:
        """Serve a page and edit it."""
        self.there("mkdir -p site", "echo one > site/index.html")
        self.there(
            'cd site && docker run -d --name my-apache-app -p8003:80 -v "$PWD":/usr/local/apache2/htdocs/ httpd:2.4'
        )
        for port in (8003, 8800):
            self.open_port(self.groups[0], port)
        wait(lambda: self.get(8003, "/") == "one\n")
        self.there("echo two > site/index.html")
        wait(lambda: self.get(8003, "/") == "two\n")

    def get(self, port: int, path: str, method: str = "GET") -> str:
        """Ask the bastion over HTTP; an error is an empty answer."""
        url = f"http://{self.bastion['PublicIpAddress']}:{port}{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def jupyter(self) -> None:
        """Build the image, run it, import its libraries, log in and run a cell."""
        text = (COURSE / "Dockerfile").read_text()
        for name, value in (
            ("libraries", " ".join(HOMEWORK.jupyter.libraries)),
            ("port", "8888"),
            ("directory", "/notebook"),
        ):
            text = text.replace(f"${name}", value)
        self.there(f"mkdir -p image && cat > image/Dockerfile <<'END'\n{text}END", "docker build -t test image")
        self.there("docker run --name jupyter -p 8800:8888 -d test")
        found = wait(lambda: re.search(r"token=(\w+)", self.here(*self.ssh("docker logs jupyter 2>&1"))))
        modules = [{"scikit-learn": "sklearn"}.get(name, name) for name in HOMEWORK.jupyter.libraries]
        self.there(f"docker exec jupyter python3 -c 'import {', '.join(modules)}'")
        query = f"?token={found[1]}"
        wait(lambda: self.get(8800, f"/api/contents{query}"))
        self.get(8800, f"/tree{query}")
        self.cell(json.loads(self.get(8800, f"/api/kernels{query}", "POST"))["id"], query)

    def cell(self, kernel: str, query: str) -> None:
        """Run one cell over the kernel's websocket."""
        url = f"ws://{self.bastion['PublicIpAddress']}:8800/api/kernels/{kernel}/channels{query}"
        header = {"msg_id": "1", "session": "s", "username": "u", "msg_type": "execute_request", "version": "5.3"}
        content = {"code": "print(6*7)", "silent": False, "store_history": False, "user_expressions": {}}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        channel = websocket.create_connection(url, timeout=30)
        channel.send(json.dumps(message))
        wait(lambda: json.loads(channel.recv())["msg_type"] == "execute_reply")
        channel.close()

    def sagemaker(self) -> None:
        """Follow the k-means example with the SDK, which must be imported first; then look and clean up."""
        script = Path(__file__).with_name("example.py")
        self.here("python", str(script), self.cloud.region, timeout=300)

    def spot_and_quota(self) -> None:
        """Look at prices, launch a spot instance, ask for a quota."""
        self.ec2.describe_spot_price_history(InstanceTypes=["t2.micro"], ProductDescriptions=["Linux/UNIX"])
        options = json.loads((SUBMISSION / HOMEWORK.spot.options_file).read_text())
        self.spot = self.launch("t2.micro", self.groups[0], InstanceMarketOptions=options)
        quotas = self.client("service-quotas")
        quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode=HOMEWORK.quota.code, DesiredValue=8)

    def clean_up(self, *, docker: bool) -> None:
        """Remove what the homework removes, and see it gone."""
        if docker:
            self.there("docker stop jupyter", "docker rm jupyter")
        for instance in (self.private, self.spot, self.bastion):
            id = instance["InstanceId"]
            self.ec2.terminate_instances(InstanceIds=[id])
            wait(functools.partial(self.in_state, id, "terminated"))
        for group in self.groups:
            self.ec2.delete_security_group(GroupId=group)


def main() -> None:
    """Do the homework once."""
    parser = argparse.ArgumentParser(description="Do the homework offline, bare.")
    parser.add_argument("--without-docker", action="store_true")
    parser.add_argument("--without-sagemaker", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as state,
        Leash() as leash,
        isolation.offline(),
        OfflineCloud(Path(state)) as offline,
    ):
        plain = Plain(offline.cloud, set_up(leash, offline.cloud))
        begun = time.perf_counter()
        steps: list[tuple[str, Callable[[], None]]] = [
            ("account", plain.account), ("network", plain.network), ("instances", plain.instances),
        ]  # fmt: skip
        if not chosen.without_docker:
            steps += [("docker", plain.docker), ("httpd", plain.web), ("jupyter", plain.jupyter)]
        steps += [("spot, quota", plain.spot_and_quota)]
        if not chosen.without_sagemaker:
            steps += [("sagemaker", plain.sagemaker)]
        steps += [("clean-up", lambda: plain.clean_up(docker=not chosen.without_docker))]
        for name, step in steps:
            step()
            print(f"{name:12} {time.perf_counter() - begun:6.2f} s")
            begun = time.perf_counter()


if __name__ == "__main__":
    main()
