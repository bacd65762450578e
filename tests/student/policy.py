"""The policy of a grader who may look and nothing else, drawn from the calls that graded runs make.

``python -m tests.student.policy`` grades an account made for it, in the offline cloud, and writes
``fixtures/grader-policy.json`` anew.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

from harness import isolation
from harness.aws import iam
from harness.cloud import Credentials
from harness.offline.authorization import action
from harness.offline.cloud import OfflineCloud
from tests.student.builder import Builder, building
from tests.student.judging import graded

POLICY = Path(__file__).parents[2] / "fixtures" / "grader-policy.json"
GRADER = "grader"

ALSO = (
    "ec2:GetManagedPrefixListEntries",  # of a rule that names a prefix list
    "iam:ListUsers",  # for a caller that is a role, and of things that others made
    "s3:GetBucketLocation",  # where the list of buckets does not tell regions
    "servicequotas:GetAWSDefaultServiceQuota",  # where the account has no value of its own
)
"""Calls for what the recorded account does not have."""

TRYING = ("sagemaker:CreatePresignedNotebookInstanceUrl", "sagemaker:InvokeEndpoint")
"""What is tried, rather than looked at: a URL that is thrown away, and predictions of some digits."""


def actions_of(offline: OfflineCloud, user: str = GRADER) -> set[str]:
    """Return the actions that a user's calls needed, whether they were granted or not."""
    return {action(event.call) for event in offline.trail.events() if event.caller.name == user}


def document(actions: Iterable[str]) -> dict[str, object]:
    """Return the policy that grants these actions and those of :data:`ALSO`."""
    wanted = {*actions, *ALSO}
    statements = {"Look": wanted - set(TRYING), "Try": wanted & set(TRYING)}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": sorted(granted), "Resource": "*"}
            for sid, granted in statements.items()
        ],
    }


def granted(policy: dict[str, object]) -> set[str]:
    """Return the actions that a policy grants."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def make_grader(work: Builder, policy: dict[str, object]) -> Credentials:
    """Make a user with that policy and nothing more, whom the student's submission is handed to."""
    iam.create_user(work.owner, GRADER, {})
    work.owner.client("iam").put_user_policy(UserName=GRADER, PolicyName="grading", PolicyDocument=json.dumps(policy))
    (work.submission / "student.toml").write_text(f'user = "{work.user}"\n')
    return iam.create_access_key(work.owner, GRADER)


def record(directory: Path) -> set[str]:
    """Grade an account before and after its clean-up, as a user who may do everything; return what was needed."""
    everything = {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }  # fmt: skip
    with OfflineCloud(directory / "cloud") as offline, building(offline.cloud, directory / "home") as work:
        work.do(*Builder.ORDER)
        cloud, environment = work.seen_by(make_grader(work, everything))
        with mock.patch.dict(os.environ, environment):
            graded(cloud, work.submission, directory / "live", "live")
            work.do(*Builder.CLEAN_UP)
            graded(cloud, work.submission, directory / "final", "final")
        return actions_of(offline)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, isolation.offline():
        policy = document(record(Path(directory)))
    POLICY.write_text(json.dumps(policy, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
