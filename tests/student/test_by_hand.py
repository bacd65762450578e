"""A student's account made by hand with the command line, graded live and final by somebody else, gives 100 points."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.aws.inventory import take_inventory
from harness.aws.session import Aws
from harness.cloud import OFFLINE, Cloud, Credentials
from tests.student.policy import GRADER, POLICY
from tests.unit.test_commands_cloud import serving

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("by_hand.sh")
LONGEST = 900


class Account:
    """The account of a cloud in another process, and what is done in it."""

    def __init__(self, variables: dict[str, str], directory: Path) -> None:
        self.directory = directory
        self.submission = directory / "submission"
        shutil.copytree(ROOT / "fixtures" / "submission", self.submission)
        tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self.student = {"PATH": tools, "HOME": str(directory), **variables}
        self.root = Credentials(
            variables["ACCEPTANCE_ROOT_ACCESS_KEY_ID"], variables["ACCEPTANCE_ROOT_SECRET_ACCESS_KEY"]
        )
        self.cloud = Cloud(
            "real", "ec2", "123456789012", variables["AWS_REGION"], OFFLINE, variables["AWS_ENDPOINT_URL"]
        )
        self.grader = self._made_grader()

    def _made_grader(self) -> dict[str, str]:
        """Make whoever grades, with the policy that is for that, and name the student's user in the submission."""
        iam = Aws(self.cloud, self.root).client("iam")
        iam.create_user(UserName=GRADER)
        iam.put_user_policy(UserName=GRADER, PolicyName="grading", PolicyDocument=POLICY.read_text())
        key = iam.create_access_key(UserName=GRADER)["AccessKey"]
        (self.submission / "student.toml").write_text('user = "homework"\n')
        keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        return {**self.student, **keys}

    def by_hand(self, task: str) -> None:
        self._run(self.student, "bash", str(SCRIPT), task, str(self.submission))

    def grade(self, phase: str) -> None:
        """Run the suite as the grader; what it says is in the run's directory."""
        self._run(
            self.grader, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--aws=real",
            "--subject=student", f"--phase={phase}", f"--submission={self.submission}",
            f"--run-dir={self.directory / phase}", f"--account={self.cloud.account}",
        )  # fmt: skip

    def merge(self) -> dict[str, Any]:
        """Merge both phases and return the report."""
        merged = self.directory / "merged"
        self._run(
            self.student, sys.executable, "-m", "harness", "report", str(self.directory / "live"),
            str(self.directory / "final"), "--output", str(merged),
        )  # fmt: skip
        report: dict[str, Any] = json.loads((merged / "report.json").read_text())
        return report

    def _run(self, environment: dict[str, str], *argv: str) -> None:
        done = subprocess.run(
            argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
        )
        assert done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"

    def inventory(self) -> dict[str, Any]:
        aws = Aws(self.cloud, self.root)
        found: dict[str, Any] = {"billed": take_inventory(aws)}
        for service, operation in (
            ("ec2", "describe_security_groups"), ("ec2", "describe_key_pairs"), ("iam", "list_users"),
            ("sagemaker", "list_training_jobs"), ("sagemaker", "list_models"), ("budgets", "describe_budgets"),
        ):  # fmt: skip
            given = {"AccountId": self.cloud.account} if service == "budgets" else {}
            answer = getattr(aws.client(service), operation)(**given)
            found[operation] = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        return found


@pytest.fixture
def account(tmp_path):
    with serving("--state", str(tmp_path / "state")) as (_, variables):
        yield Account(variables, tmp_path / "student")


def test_an_account_made_by_hand_gets_100_points_and_is_left_as_it_was(account) -> None:
    account.by_hand("up")
    before = account.inventory()
    account.grade("live")
    assert account.inventory() == before
    account.by_hand("down")
    before = account.inventory()
    account.grade("final")
    assert account.inventory() == before
    report = account.merge()
    assert (report["score"], report["possible"], report["is_grade"], report["leaks"]) == (100, 100, True, [])
    assert {judged["verdict"] for judged in report["requirements"]} == {"met"}
