"""Entering an account by one of its roles."""

from __future__ import annotations

import botocore.exceptions

from harness.aws.errors import classify
from harness.aws.session import Aws
from harness.cloud import Credentials
from harness.errors import UsageError

LASTS = 3600
"""Seconds that the credentials of a role last; with those of another role, AWS gives no more ("Role chaining")."""


def assume(aws: Aws, role_arn: str, session_name: str, external_id: str = "") -> Credentials:
    """Return credentials of a role, for an hour.

    Raises :class:`~harness.errors.UsageError` in one sentence where STS refuses them or does not answer.
    """
    proof = {"ExternalId": external_id} if external_id else {}
    try:
        answer = aws.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName=session_name, DurationSeconds=LASTS, **proof
        )["Credentials"]
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        said = " ".join((classify(error) or str(error)).split())
        raise UsageError(f"{role_arn} cannot be assumed: {said}") from error
    return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
