"""Entering AWS with the caller's own credentials: in which region, and into whose account."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace
from pathlib import Path

import boto3
import botocore.exceptions
import botocore.session

from harness.aws.errors import classify
from harness.aws.identity import find_caller
from harness.aws.session import Aws
from harness.cloud import Cloud, Patience
from harness.errors import UsageError
from harness.facts.account import Caller

NO_ENTRY = (
    botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, ValueError, OSError, EOFError,
    getpass.GetPassWarning,
)  # fmt: skip
"""What AWS answers, and what botocore lets through of endpoints that are none, programs that are to say credentials
(``credential_process``), and of asking for a second factor where there is no terminal."""


def enter(region: str | None, account: str | None, *, patience: Patience, ssh_config: Path | None) -> Cloud:
    """Return the cloud that the caller's credentials open; nothing is created or changed.

    ``region`` and ``account`` are ``None`` for the caller's own. ``AWS_ENDPOINT_URL`` is heeded, as boto3 does. Raises
    :class:`~harness.errors.UsageError` in one sentence where there are no usable credentials, no such region, nobody
    who answers, or another account than ``account``.
    """
    cloud = Cloud(
        name="real",
        hosts="ec2",
        account="",
        region=_region(region),
        patience=patience,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
        ssh_config=ssh_config,
    )
    caller = caller_of(cloud)
    if account is not None and caller.account != account:
        raise UsageError(
            f"--account {account}: the credentials are of account {caller.account} ({caller.arn}); change one of them."
        )
    return replace(cloud, account=caller.account, caller=caller.arn)


def _region(wanted: str | None) -> str:
    try:
        session = boto3.Session()  # reads the configuration, also where a region is named
        found = wanted or session.region_name
    except botocore.exceptions.ProfileNotFound as error:
        raise UsageError(f"{error}; set AWS_PROFILE to one that is there.") from error
    except botocore.exceptions.BotoCoreError as error:
        raise UsageError(f"The AWS configuration cannot be used: {_plain(str(error))}; mend it.") from error
    if not found:
        raise UsageError("No region is configured; name one with --region, or run aws configure.")
    if not is_region(found):
        raise UsageError(f"{found!r} is not a region of AWS; name one such as us-east-1 with --region.")
    return str(found)


def is_region(name: str) -> bool:
    """Say whether AWS has a region of that name, in any of its partitions: asked for in another, nobody answers."""
    session = boto3.Session()
    partitions = session.get_available_partitions()
    return any(name in session.get_available_regions("ec2", partition_name=partition) for partition in partitions)


def caller_of(cloud: Cloud) -> Caller:
    """Return whom the caller's credentials belong to; raises :class:`~harness.errors.UsageError` in one sentence."""
    try:
        return find_caller(Aws(cloud, None))
    except NO_ENTRY as error:
        where = f" at {cloud.endpoint_url}" if cloud.endpoint_url else ""
        said = classify(error) or f"{type(error).__name__}: {error}"
        raise UsageError(f"AWS{where} cannot be entered in {cloud.region}: {_plain(said)}") from error


def _plain(said: str) -> str:
    return " ".join(said.split())
