"""What SageMaker uses of the account's other services: its roles, buckets and logs."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeKey, s3_backends
from moto.utilities.utils import get_partition

from .errors import Refused

_PRINCIPAL = "sagemaker.amazonaws.com"


class Account:
    """An account as SageMaker sees it in one region."""

    def __init__(self, account_id: str, region: str) -> None:
        self.account_id = account_id
        self.region = region
        self._partition = get_partition(region)

    def check_role(self, arn: str) -> None:
        """Refuse a role that does not exist, or that SageMaker may not assume."""
        try:
            trust = iam_backends[self.account_id][self._partition].get_role_by_arn(arn).assume_role_policy_document
        except ServiceException:
            trust = ""
        if not _lets_in(trust):
            raise Refused(
                f"Could not assume role {arn}. Please ensure that the role exists and allows principal"
                f" '{_PRINCIPAL}' to assume the role."
            )

    def keys(self, uri: str) -> list[str]:
        """Return the keys of a bucket that begin with an S3 URI's path, sorted; none if there is no such bucket."""
        bucket, prefix = split_uri(uri)
        try:
            found = self._s3.get_bucket(bucket).keys
        except MissingBucket:
            return []
        names = [name for name in list(found.keys()) if name.startswith(prefix)]
        return sorted(name for name in names if self._object(bucket, name) is not None)

    def read(self, bucket: str, key: str) -> bytes | None:
        """Return an object's content, or ``None`` if there is no such object."""
        found = self._object(bucket, key)
        return None if found is None else bytes(found.value)

    def _object(self, bucket: str, key: str) -> FakeKey | None:
        try:
            found = self._s3.get_object(bucket, key)
        except MissingBucket:
            return None
        return found if isinstance(found, FakeKey) else None  # a delete marker is none

    def write(self, bucket: str, key: str, content: bytes) -> bool:
        """Write an object; return whether there is such a bucket."""
        try:
            self._s3.put_object(bucket, key, content)
        except MissingBucket:
            return False
        return True

    def log(self, group: str, stream: str, *lines: str) -> None:
        """Append lines to a log stream, which is made if need be."""
        logs = logs_backends[self.account_id][self.region]
        if group not in logs.groups:
            logs.create_log_group(group, {})
        logs.ensure_log_stream(group, stream)
        now = int(time.time() * 1000)
        logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])

    def log_arn(self, group: str) -> str:
        """Return the ARN of a log group."""
        return f"arn:{self._partition}:logs:{self.region}:{self.account_id}:log-group:{group}"

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a SageMaker resource."""
        return f"arn:{self._partition}:sagemaker:{self.region}:{self.account_id}:{kind}/{name}"

    @property
    def _s3(self) -> Any:
        return s3_backends[self.account_id][self._partition]


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://`` URI."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def _lets_in(trust: str | dict[str, Any]) -> bool:
    policy = json.loads(trust or "{}") if isinstance(trust, str) else trust
    about = [each.get("Effect") for each in _listed(policy.get("Statement", [])) if _concerns(each)]
    return "Allow" in about and "Deny" not in about


def _concerns(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service", [])) if isinstance(principal, dict) else _listed(principal)
    actions = {action.lower() for action in _listed(statement.get("Action", []))}
    return bool({_PRINCIPAL, "*"} & set(services)) and bool({"sts:assumerole", "sts:*", "*"} & actions)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
