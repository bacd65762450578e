"""The gate's way of following: the commands that ask AWS, really run in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import catalogue
from harness.commands.following import follow
from harness.material import DEFAULT, markdown
from harness.material.finding import Finding

BEGIN = """# Homework

In the console, open **IAM**, create a group. Attach the policy `AdministratorAccess` to it. Create a user with access
to the console, and add it to the group. Create an access key for the command line.

```sh workstation
aws configure
```

Create a key pair. Its name is `YOUR_KEY_NAME`.
"""
REAL = Path(__file__).parents[3] / "shared" / "homework" / "HW02.md"


def found(text: str) -> list[tuple[int, str]]:
    document = markdown.parse(f"{BEGIN}\n{text}", Path("homework.md"))
    first = len(BEGIN.split("\n"))
    return [(finding.line - first, finding.rule) for finding in follow(document, catalogue.load())]


def shell(*lines: str) -> str:
    return "\n".join(("```sh workstation", *lines, "```", ""))


def test_the_default_document_has_no_findings() -> None:
    assert not [str(finding) for finding in follow(markdown.load(DEFAULT), catalogue.load())]


def test_what_is_looked_for_and_not_printed_is_found() -> None:
    text = shell(
        "aws ec2 create-security-group --group-name PublicSG --description Bastion --vpc-id YOUR_VPC_ID",
        "aws ec2 describe-security-groups | grep -A1 PublicSG | grep GroupId",
        "aws ec2 describe-vpcs | grep DefaultVpcId",
        "# Prints YOUR_ROLE_ARN.",
        "aws ec2 describe-vpcs --query 'Vpcs[7].VpcId' --output text",
    )
    text = shell("# Prints YOUR_VPC_ID.", "aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text") + text
    nothing = "follow.prints-nothing"
    assert found(text) == [(7, nothing), (8, nothing), (10, nothing)]


def test_what_fails_and_what_is_not_known_is_found() -> None:
    text = shell(
        "aws ec2 describe-vpcs | grep VpcId",
        "aws ec2 run-instances --image-id ami-00000000 --instance-type t2.micro --key-name YOUR_KEY_NAME",
        "aws ec2 terminate-instances --instance-ids i-0d0fd239ccae129e4",
        "aws sagemaker delete-model --model-name YOUR_MODEL",
    )
    assert found(text) == [
        (3, "follow.fails"),
        (4, "follow.not-own"),
        (4, "follow.fails"),
        (5, "follow.no-value"),
    ]


def test_hostile_commands_are_found_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = shell(
        f"aws ec2 describe-vpcs; touch {mark}",
        f"echo $(touch {mark})",
        f"bash -c 'touch {mark}'",
        f"aws ec2 describe-vpcs > {mark}",
        f"aws configure set credential_process 'touch {mark}'",
        "curl file:///etc/passwd",
        "cat ~/.aws/credentials",
    )
    rules = {rule for _, rule in found(text)}
    assert rules == {"follow.not-run"}
    assert not mark.exists()


def test_a_sentence_that_nobody_knows_is_found() -> None:
    assert found("Reboot the toaster.\n") == [(1, "follow.unknown")]


@pytest.mark.skipif(not REAL.is_file(), reason="the course's own document is not at hand")
def test_the_real_document_is_followed() -> None:
    findings: list[Finding] = follow(markdown.load(REAL), catalogue.load())
    lines = {finding.line for finding in findings}
    assert {90, 99, 157, 300, 440} <= lines, sorted(lines)
