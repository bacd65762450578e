"""Eventual consistency: what was just created is not known everywhere yet; a layer.

EC2 answers NotFound for it, or leaves it out of a list; a new role cannot be assumed by a service yet, and a new access
key is not taken ("Eventual consistency in the Amazon EC2 API"; IAM, "Changes that I make are not always immediately
visible"). S3 and SageMaker know at once what they were told.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

from botocore.parsers import create_parser

from harness.offline.authentication import refusal
from harness.offline.call import AwsError, Call, Reply, answer
from harness.offline.layers import Next
from harness.offline.weather.calm import Calm

# What an EC2 operation creates: the beginning of its ids, or the parameter that names it.
_CREATES = {"RunInstances": "i-", "CreateSecurityGroup": "sg-", "CreateKeyPair": "KeyName"}
_NOT_FOUND = {
    "i-": ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
    "sg-": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "KeyName": ("InvalidKeyPair.NotFound", "The key pair '{}' does not exist"),
}
_LISTS = {
    "i-": ("Reservations", "InstanceId"),
    "sg-": ("SecurityGroups", "GroupId"),
    "KeyName": ("KeyPairs", "KeyName"),
}
_ROLES = ("RoleArn", "ExecutionRoleArn")


class Eventually:
    """Hides what is new for as long as the weather says."""

    def __init__(self, weather: Calm) -> None:
        self._weather = weather
        self._until: dict[tuple[str, str, str], float] = {}
        """Until when what is hidden: by account, kind and id."""
        self._lock = threading.Lock()

    def __call__(self, call: Call, forward: Next) -> Reply:
        self._check_key(call)
        if call.service == "ec2":
            return self._ec2(call, forward)
        if call.service == "sagemaker":
            self._check_role(call)
        reply = forward(call)
        if call.service == "iam" and reply.status < 400:
            self._learn_iam(call, reply)
        return reply

    def _ec2(self, call: Call, forward: Next) -> Reply:
        hidden = self._hidden(call, "ec2")
        # A launch with the client token of an earlier one is answered as that was, however new it is.
        for id in hidden.intersection(_named(call.parameters)):
            if call.operation not in ("CreateKeyPair", "CreateSecurityGroup"):
                code, message = _NOT_FOUND[_kind(id)]
                raise AwsError(code, message.format(id))
        reply = forward(call)
        if reply.status >= 400:
            return reply
        self._learn_ec2(call, reply)
        shown = [id for id in hidden if id.encode() in reply.body]
        return _without(call, reply, set(shown)) if shown and call.is_reading else reply

    def _learn_ec2(self, call: Call, reply: Reply) -> None:
        created = _CREATES.get(call.operation)
        if created == "KeyName":
            self._hide(call, "ec2", call.parameters.get("KeyName", ""), "ec2.visible")
        elif created:
            for id in set(re.findall(rf"\b{created}[0-9a-f]{{8,17}}\b", reply.body.decode(errors="replace"))):
                if id not in _named(call.parameters):
                    self._hide(call, "ec2", id, "ec2.visible")

    def _learn_iam(self, call: Call, reply: Reply) -> None:
        if call.operation == "CreateRole":
            self._hide(call, "role", call.parameters["RoleName"], "iam.role-visible")
        elif call.operation == "CreateAccessKey":
            for id in re.findall(rb"\bAKIA[A-Z0-9]{16}\b", reply.body):
                self._hide(call, "key", id.decode(), "iam.key-visible")

    def _check_role(self, call: Call) -> None:
        new = self._hidden(call, "role")
        for name in _ROLES if new else ():
            arn = str(call.parameters.get(name, ""))
            if arn.rpartition("/")[2] in new:
                raise AwsError(
                    "ValidationException",
                    f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
                    "'sagemaker.amazonaws.com' to assume the role.",
                )

    def _check_key(self, call: Call) -> None:
        if call.access_key in self._hidden(call, "key"):
            raise refusal(call, "InvalidClientTokenId", "The security token included in the request is invalid.")

    def _hide(self, call: Call, kind: str, id: str, what: str) -> None:
        if not self._weather.has_begun:
            return
        with self._lock:
            self._until.setdefault((call.account, kind, id), self._weather.now() + self._weather.seconds(what))

    def _hidden(self, call: Call, wanted: str) -> set[str]:
        now, place = self._weather.now(), (call.account, wanted)
        with self._lock:
            return {id for (*where, id), until in self._until.items() if tuple(where) == place and until > now}


def _kind(id: str) -> str:
    return next((kind for kind in ("i-", "sg-") if re.fullmatch(rf"{kind}[0-9a-f]{{8,17}}", id)), "KeyName")


def _named(parameters: dict[str, Any]) -> set[str]:
    """Return the values by which a call names things; filters select and do not name."""
    return set(
        _texts({name: value for name, value in parameters.items() if name not in ("Filters", "TagSpecifications")})
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _without(call: Call, reply: Reply, hidden: set[str]) -> Reply:
    """Return the answer to a question without the things that are not known yet."""
    shape = call.model.operation_model(call.operation).output_shape
    given = {"status_code": reply.status, "headers": dict(reply.headers), "body": reply.body}
    result = dict(create_parser(call.protocol).parse(given, shape))
    result.pop("ResponseMetadata", None)
    for kind, (listed, key) in _LISTS.items():
        if listed not in result:
            continue
        if kind == "i-":
            for reservation in result[listed]:
                reservation["Instances"] = [i for i in reservation.get("Instances", []) if i[key] not in hidden]
            result[listed] = [reservation for reservation in result[listed] if reservation["Instances"]]
        else:
            result[listed] = [thing for thing in result[listed] if thing[key] not in hidden]
    return answer(call, result)
