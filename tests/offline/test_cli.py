"""The ``aws`` command against the offline cloud: every line of the homework, as it stands there."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def aws(offline, tmp_path_factory):
    """Return a function that runs a line of the homework as its user types it and returns exit code and output."""
    home, owner = tmp_path_factory.mktemp("home"), offline.cloud.owner
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[default]\nregion = us-east-1\noutput = json\n")
    keys = f"aws_access_key_id = {owner.access_key}\naws_secret_access_key = {owner.secret_key}\n"
    (home / ".aws" / "credentials").write_text(f"[default]\n{keys}")
    (home / "spot-options.json").write_text(
        json.dumps({"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.05", "SpotInstanceType": "one-time"}})
    )
    environment = {"HOME": str(home), "PATH": os.defpath, "AWS_ENDPOINT_URL": offline.cloud.endpoint_url}

    def run(line):
        argv = [sys.executable, AWS, *shlex.split(line)[1:]]
        done = subprocess.run(argv, cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr

    return run


def made(answer):
    code, output = answer
    assert code == 0, output
    return json.loads(output or "{}")


def test_the_homework_from_group_to_termination(aws, ec2, vpc) -> None:
    ec2.client.create_key_pair(KeyName="mine")
    group = made(
        aws(f'aws ec2 create-security-group --group-name PublicSG --description "Bastion Host" --vpc-id {vpc}')
    )["GroupId"]
    made(aws(f"aws ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 22 --cidr 0.0.0.0/0"))
    common = (
        f"--image-id ami-0bcc094591f354be2 --security-group-ids {group} --associate-public-ip-address --key-name mine"
    )
    spot = f"aws ec2 run-instances {common} --instance-type t2.micro --instance-market-options file://spot-options.json"
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(aws, (f"aws ec2 run-instances {common} --instance-type t2.large", spot)))
    bastion, cheap = (made(answer)["Instances"][0] for answer in answers)
    assert bastion["SecurityGroups"] == [{"GroupName": "PublicSG", "GroupId": group}]
    assert cheap["InstanceLifecycle"] == "spot"
    code, said = aws(f"aws ec2 delete-security-group --group-id {group}")
    assert code != 0
    assert "DependencyViolation" in said
    ended = made(aws(f"aws ec2  terminate-instances --instance-ids {bastion['InstanceId']}"))
    assert ended["TerminatingInstances"][0]["CurrentState"]["Name"] == "shutting-down"


def test_the_lines_that_look(aws, ec2) -> None:
    lines = [
        "aws ec2 create-default-vpc",
        "aws ec2 describe-vpcs",
        "aws ec2 describe-security-groups",
        "aws ec2 describe-key-pairs",
        "aws ec2 describe-instances",
        "aws ec2 describe-images --filters Name=name,Values='ubuntu/images/hvm-ssd/ubuntu-bionic-18.04*' "
        "Name=architecture,Values=x86_64",
        "aws --region=eu-west-1 ec2 describe-spot-price-history --instance-types t2.large "
        f"--start-time={time.time():.0f} --product-descriptions='Linux/UNIX' "
        "--query 'SpotPriceHistory[*].{az:AvailabilityZone, price:SpotPrice}'",
        "aws sts get-caller-identity",
        "aws configure get region",
    ]
    with ThreadPoolExecutor(2) as pool:
        refused, vpcs, groups, keys, _, images, prices, identity, region = pool.map(aws, lines)
    assert refused[0] != 0
    assert "DefaultVpcAlreadyExists" in refused[1]
    assert made(vpcs)["Vpcs"][0]["IsDefault"]
    assert "default" in [group["GroupName"] for group in made(groups)["SecurityGroups"]]
    assert "KeyPairs" in made(keys)
    assert [image["ImageId"] for image in made(images)["Images"]] == ["ami-0bcc094591f354be2"]
    assert {price["az"] for price in made(prices)} == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
    assert made(identity)["Arn"].endswith(":root")
    assert region == (0, "us-east-1\n")
