"""Who is calling: root, a user, or a role assumed, and the policies that speak for them.

A cloud has one account or several. Each has a root of its own; whoever else calls belongs to the account that made
the key, and a role assumed to the account of the role.
"""

from __future__ import annotations

import datetime
import json
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.cloud import Credentials
from harness.offline.loading import ACCOUNT

Document = dict[str, Any]
_LETTERS = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Caller:
    """An identity as STS tells it; ``name`` is the user's, the role's, or ``root``."""

    kind: Literal["root", "user", "role"]
    arn: str
    user_id: str
    name: str
    account: str = ACCOUNT
    session: str = ""
    session_policy: str = ""
    """What a role was narrowed to when it was assumed: a policy document as JSON, or nothing."""


@dataclass(frozen=True)
class Key:
    """An access key that exists, with what is needed to check a signature made with it."""

    access_key: str
    secret: str = field(repr=False)
    caller: Caller
    is_active: bool = True
    token: str | None = field(default=None, repr=False)
    expires: datetime.datetime | None = None


class Identities:
    """The keys of all accounts: each root's own, those of IAM users, and those that STS gave out."""

    def __init__(self, roots: Mapping[str, Credentials]) -> None:
        self.roots = dict(roots)
        self.sessions: dict[str, Key] = {}
        """Temporary keys of users (``GetSessionToken``) by access key."""

    def find(self, access_key: str) -> Key | None:
        """Return the key, or ``None`` where there is no such key."""
        for account, root in self.roots.items():
            if access_key == root.access_key:
                return Key(access_key, root.secret_key, root_of(account))
        if access_key in self.sessions:
            return self.sessions[access_key]
        found = (_of_user(access_key, account) or _of_role(access_key, account) for account in self.roots)
        return next((key for key in found if key is not None), None)

    def lend(self, access_key: str, lifetime: datetime.timedelta) -> Key:
        """Make a temporary key for whoever an access key belongs to; raises ``LookupError`` for nobody's."""
        found = self.find(access_key)
        if found is None:
            raise LookupError(f"there is no access key {access_key}")
        expires = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + lifetime
        name = "ASIA" + "".join(secrets.choice(_LETTERS) for _ in range(16))
        key = Key(name, secrets.token_urlsafe(30), found.caller, token=secrets.token_urlsafe(96), expires=expires)
        self.sessions[name] = key
        return key


def _of_user(access_key: str, account: str) -> Key | None:
    key = iam(account).access_keys.get(access_key)
    user = iam(account).users.get(key.user_name) if key is not None and key.user_name else None
    if key is None or user is None:
        return None
    caller = Caller("user", user.arn, user.id, user.name, account)
    return Key(access_key, key.secret_access_key, caller, is_active=key.status == "Active")


def _of_role(access_key: str, account: str) -> Key | None:
    from moto.sts.models import sts_backends

    role = sts_backends[account]["aws"].get_assumed_role_from_access_key(access_key)
    if role is None:
        return None
    name = role.role_arn.rpartition("/")[2]
    caller = Caller("role", role.arn, role.user_id, name, account, role.session_name, role.policy or "")
    return Key(access_key, role.secret_access_key, caller, token=role.session_token, expires=role.expiration)


def root_of(account: str) -> Caller:
    """Return an account's root."""
    return Caller("root", f"arn:aws:iam::{account}:root", account, "root", account)


def iam(account: str = ACCOUNT) -> Any:
    """Return an account's IAM."""
    from moto.iam.models import iam_backends

    return iam_backends[account]["aws"]


def find_role(arn: str) -> Any:
    """Return a role of whichever account, or ``None``; an account in which nobody did anything yet has none."""
    from moto.iam.models import iam_backends

    account = account_of(arn)
    roles = list(iam(account).roles.values()) if account in iam_backends else []
    return next((role for role in roles if role.arn == arn), None)


def account_of(arn: str) -> str:
    """Return the account that an ARN names, or ``""``."""
    return (arn.split(":", 5) + [""] * 5)[4]


def policies(arn: str) -> Iterator[Document]:
    """Yield the policy documents that speak for a user, group or role (also one assumed); none for root."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    name = path.split("/")[0] if kind == "assumed-role" else path.rpartition("/")[2]
    known = iam(account_of(arn))
    if kind == "user" and name in known.users:
        user = known.users[name]
        yield from _documents(user)
        for group in list(known.groups.values()):
            if user in group.users:
                yield from _documents(group)
    elif kind == "group" and name in known.groups:
        yield from _documents(known.groups[name])
    elif kind in ("role", "assumed-role"):
        role = next((role for role in list(known.roles.values()) if role.name == name), None)
        yield from _documents(role) if role is not None else ()


def _documents(entity: Any) -> Iterator[Document]:
    for inline in list(entity.policies.values()):
        yield _document(inline)
    for managed in list(entity.managed_policies.values()):
        version = next(version for version in managed.versions if version.is_default)
        yield _document(version.document)


def _document(text: Any) -> Document:
    document: Document = json.loads(text) if isinstance(text, str) else text
    return document
