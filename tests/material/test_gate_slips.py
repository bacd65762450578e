"""Slips that a rule explains by itself, whether or not somebody recorded the clauses."""

from __future__ import annotations

import re

import pytest

from harness.material import markdown
from tests.material.gating import edited, found, near, text

LOGIN = "ssh -A ubuntu@YOUR_BASTION_NAME"
LARGE = "--instance-type t2.large --security-group-ids"
WAIT = "wait instance-terminated --instance-ids YOUR_PRIVATE_ID"
SLIPS = [
    ("ssh-add YOUR_KEY_NAME.pem", "ssh-add -d YOUR_KEY_NAME.pem", "LG010"),
    ("ssh-add -L", "ssh-add -D", "LG010"),
    (LOGIN, "ssh -A -p 2222 ubuntu@YOUR_BASTION_NAME", "LG011"),
    (LOGIN, "ssh -A -i ~/.ssh/id_rsa ubuntu@YOUR_BASTION_NAME", "LG011"),
    ("```sh bastion\nssh ubuntu", "```sh workstation\nssh ubuntu", "LG011"),
    (LOGIN, "ssh -A ubuntu@YOUR_BASTION_ID", "PH012"),
    (LARGE, LARGE.replace("group-ids", "groups"), "PH012"),
    (LOGIN, f"$ {LOGIN}", "SH004"),
    ("--cidr 0.0.0.0/0\n", "--cidr 0.0.0.0/0 --dry-run\n", "AS021"),
    ("--sort-order Descending", "--sort-order Ascending", "AS022"),
    ("YOUR_VPC_ID --query GroupId", "vpc-0a1b2c3d4e5f6789 --query GroupId", "AS020"),
    ("Name=state,Values=available", "Name=state,Values=availabel", "AW009"),
    ("configure get region", "configure get regoin", "AW007"),
    ("configure get region", "configure set region", "AW007"),
    ("rb s3://YOUR_BUCKET", "rb YOUR_BUCKET", "AW008"),
    ("rb s3://YOUR_BUCKET --force", "rm s3://YOUR_BUCKET", "AW008"),
    ("such as `us-east-1`", "such as `us-east1`", "AW010"),
    ("file://trust.json", "trust.json", "AW006"),
    ("file://trust.json", "file:/trust.json", "AW006"),
    ("json workstation spot-options.json", "json bastion spot-options.json", "AW006"),
    ("aws sagemaker stop-notebook-instance --notebook-instance-name homework\n", "", "RS007"),
    (WAIT, WAIT.replace("terminated", "running"), "RS011"),
    ("sudo apt-get install -y ca-certificates", "sudo apt-get instal -y ca-certificates", "PG009"),
    ("uname -a", "sudo apt-get update", "PG011"),
    ("-ti ubuntu bash", "-ti ubuntu bsh", "PG011"),
    ("-ti ubuntu bash", "-t ubuntu bash", "DK008"),
    ("docker rm YOUR_CONTAINER_ID", "docker rmi YOUR_CONTAINER_ID", "DK011"),
    ("docker pull httpd:2.4", "docker push httpd:2.4", "DK011"),
    ("docker run hello-world", "docker run --privileged hello-world", "DK010"),
    ("docker pull httpd:2.4", "docker pull httpd:2.4 &", "SH018"),
    ("docker build -t test notebook-image", "docker build -t test notebook-image |", "SH017"),
    ('"$PWD":', "'$PWD':", "SH019"),
    ('"$PWD":', '"$PDW":', "SH019"),
    ("date +%s", "date %s", "SH020"),
    ("FROM ubuntu:24.04", "FROM alpine:3.22", "DF022"),
    (":/usr/bin:/sbin:/bin", ":/sbin", "DF021"),
    ("WORKDIR /notebook", "WORKDIR /notebook\nUSER jovyan", "DF020"),
    ("WORKDIR /notebook", "WORKDIR /notebook\nCOPY requirements.txt .", "DF019"),
    ('"sagemaker>=2.257,<3"', "sagemaker>=2.257,<3", "SA013"),
    ("%pip install", "%pip instal", "SA013"),
    ('output_path=f"s3', 'output_path="s3', "SA014"),
    ("Types: deb\n", "", "VR005"),
    ("Types: deb\n", "Types: deb-src\n", "VR005"),
    ("Components: stable", "Components: main", "VR005"),
    ("linux/ubuntu/gpg -o", "linux/debian/gpg -o", "VR006"),
    ("sources.list.d/docker.sources", "sources.list.d/docker.list", "VR006"),
    ("```sh workstation\nchmod", "```sh wrkstation\nchmod", "MD012"),
    ("<https://hub.docker.com/>", "<https://hub.docker.com/ >", "MD013"),
    ("<https://hub.docker.com/>", "[Docker Hub](https://hub.docker.com/", "MD013"),
    ("lets nobody in; leave it that way.", "lets nobody in. Turn the token off.", "PR004"),
    ('"price": "0.003900"', '"price": "0.003900",', "SA002"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "rule"), SLIPS, ids=[f"{old[:24]}→{new[:24]}" for old, new, _ in SLIPS])
def test_a_slip_is_explained_where_it_stands(old: str, new: str, rule: str | None) -> None:
    document = edited(old, new)
    findings = near(found(document, is_recorded=False), document)
    assert findings
    assert rule is None or rule in {finding.rule for finding in findings}, list(map(str, findings))


def test_a_dockerfile_whose_from_is_misspelt_is_still_one() -> None:
    (block,) = markdown.parse("# T\n\n```\nFORM ubuntu\nRUN a\nENV a=b\nCMD a\n```\n").blocks
    assert block.kind == "dockerfile"


def deeds_missing(paragraph: str) -> set[str]:
    document = re.sub(r"In \*\*Billing and Cost Management\*\*, .*?\n\n", f"{paragraph}\n\n", text(), flags=re.DOTALL)
    return {f.message.split(" will be")[0].split()[-1] for f in found(document) if f.rule == "RQ012"}


@pytest.mark.parametrize(
    ("paragraph", "is_done"),
    [
        ("Create a monthly budget.", True),
        ("Do not forget to create a budget.", True),
        ("If you have no budget yet, create one.", True),
        ("There is no charge for one. Create a budget.", True),
        ("Create no budget.", False),
        ("You need no budget for this.", False),
        ("Go on without a budget.", False),
        ("Don't create a budget.", False),
        ("You can’t make budgets.", False),
        ("You should not create billing alerts: no budget either.", False),
    ],
)
def test_what_the_reader_is_told_not_to_do_is_no_step(paragraph: str, is_done: bool) -> None:
    assert ("account.billing-alert" in deeds_missing(paragraph)) is not is_done
