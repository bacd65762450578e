"""STS and IAM about the caller: moto takes every stranger for one and the same user, and forgets session tokens."""

from __future__ import annotations

import datetime
import json
from typing import Any

from harness.offline.authorization import action, context, resources
from harness.offline.call import AwsError, Call, Reply
from harness.offline.identity import Caller, Identities, find_role, iam
from harness.offline.layers import Next, Result
from harness.offline.policies import decide, matches


def get_caller_identity(call: Call) -> Result:
    """Answer with who signed the call."""
    caller = _caller(call)
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


class SessionTokens:
    """STS GetSessionToken: temporary keys that speak for the same user."""

    def __init__(self, identities: Identities) -> None:
        self.identities = identities

    def get_session_token(self, call: Call) -> Result:
        """Answer with a key that lasts ``DurationSeconds`` (12 hours unless told)."""
        caller = _caller(call)
        if caller.kind == "role":
            raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        seconds = int(call.parameters.get("DurationSeconds") or 43_200)
        key = self.identities.lend(call.access_key or "", datetime.timedelta(seconds=seconds))
        return {
            "Credentials": {
                "AccessKeyId": key.access_key, "SecretAccessKey": key.secret, "SessionToken": key.token,
                "Expiration": key.expires,
            }
        }  # fmt: skip


def get_user_of_root(call: Call, forward: Next) -> Reply:
    """Is a layer: GetUser without a name, by root, is about root itself ("GetUser", IAM API reference)."""
    from harness.offline.call import answer

    if (call.service, call.operation) != ("iam", "GetUser") or call.parameters.get("UserName"):
        return forward(call)
    caller = _caller(call)
    if caller.kind != "root":
        return forward(call)
    created = datetime.datetime(2026, 1, 1)  # moto's serializer wants naive UTC
    user = {"Path": "/", "UserName": "root", "UserId": caller.user_id, "Arn": caller.arn, "CreateDate": created}
    return answer(call, {"User": user})


def only_trusted_assume(call: Call, forward: Next) -> Reply:
    """Is a layer: AssumeRole needs a role, of any account, that exists and whose trust policy names the caller."""
    if (call.service, call.operation) != ("sts", "AssumeRole"):
        return forward(call)
    caller, arn = _caller(call), call.parameters.get("RoleArn", "")
    if caller.kind == "root":
        raise AwsError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    role = find_role(arn)
    if role is None or not trusts(json.loads(role.assume_role_policy_document), call, caller):
        raise AwsError(
            "AccessDenied", f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}", 403
        )
    return forward(call)


def only_own_buckets(call: Call, forward: Next) -> Reply:
    """Is a layer: a bucket of another account opens to those whom its policy names; moto opens it to all."""
    if call.service != "s3" or call.operation == "CreateBucket":
        return forward(call)
    from moto.s3.models import s3_backends

    name = call.parameters.get("Bucket", "")
    _, owner = s3_backends.bucket_accounts.get(name, ("", call.account))
    if owner == call.account:
        return forward(call)
    policy = s3_backends[owner]["aws"].get_bucket_policy(name)
    if not (policy and trusts(json.loads(policy), call, _caller(call), action(call), resources(call)[0])):
        raise AwsError("AccessDenied", "Access Denied", 403)
    return forward(call)


def only_own_policies(call: Call, forward: Next) -> Reply:
    """Is a layer: AWS's own policies belong to no account, so that nobody deletes them; moto lets everybody."""
    arn = call.parameters.get("PolicyArn", "")
    if (call.service, call.operation) == ("iam", "DeletePolicy") and ":aws:policy/" in arn:
        refused = f"User: {_caller(call).arn} is not authorized to perform: iam:DeletePolicy on resource: policy {arn}"
        raise AwsError("AccessDenied", refused, 403)
    return forward(call)


def trusts(
    document: dict[str, Any], call: Call, caller: Caller, what: str = "sts:AssumeRole", resource: str = "*"
) -> bool:
    """Say whether a policy of a resource lets a caller do something."""
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    naming = [statement for statement in listed if _names(statement.get("Principal", {}), caller)]
    facts = context(call, caller) | {"sts:externalid": call.parameters.get("ExternalId", "")}
    return decide([{"Statement": naming}], what, resource, facts) == "allowed"


def _names(principal: Any, caller: Caller) -> bool:
    if principal == "*":
        return True
    named = principal.get("AWS", [])
    account = [caller.account, f"arn:aws:iam::{caller.account}:root", "*"]
    if caller.kind == "role":
        account += [role.arn for role in list(iam(caller.account).roles.values()) if role.name == caller.name]
    return any(name in account or matches(name, caller.arn) for name in (named if isinstance(named, list) else [named]))


def _caller(call: Call) -> Caller:
    if call.caller is None:
        raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    return call.caller
