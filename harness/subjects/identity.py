"""Who AWS is asked as: an administrator that the reference makes, or the caller as found."""

from __future__ import annotations

import configparser
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.aws import iam, identity
from harness.aws.session import Aws
from harness.cloud import Credentials
from harness.context import Context
from harness.errors import Unmet
from harness.facts.account import User
from harness.ledger import Creation
from harness.steps import Shared, shared_step, step
from harness.workstation import configure


class Identity(Protocol):
    """The homework's IAM user."""

    def aws(self) -> Aws:
        """Return AWS as that user sees it."""

    def user(self) -> User:
        """Return the user as IAM shows it; raises :class:`~harness.errors.Unmet` where there is none."""


def choose(context: Context) -> Identity:
    """Make the user where the cloud was entered as its owner; elsewhere take the caller as it is."""
    return Administrator(context) if context.cloud.owner else CallerAsFound(context)


@dataclass(frozen=True)
class Made:
    """What :meth:`Administrator.made` made; the key's secret is in the credentials file, and only there."""

    user: str
    group: str
    credentials: str


class Administrator:
    """Makes an administrator as the homework says, and works as that user from then on."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.name = f"acceptance-{context.run_id}"

    @property
    def shared(self) -> Shared:
        """Return the results that all processes of the run share: they work as one user."""
        return self.context.shared

    @step
    def aws(self) -> Aws:
        return Aws(self.context.cloud, _read_credentials(Path(self.made().credentials)))

    def user(self) -> User:
        user = iam.find_user(self.owner(), self.made().user)
        assert user is not None, f"user {self.name} vanished"
        return user

    @shared_step
    def made(self) -> Made:
        """Make user and group, and let everything else be hung on them."""
        self.user_created()
        self.login_profile_created()
        self.group_created()
        self.policy_attached()
        self.user_added()
        return Made(self.name, self.name, str(self.key_written()))

    @step
    def owner(self) -> Aws:
        """Return AWS as the account's owner sees it: nothing but the user is made by it."""
        return Aws(self.context.cloud, self.context.cloud.owner)

    @step
    def user_created(self) -> None:
        # What hangs on the user (keys, password, memberships) goes with it and has no entry of its own.
        with self._creating("iam-user") as creation:
            iam.create_user(self.owner(), self.name, self.context.tags)
            creation.id = self.name

    @step
    def login_profile_created(self) -> None:
        iam.create_login_profile(self.owner(), self.name)

    @step
    def group_created(self) -> None:
        with self._creating("iam-group") as creation:
            iam.create_group(self.owner(), self.name)
            creation.id = self.name

    @step
    def policy_attached(self) -> None:
        iam.attach_policy(self.owner(), self.name, self.context.homework.account.policy)

    @step
    def user_added(self) -> None:
        iam.add_to_group(self.owner(), self.name, self.name)

    @step
    def key_written(self) -> Path:
        """Create the access key and configure the workstation with it; returns the credentials file."""
        home, credentials = self.context.workstation.home, iam.create_access_key(self.owner(), self.name)
        return configure(home / ".aws", self.context.cloud.region, credentials)

    def _creating(self, kind: str) -> AbstractContextManager[Creation]:
        region, run = self.context.cloud.region, self.context.run_id
        return self.context.ledger.creating(kind, region, name=self.name, run=run)


class CallerAsFound:
    """Takes whoever calls for the homework's user, and changes nothing of it."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @step
    def aws(self) -> Aws:
        return Aws(self.context.cloud, None)

    def user(self) -> User:
        caller = identity.find_caller(self.aws())
        if caller.is_root:
            raise Unmet("account.iam-user", f"the caller {caller.arn} is the account's root, expected an IAM user")
        policy = self.context.homework.account.policy
        name = caller.user_name
        found = iam.find_user(self.aws(), name) if name else iam.find_likely_worker(self.aws(), policy)
        if found is None:
            raise Unmet("account.iam-user", f"account {caller.account} has no IAM user, expected one for the work")
        return found


def _read_credentials(path: Path) -> Credentials:
    parser = configparser.RawConfigParser(default_section="")
    parser.read(path, encoding="utf-8")
    profile = parser["default"]
    return Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"])
