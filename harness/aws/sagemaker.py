"""SageMaker: what its jobs, endpoints and notebook instances have in common."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from harness.aws.answers import absence
from harness.aws.errors import is_passing
from harness.aws.session import Aws
from harness.errors import CloudTrouble, HarnessError
from harness.waiting import until


class Refused(HarnessError):
    """Says why SageMaker would not begin something: what was asked for cannot be done."""

    @property
    def lacks_data(self) -> bool:
        """Say whether it is for want of the training data."""
        return "No S3 objects found" in str(self)


_log = logging.getLogger(__name__)

EXECUTION_POLICY = "AmazonSageMakerFullAccess"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# FailureReason of a job or endpoint where AWS had no machine, or failed itself ("Troubleshoot Amazon SageMaker AI").
CAPACITY = (
    "CapacityError", "InsufficientInstanceCapacity", "InsufficientCapacity", "ResourceLimitExceeded",
    "InternalServerError",
)  # fmt: skip


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS's calls want them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def is_absent(error: ClientError) -> bool:
    """Say whether an error means that SageMaker does not know the name.

    Most calls say ValidationException, "Could not find …"; some ResourceNotFound; notebook instances RecordNotFound.
    """
    code, words = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "").lower()
    return code in ("ResourceNotFound", "ResourceNotFoundException") or (
        code == "ValidationException"
        and any(sign in words for sign in ("could not find", "not found", "recordnotfound", "does not exist"))
    )


def look_up(call: Callable[..., dict[str, Any]], **name: str) -> dict[str, Any] | None:
    """Return the answer of a describe call, or ``None`` where SageMaker does not know the name."""
    try:
        return call(**name)
    except ClientError as error:
        if is_absent(error):
            return None
        raise


def until_settled(
    what: str,
    describe: Callable[[], dict[str, Any] | None],
    status: str,
    awaited: frozenset[str],
    *,
    timeout: float,
    every: float,
) -> None:
    """Wait until ``describe()[status]`` is one of ``awaited`` or ``Failed``, or the thing has vanished.

    ``timeout`` and ``every`` are seconds. Raises :class:`~harness.errors.TimedOut`, and
    :class:`~harness.errors.CloudTrouble` where AWS had no machine to give.
    """
    ends = awaited | {"Failed"}
    last = until(
        f"{what} is {' or '.join(sorted(awaited))}",
        lambda: _look(describe, status),
        timeout=timeout,
        every=every,
        is_done=lambda seen: not seen.description or seen.status in ends,
        notice=lambda sentence, seconds, seen: _log.info("%.0f s until %s: %s", seconds, sentence, seen),
    )
    reason = last.description.get("FailureReason", "")
    if last.status == "Failed" and reason.startswith(CAPACITY):
        raise CloudTrouble(f"{what}: {reason}")


def _look(describe: Callable[[], dict[str, Any] | None], status: str) -> _Seen:
    """Look once; AWS's passing trouble is no state, and no reason to give up."""
    try:
        return _Seen(describe() or {}, status)
    except Exception as error:
        if not is_passing(error):
            raise
        return _Seen({status: f"unknown, {error}"}, status)


class _Seen:
    """A description that shows itself by its status, for the sentence of a time-out."""

    def __init__(self, description: dict[str, Any], status: str) -> None:
        self.description = description
        self.status = description.get(status, "")

    def __str__(self) -> str:
        return str(self.description.get("SecondaryStatus") or self.status or "absent")


def create_execution_role(aws: Aws, name: str, tags: dict[str, str]) -> str:
    """Create a role that SageMaker may assume, with AWS's policy for it; returns its ARN."""
    iam = aws.client("iam")
    with absence("EntityAlreadyExists"):  # an answer was lost: the name is the run's own
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=tag_list(tags))
    arn: str = iam.get_role(RoleName=name)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:{arn.split(':')[1]}:iam::aws:policy/{EXECUTION_POLICY}")
    return arn


def is_there_already(error: ClientError) -> bool:
    """Say whether an error means that there is something of that name.

    Jobs say ResourceInUse, the others ValidationException: "Cannot create already existing …", "Cannot create a
    duplicate …".
    """
    code, words = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "").lower()
    return code == "ResourceInUse" or (
        code == "ValidationException" and ("already exist" in words or "duplicate" in words)
    )


def once_assumable(work: Callable[[], None], timeout: float, every: float) -> None:
    """Do what needs a role that was made a moment ago: IAM takes seconds until every service knows it.

    ``timeout`` and ``every`` are seconds. That something of the name is there is as good: the name is the run's own,
    and an answer was lost. Raises :class:`Refused` for what SageMaker finds invalid, and botocore's errors. AWS,
    "Troubleshoot IAM", "Changes that I make are not always immediately visible".
    """

    def attempt() -> bool:
        try:
            work()
        except ClientError as error:
            words = error.response["Error"].get("Message", "")
            if "assume role" in words.lower():
                return False
            if is_there_already(error):
                return True
            if error.response["Error"].get("Code") == "ValidationException":
                raise Refused(words) from error
            raise
        return True

    until("the execution role can be assumed", attempt, timeout=timeout, every=every)
