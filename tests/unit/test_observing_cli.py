"""The ``aws`` command as it is found: whose fault it is when it fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.cloud import OFFLINE
from harness.errors import CloudTrouble
from harness.subjects.observing.account import Account
from harness.workstation import Finished

ARN = "arn:aws:iam::1:user/ana"


class Sts:
    """Says who calls, so often; then that the token has expired."""

    def __init__(self, times: int) -> None:
        self.times = times

    def get_caller_identity(self) -> dict[str, str]:
        if self.times == 0:
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity")
        self.times -= 1
        return {"Arn": ARN, "Account": "1"}


def account(said: str, *, times: int, code: int = 254) -> Account:
    """Return an account whose ``aws`` fails with these words, if any, and whose library answers so often."""

    def run(argv: tuple[str, ...], **_: Any) -> Finished:
        if "configure" in argv:
            return Finished(argv, 0, "us-east-1\n", "")
        return Finished(argv, code if said else 0, "" if said else f"{ARN}\n", said)

    found = object.__new__(Account)
    cloud = SimpleNamespace(patience=OFFLINE)
    aws = SimpleNamespace(client=lambda _: sts, region="us-east-1")
    sts = Sts(times)
    found.subject = SimpleNamespace(
        context=SimpleNamespace(cloud=cloud, workstation=SimpleNamespace(run=run)),
        account=SimpleNamespace(identity=SimpleNamespace(aws=lambda: aws)),
    )
    return found


def failed(code: str) -> str:
    return f"An error occurred ({code}) when calling the GetCallerIdentity operation: words"


def test_command_that_works_is_compared_with_the_library():
    cli = account("", times=1).cli()
    assert (cli.arn, cli.region, cli.agrees_with_boto3) == (ARN, "us-east-1", True)


def test_credentials_that_expire_between_library_and_command_are_the_clouds_trouble():
    with pytest.raises(ClientError, match="ExpiredToken"):
        account(failed("ExpiredToken"), times=1).cli()


def test_command_that_is_throttled_is_the_clouds_trouble():
    with pytest.raises(CloudTrouble, match="throttled GetCallerIdentity"):
        account(failed("Throttling"), times=2).cli()


def test_command_that_is_not_answered_in_time_is_the_clouds_trouble():
    with pytest.raises(CloudTrouble, match="AWS did not answer aws sts get-caller-identity in 60 s"):
        account("timed out after 60 s", times=2, code=124).cli()


def test_command_with_other_credentials_than_the_librarys_is_the_students():
    cli = account(failed("InvalidClientTokenId"), times=2).cli()
    assert (cli.arn, cli.identity_exit_code) == (None, 254)
    assert "InvalidClientTokenId" in cli.errors
