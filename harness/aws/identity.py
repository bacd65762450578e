"""Who is calling."""

from __future__ import annotations

from harness.aws.session import Aws
from harness.facts.account import Caller


def find_caller(aws: Aws) -> Caller:
    """Return whom STS takes the caller for."""
    answer = aws.client("sts").get_caller_identity()
    return Caller(arn=answer["Arn"], account=answer["Account"])
