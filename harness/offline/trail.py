"""Every call, written down as CloudTrail does ("CloudTrail record contents", CloudTrail user guide)."""

from __future__ import annotations

import datetime
import functools
import json
import re
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from harness.offline.call import Call, Reply
from harness.offline.identity import Caller
from harness.offline.layers import Next

_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRETS = {
    "Password",
    "NewPassword",
    "OldPassword",
    "SecretAccessKey",
    "SessionToken",
    "KeyMaterial",
    "PublicKeyMaterial",
}
_GLOBAL = {"iam", "sts", "budgets", "pricing"}
_SOURCES = {
    "cloudwatch": "monitoring", "service-quotas": "servicequotas", "resourcegroupstaggingapi": "tagging",
    "sagemaker-runtime": "sagemaker",
}  # fmt: skip
_ID = re.compile(rb"\b(ami|eni|i|igw|key|rtb|sg|sgr|sir|snap|subnet|vol|vpc|eipalloc)-[0-9a-f]{8,17}\b")
_TYPES = {
    "ami": "AWS::EC2::Ami", "eni": "AWS::EC2::NetworkInterface", "i": "AWS::EC2::Instance",
    "igw": "AWS::EC2::InternetGateway", "key": "AWS::EC2::KeyPair", "rtb": "AWS::EC2::RouteTable",
    "sg": "AWS::EC2::SecurityGroup", "sgr": "AWS::EC2::SecurityGroupRule", "sir": "AWS::EC2::SpotInstanceRequest",
    "snap": "AWS::EC2::Snapshot", "subnet": "AWS::EC2::Subnet", "vol": "AWS::EC2::Volume", "vpc": "AWS::EC2::VPC",
    "eipalloc": "AWS::EC2::EIP",
}  # fmt: skip
_NAMED = {
    "KeyName": "AWS::EC2::KeyPair", "UserName": "AWS::IAM::User", "GroupName": "AWS::IAM::Group",
    "RoleName": "AWS::IAM::Role", "PolicyArn": "AWS::IAM::Policy", "AccessKeyId": "AWS::IAM::AccessKey",
    "Bucket": "AWS::S3::Bucket", "TrainingJobName": "AWS::SageMaker::TrainingJob", "ModelName": "AWS::SageMaker::Model",
    "EndpointName": "AWS::SageMaker::Endpoint", "EndpointConfigName": "AWS::SageMaker::EndpointConfig",
    "NotebookInstanceName": "AWS::SageMaker::NotebookInstance", "BudgetName": "AWS::Budgets::Budget",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One call: who, when, what, on what, with which end. Secrets in parameters and answers are hidden."""

    call: Call = field(repr=False)
    caller: Caller
    reply: Reply = field(repr=False)
    time: datetime.datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """Return the operation, such as ``TerminateInstances``."""
        return self.call.operation

    @property
    def source(self) -> str:
        """Return the service as CloudTrail names it, such as ``ec2.amazonaws.com``."""
        return f"{_SOURCES.get(self.call.service, self.call.service)}.amazonaws.com"

    @property
    def region(self) -> str:
        """Return where the event is kept: global services write to us-east-1."""
        return "us-east-1" if self.call.service in _GLOBAL else self.call.region

    @property
    def user(self) -> str:
        """Return the user's name, or the session's for a role."""
        return self.caller.session or self.caller.name

    @functools.cached_property
    def resources(self) -> tuple[tuple[str, str], ...]:
        """Return type and name of every resource in the request, and in the answer of a call that changed something."""
        searched = json.dumps(self.parameters).encode() + (b"" if self.call.is_reading else self.reply.body[:65536])
        by_id = {match.group(0).decode(): _TYPES[match.group(1).decode()] for match in _ID.finditer(searched)}
        for name, kind in _NAMED.items():
            value = self.parameters.get(name)
            if isinstance(value, str):
                by_id[value] = "AWS::EC2::SecurityGroup" if (name, self.call.service) == ("GroupName", "ec2") else kind
        return tuple((kind, id) for id, kind in by_id.items())

    @functools.cached_property
    def parameters(self) -> dict[str, Any]:
        """Return the request's parameters without secrets, as JSON-able values."""
        plain: dict[str, Any] = _without_secrets(json.loads(json.dumps(self.call.parameters, default=_as_text)))
        return plain

    @functools.cached_property
    def record(self) -> dict[str, Any]:
        """Return the event as CloudTrail's JSON record."""
        failed = self.reply.code
        record = {
            "eventVersion": "1.11",
            "userIdentity": self._identity(),
            "eventTime": self.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": self.call.environ.get("REMOTE_ADDR", ""),
            "userAgent": self.call.headers.get("User-Agent", ""),
            "requestParameters": {_lowered(name): value for name, value in self.parameters.items()} or None,
            "responseElements": None if self.call.is_reading or failed else self._elements(),
            "requestID": self.call.request_id,
            "eventID": self.id,
            "readOnly": self.call.is_reading,
            "eventType": "AwsApiCall",
            "managementEvent": not self.call.is_data_event,
            "recipientAccountId": self.caller.account,
            "eventCategory": "Data" if self.call.is_data_event else "Management",
        }
        return record | ({"errorCode": failed, "errorMessage": self._message()} if failed else {})

    def _identity(self) -> dict[str, Any]:
        kinds = {"root": "Root", "user": "IAMUser", "role": "AssumedRole"}
        identity = {
            "type": kinds[self.caller.kind], "principalId": self.caller.user_id, "arn": self.caller.arn,
            "accountId": self.caller.account, "accessKeyId": self.call.access_key,
        }  # fmt: skip
        return identity | ({"userName": self.caller.name} if self.caller.kind == "user" else {})

    def _answer(self) -> dict[str, Any]:
        from botocore.parsers import create_parser

        parser = create_parser(self.call.protocol)
        shape = self.call.model.operation_model(self.call.operation).output_shape
        answered = {"status_code": self.reply.status, "headers": dict(self.reply.headers), "body": self.reply.body}
        parsed: dict[str, Any] = parser.parse(answered, shape)
        return parsed

    def _elements(self) -> dict[str, Any] | None:
        try:
            answered = self._answer()
        except Exception:  # noqa: BLE001 - an answer that botocore cannot read is simply not shown
            return None
        plain = json.loads(json.dumps(answered, default=_as_text))
        return {_lowered(k): v for k, v in _without_secrets(plain).items() if k != "ResponseMetadata"} or None

    def _message(self) -> str:
        found = re.search(rb"(?:<Message>|\"[mM]essage\": \")([^<\"]*)", self.reply.body[:4000])
        return found.group(1).decode(errors="replace") if found else ""


class Trail:
    """Keeps the newest events of all accounts; a layer. A call whose caller is unknown leaves no event, as on AWS."""

    def __init__(self, keep: int = 50_000) -> None:
        self._events: deque[Event] = deque(maxlen=keep)

    def __call__(self, call: Call, forward: Next) -> Reply:
        reply = forward(call)
        if call.caller is not None and call.operation:
            is_wanted = not call.is_data_event and (reply.status >= 400 or not call.is_reading)
            answered = reply if is_wanted else Reply(reply.status, reply.headers, b"", reply.code)
            self._events.append(Event(call.remembered(), call.caller, answered, datetime.datetime.now(datetime.UTC)))
        return reply

    def events(self) -> list[Event]:
        """Return what was recorded, the newest first."""
        return list(reversed(self._events))


def _as_text(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return f"({len(value)} bytes)"
    return str(value)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _HIDDEN if name in _SECRETS else _without_secrets(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    return value


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]
