"""The accounts of an offline cloud beside its first: each with an administrator, and a role for whoever manages it."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import catalogue
from harness.cloud import Cloud, Credentials
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.offline.cloud import OfflineCloud

USER = "homework"
GROUP = "administrators"
ROLE = "OrganizationAccountAccessRole"
"""The role that AWS Organizations makes in an account it creates; it trusts the managing account, here the first."""


def check(accounts: list[str], first: str) -> list[str]:
    """Return the accounts once each; raises :class:`~harness.errors.UsageError` for what is no account's number."""
    for account in accounts:
        if not re.fullmatch(r"\d{12}", account, re.ASCII):
            raise UsageError(f"--account {account}: an account is a number of twelve digits.")
        if account == first:
            raise UsageError(f"--account {account}: that is the cloud's first account; name others.")
    return list(dict.fromkeys(accounts))


def made_user(cloud: Cloud) -> Credentials:
    """Make the user that the homework asks for first, and return its access key."""
    from harness.aws import iam
    from harness.aws.session import Aws

    owner = Aws(cloud, cloud.owner)
    iam.create_user(owner, USER, {})
    iam.create_login_profile(owner, USER)
    iam.create_group(owner, GROUP)
    iam.attach_policy(owner, GROUP, catalogue.load().account.policy)
    iam.add_to_group(owner, USER, GROUP)
    return iam.create_access_key(owner, USER)


def furnish(offline: OfflineCloud, credentials: Path) -> dict[str, Credentials]:
    """Make the administrator and the role of every account but the first, and a profile in the credentials file.

    Returns the administrators' keys by account.
    """
    from harness.aws import iam
    from harness.aws.session import Aws

    made = {}
    for account, root in offline.owners.items():
        if account != offline.account:
            cloud = replace(offline.cloud, account=account, owner=root)
            made[account] = made_user(cloud)
            iam.create_role_for(Aws(cloud, root), ROLE, offline.account, catalogue.load().account.policy)
    write_profiles(credentials, offline.region, made)
    return made


def write_profiles(credentials: Path, region: str, keys: Mapping[str, Credentials]) -> None:
    """Add a profile for each account to the files that ``aws configure`` writes, named as the account."""
    for path, prefix in ((credentials.with_name("config"), "profile "), (credentials, "")):
        parser = configparser.RawConfigParser(default_section="")
        parser.read(path, encoding="utf-8")
        for account, key in keys.items():
            secret = {"aws_access_key_id": key.access_key, "aws_secret_access_key": key.secret_key}
            parser[prefix + account] = {"region": region, "output": "json"} if prefix else secret
        with path.open("w", encoding="utf-8") as file:
            parser.write(file)


def lines(accounts: Mapping[str, Credentials]) -> Iterator[str]:
    """Return what to tell of the accounts, as comments of a shell."""
    for account in accounts:
        yield f"# account {account}: aws --profile={account} …, or assume arn:aws:iam::{account}:role/{ROLE}"
