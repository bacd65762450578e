"""The runs of this suite that an account remembers, by the tags of what they made and by names with a run's id."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from dataclasses import dataclass

from harness.aws import sagemaker_kinds as kinds
from harness.aws.answers import absence, pages, tags_of
from harness.aws.budgets import ABSENT as NO_BUDGET
from harness.aws.identity import find_caller
from harness.aws.kinds import RUN_TAG
from harness.aws.session import Aws

OWNER_TAG = "acceptance-owner"
EXPIRY_TAG = "acceptance-expires"
NAMED = re.compile(r"acceptance-(?P<run>[a-z0-9]{6})(?:-sagemaker)?")
"""What a run calls users, groups, roles and budgets, which have no tags or none that can be searched."""


@dataclass(frozen=True)
class RunSeen:
    """A run whose traces are in the account; ``owner`` is the caller's ARN or empty, ``expires`` may be unknown."""

    id: str
    owner: str
    expires: datetime.datetime | None

    @property
    def is_expired(self) -> bool:
        """Say whether whatever is left of it may go."""
        return self.expires is not None and self.expires < datetime.datetime.now(datetime.UTC)

    def __str__(self) -> str:
        return (
            f"run {self.id}"
            + (f" of {self.owner}" if self.owner else "")
            + (f", over by {self.expires:%F %T} UTC" if self.expires else "")
        )


def find_runs(aws: Aws) -> tuple[RunSeen, ...]:
    """Return every run of which something is left in the region, or that is known by a name in the account."""
    tags: dict[str, dict[str, str]] = {name: {} for name in find_names(aws)}
    for each in (*_of_ec2(aws), *_of_the_others(aws)):
        tags.setdefault(each[RUN_TAG], {}).update(each)
    return tuple(_seen(run, known) for run, known in sorted(tags.items()))


def _seen(run: str, tags: dict[str, str]) -> RunSeen:
    expires = tags.get(EXPIRY_TAG, "").replace("Z", "+00:00")
    try:
        moment = datetime.datetime.fromisoformat(expires)
    except ValueError:
        moment = None
    return RunSeen(run, tags.get(OWNER_TAG, ""), moment)


def _of_ec2(aws: Aws) -> list[dict[str, str]]:
    """Return the tags of everything of EC2's that a run tagged; the tagging API knows only some of its kinds."""
    keys = [RUN_TAG, OWNER_TAG, EXPIRY_TAG]
    found = pages(aws, "ec2", "describe_tags", "Tags", Filters=[{"Name": "key", "Values": keys}])
    things: dict[str, dict[str, str]] = defaultdict(dict)
    for tag in found:
        things[tag["ResourceId"]][tag["Key"]] = tag["Value"]
    return [tags for tags in things.values() if RUN_TAG in tags]


def _of_the_others(aws: Aws) -> list[dict[str, str]]:
    found = pages(
        aws, "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=[{"Key": RUN_TAG}]
    )
    return [tags_of(each) for each in found]


def find_names(aws: Aws) -> dict[str, list[tuple[str, str]]]:
    """Return by run the things of the account that are known by a name: kinds of the ledger with their ids."""
    listed = [
        *(("iam-user", user["UserName"]) for user in pages(aws, "iam", "list_users", "Users")),
        *(("iam-group", group["GroupName"]) for group in pages(aws, "iam", "list_groups", "Groups")),
        *((kinds.ROLE, role["RoleName"]) for role in pages(aws, "iam", "list_roles", "Roles")),
        *(("budget", budget) for budget in _budgets(aws)),
    ]
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind, name in listed:
        if match := NAMED.fullmatch(name):
            found[match["run"]].append((kind, name))
    return dict(found)


def _budgets(aws: Aws) -> list[str]:
    with absence(NO_BUDGET):
        budgets = pages(aws, "budgets", "describe_budgets", "Budgets", AccountId=find_caller(aws).account)
        return [budget["BudgetName"] for budget in budgets]
    return []


def find_logs_and_jobs(aws: Aws, run: str) -> list[tuple[str, str]]:
    """Return a run's log group, log streams and running job in the region: kinds of the ledger with their ids."""
    name = f"kmeans-{run}"
    candidates = [
        (kinds.JOB, name),
        (kinds.LOG_GROUP, f"/aws/sagemaker/Endpoints/{name}"),
        (kinds.LOGS, f"/aws/sagemaker/TrainingJobs|{name}/"),
        (kinds.LOGS, f"/aws/sagemaker/NotebookInstances|{name}/"),
    ]
    known = {kind.name: kind for kind in kinds.KINDS}
    return [(kind, id) for kind, id in candidates if not known[kind].is_gone(aws, id)]
