"""A student's account is found, judged while it is up and after its clean-up, and left exactly as it was."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest

from harness import catalogue
from harness.aws.inventory import take_inventory
from harness.offline.cloud import OfflineCloud
from harness.verdict import Judgement
from tests.student.builder import Builder, building
from tests.student.judging import graded
from tests.student.policy import POLICY, actions_of, document, granted, make_grader

LISTS = {
    "ec2": ("describe_security_groups", "describe_key_pairs", "describe_vpcs", "describe_spot_instance_requests"),
    "iam": ("list_users", "list_groups", "list_roles"),
    "sagemaker": ("list_training_jobs", "list_models", "list_endpoint_configs"),
}
ON_THE_BASTION = (
    "docker ps -aq --no-trunc | xargs docker inspect -f '{{.Id}} {{.Name}} {{.State.Status}} {{.State.StartedAt}}'",
    "docker images -a --format '{{.ID}} {{.Repository}}:{{.Tag}} {{.Digest}}'",
    "find . -type f | sort | xargs md5sum",
)


@dataclass
class Graded:
    """What came of grading an account live and final, and what was there before and after each time."""

    live: dict[str, Judgement] = field(default_factory=dict)
    final: dict[str, Judgement] = field(default_factory=dict)
    inventories: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    actions: set[str] = field(default_factory=set)


def inventory(work: Builder, *, is_up: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"billed": take_inventory(work.owner)}
    for service, operations in LISTS.items():
        for operation in operations:
            answer = getattr(work.owner.client(service), operation)()
            found[operation] = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return found | ({line: work.ssh(line) for line in ON_THE_BASTION} if is_up else {})


@pytest.fixture(scope="module")
def account(tmp_path_factory) -> Graded:
    """Build an account, grade it with the grader's policy, clean up, and grade it again."""
    directory, result = tmp_path_factory.mktemp("student"), Graded()
    with OfflineCloud(directory / "cloud") as offline, building(offline.cloud, directory / "home") as work:
        work.do(*Builder.ORDER)
        cloud, environment = work.seen_by(make_grader(work, json.loads(POLICY.read_text())))
        with mock.patch.dict(os.environ, environment):
            before = inventory(work, is_up=True)
            result.live = graded(cloud, work.submission, directory / "live", "live")
            result.inventories.append((before, inventory(work, is_up=True)))
            work.do(*Builder.CLEAN_UP)
            before = inventory(work, is_up=False)
            result.final = graded(cloud, work.submission, directory / "final", "final")
            result.inventories.append((before, inventory(work, is_up=False)))
        result.actions = actions_of(offline)
    return result


def test_all_is_met_while_it_is_up_and_after_the_clean_up(account) -> None:
    verdicts = account.live | account.final
    assert {id: judged for id, judged in verdicts.items() if judged.verdict != "met"} == {}
    assert verdicts.keys() == catalogue.load().requirements.keys()


def test_grading_leaves_the_account_and_the_bastion_as_they_were(account) -> None:
    for before, after in account.inventories:
        assert after == before


def test_the_policy_grants_exactly_what_grading_needs(account) -> None:
    assert granted(json.loads(POLICY.read_text())) == granted(document(account.actions))
