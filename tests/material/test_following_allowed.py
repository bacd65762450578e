"""What a document's commands may do: everything else is refused, and not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.material.document import Machine
from harness.material.following.allowed import Bounds, Refused, check

HOST = "ec2-127-0-0-9.compute-1.amazonaws.com"


@pytest.fixture
def bounds(tmp_path: Path) -> Bounds:
    (tmp_path / "key.pem").write_text("")
    (tmp_path / "out").symlink_to("/etc")
    return Bounds(tmp_path, tmp_path, lambda: {HOST, "127.0.0.9"})


RUN = [
    ("workstation", "aws ec2 describe-vpcs --filters Name=is-default,Values=true"),
    ("workstation", "aws --region=eu-west-1 ec2 describe-spot-price-history --start-time=1"),
    ("workstation", "aws ec2 run-instances --instance-market-options file://spot-options.json"),
    ("workstation", "aws s3 rb s3://bucket --force"),
    ("workstation", "aws configure get region"),
    ("workstation", f"ssh -A ubuntu@{HOST}"),
    ("workstation", "ssh -i key.pem ubuntu@127.0.0.9"),
    ("workstation", "ssh-add -K key.pem"),
    ("workstation", "chmod 400 key.pem"),
    ("workstation", "grep -A4 PublicSG"),
    ("workstation", "head -100"),
    ("workstation", "date +%s"),
    ("workstation", "curl -s http://127.0.0.9:8003/"),
    ("bastion", "sudo apt-get install -y docker-ce"),
    ("bastion", "sudo DEBIAN_FRONTEND=noninteractive apt-get update"),
    ("bastion", "sudo su"),
    ("bastion", "sudo -i"),
    ("bastion", "docker run -d --name web -p8003:80 -v $PWD:/htdocs httpd:2.4"),
    ("bastion", "docker run --name my_ubuntu -ti ubuntu bash"),
    ("bastion", "curl -fsSL https://download.docker.com/linux/ubuntu/gpg"),
    ("bastion", f"ssh ubuntu@{HOST}"),
    ("container", "apt-get update"),
    ("private", "hostname"),
]


@pytest.mark.parametrize(("machine", "line"), RUN)
def test_the_homeworks_commands_are_run(bounds: Bounds, machine: Machine, line: str) -> None:
    check(machine, line.split(), bounds)


REFUSED = [
    ("workstation", "rm -rf key.pem"),
    ("workstation", "bash -c id"),
    ("workstation", "python3 -c 1"),
    ("workstation", "docker run ubuntu"),
    ("workstation", "cat /etc/passwd"),
    ("workstation", "cat out/passwd"),
    ("workstation", "cat ../secret"),
    ("workstation", "cat .aws/credentials"),
    ("workstation", "grep root /etc/passwd"),
    ("workstation", "grep -e root /etc/passwd"),
    ("workstation", "cut -d: -f1 /etc/passwd"),
    ("workstation", "grep -f key.pem"),
    ("workstation", "sort --compress-program=sh key.pem"),
    ("workstation", "aws --endpoint-url http://127.0.0.1 ec2 describe-vpcs"),
    ("workstation", "aws --endpoint-url=http://127.0.0.1 ec2 describe-vpcs"),
    ("workstation", "aws configure set credential_process id"),
    ("workstation", "aws ecr get-login"),
    ("workstation", "aws ec2 import-key-pair --public-key-material fileb:///etc/passwd"),
    ("workstation", "aws ec2 create-tags --tags Key=a,Value@=file:///etc/passwd"),
    ("workstation", "aws ec2 create-tags --cli-input-json https://example.com/x"),
    ("workstation", "aws s3 cp /etc/passwd s3://bucket/x"),
    ("workstation", "ssh -o ProxyCommand=id ubuntu@127.0.0.9"),
    ("workstation", "ssh -F key.pem ubuntu@127.0.0.9"),
    ("workstation", "ssh ubuntu@192.0.2.1"),
    ("workstation", "ssh ubuntu@127.0.0.9 -oProxyCommand=id"),
    ("workstation", "ssh-add -s key.pem"),
    ("workstation", "curl http://192.0.2.1/"),
    ("workstation", "curl https://127.0.0.9/"),
    ("workstation", "curl -L http://127.0.0.9/"),
    ("workstation", "curl -o ../x http://127.0.0.9/"),
    ("workstation", "curl file:///etc/passwd"),
    ("workstation", "date -s 0"),
    ("bastion", "bash -c id"),
    ("bastion", "sudo bash -c id"),
    ("bastion", "sudo -u root python3 x"),
    ("bastion", "env bash"),
    ("bastion", "curl http://192.0.2.1/x"),
    ("bastion", "docker run --privileged ubuntu"),
    ("bastion", "docker run -v /:/host ubuntu"),
    ("bastion", "docker run -v/etc:/host ubuntu"),
    ("bastion", "docker run ubuntu sh -c id"),
    ("bastion", "docker run -ti --name x python:3 python3 -c 1"),
    ("bastion", "docker -H tcp://192.0.2.1 ps"),
    ("container", "curl http://127.0.0.9/"),
    ("notebook", "ls"),
]


@pytest.mark.parametrize(("machine", "line"), REFUSED)
def test_what_could_reach_out_is_refused(bounds: Bounds, machine: Machine, line: str) -> None:
    with pytest.raises(Refused):
        check(machine, line.split(), bounds)


@pytest.mark.parametrize("argv", [[], ["echo", "a\nb"], ["cat", "a\0b"]])
def test_what_is_no_command_line_is_refused(bounds: Bounds, argv: list[str]) -> None:
    with pytest.raises(Refused):
        check("workstation", argv, bounds)
