"""Who is calling: root, a user, or a role assumed, and the policies that speak for them."""

from __future__ import annotations

import datetime
import json
import secrets
import string
from collections.abc import Iterator
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
    """The keys of the account: root's own, those of IAM users, and those that STS gave out."""

    def __init__(self, root: Credentials) -> None:
        self.root = root
        self.sessions: dict[str, Key] = {}
        """Temporary keys of users (``GetSessionToken``) by access key."""

    def find(self, access_key: str) -> Key | None:
        """Return the key, or ``None`` where there is no such key."""
        if access_key == self.root.access_key:
            return Key(access_key, self.root.secret_key, ROOT)
        return self.sessions.get(access_key) or self._of_user(access_key) or self._of_role(access_key)

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

    def _of_user(self, access_key: str) -> Key | None:
        key = iam().access_keys.get(access_key)
        user = iam().users.get(key.user_name) if key is not None and key.user_name else None
        if key is None or user is None:
            return None
        caller = Caller("user", user.arn, user.id, user.name)
        return Key(access_key, key.secret_access_key, caller, is_active=key.status == "Active")

    def _of_role(self, access_key: str) -> Key | None:
        from moto.sts.models import sts_backends

        role = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)
        if role is None:
            return None
        caller = Caller("role", role.arn, role.user_id, role.role_arn.rpartition("/")[2], session=role.session_name)
        return Key(access_key, role.secret_access_key, caller, token=role.session_token, expires=role.expiration)


ROOT = Caller("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "root")


def iam() -> Any:
    """Return the account's IAM."""
    from moto.iam.models import iam_backends

    return iam_backends[ACCOUNT]["aws"]


def policies(arn: str) -> Iterator[Document]:
    """Yield the policy documents that speak for a user, group or role (also one assumed); none for root."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    name = path.split("/")[0] if kind == "assumed-role" else path.rpartition("/")[2]
    if kind == "user" and name in iam().users:
        user = iam().users[name]
        yield from _documents(user)
        for group in list(iam().groups.values()):
            if user in group.users:
                yield from _documents(group)
    elif kind == "group" and name in iam().groups:
        yield from _documents(iam().groups[name])
    elif kind in ("role", "assumed-role"):
        role = next((role for role in list(iam().roles.values()) if role.name == name), None)
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
