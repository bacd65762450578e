"""The dress rehearsal: a cloud in one process, and in another the real mode as it would be pointed at AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pytest

from bench.torture import inventory
from harness import catalogue, isolation
from harness.ledger import Ledger
from tests.unit.test_commands_cloud import serving

ROOT = Path(__file__).parents[2]
ACCOUNT, LONGEST = "123456789012", 600
ONCE = {
    "RunInstances": 3, "CreateSecurityGroup": 2, "CreateKeyPair": 1, "CreateRole": 1, "CreateTrainingJob": 1,
    "CreateModel": 1, "CreateEndpointConfig": 1, "CreateEndpoint": 1, "CreateNotebookInstance": 1, "CreateBudget": 1,
}  # fmt: skip
"""What the whole homework creates, by the call that creates it: bastion, private and spot instance, two groups …"""


class Rehearsal:
    """A run of the whole homework in a cloud of its own, and what the account held before and after."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        with serving("--state", str(directory / "state")) as (_, variables):
            root = variables["ACCEPTANCE_ROOT_ACCESS_KEY_ID"], variables["ACCEPTANCE_ROOT_SECRET_ACCESS_KEY"]
            owner, url = boto3.Session(*root, region_name=variables["AWS_REGION"]), variables["AWS_ENDPOINT_URL"]
            before = inventory.take(owner, url, ACCOUNT)
            self.done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--aws=real",
                 f"--run-dir={directory / 'run'}", *arguments],
                cwd=ROOT, env={**isolation.without_aws(os.environ), **variables}, capture_output=True, text=True,
                timeout=LONGEST, check=False,
            )  # fmt: skip
            self.left, self.touched = inventory.differences(before, inventory.take(owner, url, ACCOUNT))
            self.created = _created(owner.client("cloudtrail", endpoint_url=url))
        self.report: dict[str, Any] = json.loads((directory / "run" / "report.json").read_text())
        self.ledger = Ledger(directory / "run" / "ledger.jsonl")


def _created(trail: Any) -> Counter[str]:
    """Return how often each creating call succeeded, as the account's event history has it."""
    found: Counter[str] = Counter()
    for name in ONCE:
        wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
        events = trail.lookup_events(LookupAttributes=wanted)["Events"]
        found[name] = sum("errorCode" not in json.loads(event["CloudTrailEvent"]) for event in events)
    return found


@pytest.fixture(scope="module", params=[(), ("-n", "2")], ids=["one process", "two workers"])
def rehearsal(request, tmp_path_factory):
    return Rehearsal(tmp_path_factory.mktemp("rehearsal"), *request.param)


def test_all_points_are_given(rehearsal):
    assert rehearsal.done.returncode == 0, rehearsal.done.stdout[-4000:] + rehearsal.done.stderr[-2000:]
    report = rehearsal.report
    assert (report["score"], report["possible"], report["is_grade"]) == (100, 100, True)
    assert {judged["id"] for judged in report["requirements"] if judged["verdict"] == "met"} == set(
        catalogue.load().requirements
    )


def test_account_and_bill_were_named_before_anything_was_created(rehearsal):
    said = rehearsal.done.stdout
    assert "account 123456789012, region us-east-1, as arn:aws:iam::123456789012:user/homework" in said
    assert said.index("estimate: $") < said.index("spent: about $")


def test_nothing_was_created_twice_and_nothing_is_left(rehearsal):
    assert rehearsal.created == ONCE
    assert (rehearsal.report["leaks"], rehearsal.touched) == ([], [])
    assert [thing for thing in rehearsal.left if not thing.startswith("log group /aws/sagemaker/")] == []
    assert [entry.kind for entry in rehearsal.ledger.open_entries()] == []
