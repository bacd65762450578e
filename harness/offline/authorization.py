"""The second gate: may this caller do this? Root may do everything; others what their policies say."""

from __future__ import annotations

import json

from harness.offline.call import AwsError, Call, Reply
from harness.offline.identity import Caller, policies
from harness.offline.layers import Next
from harness.offline.policies import decide

# Where an action has another name than its operation ("Actions, resources, and condition keys for Amazon S3").
_S3_ACTIONS = {
    "ListBuckets": "ListAllMyBuckets", "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket", "HeadObject": "GetObject", "CopyObject": "PutObject", "DeleteObjects": "DeleteObject",
    "ListObjectVersions": "ListBucketVersions", "ListMultipartUploads": "ListBucketMultipartUploads",
    "CreateMultipartUpload": "PutObject", "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
}  # fmt: skip
_SERVICES = {
    "service-quotas": "servicequotas", "resourcegroupstaggingapi": "tag", "sagemaker-runtime": "sagemaker",
}  # fmt: skip
_IAM_NAMES = {"UserName": "user", "GroupName": "group", "RoleName": "role"}
_EC2_IDS = {"InstanceIds": "instance", "GroupId": "security-group", "VolumeId": "volume", "KeyName": "key-pair"}
ALWAYS = {"sts:GetCallerIdentity", "sts:GetSessionToken"}


class Authorization:
    """Refuses what no policy of the caller allows, in the words of the service."""

    def __call__(self, call: Call, forward: Next) -> Reply:
        if call.caller is not None and call.caller.kind != "root" and action(call) not in ALWAYS:
            self._judge(call, call.caller)
        return forward(call)

    def _judge(self, call: Call, caller: Caller) -> None:
        documents = list(policies(caller.arn))
        for resource in resources(call):
            decision = decide(documents, action(call), resource, context(call, caller))
            if decision == "allowed" and caller.session_policy:
                narrowed = [json.loads(caller.session_policy)]
                decision = decide(narrowed, action(call), resource, context(call, caller))
            if decision != "allowed":
                raise denial(call, caller, resource, explicit=decision == "explicitDeny")


def action(call: Call) -> str:
    """Return the name by which policies know the operation."""
    if call.service == "s3":
        return "s3:" + _S3_ACTIONS.get(call.operation, call.operation or "Unknown")
    if call.service == "budgets":
        return "budgets:ViewBudget" if call.is_reading else "budgets:ModifyBudget"
    return f"{_SERVICES.get(call.service, call.service)}:{call.operation or 'Unknown'}"


def resources(call: Call) -> list[str]:
    """Return the ARNs that a call is about, or ``["*"]`` for operations known only to take every resource."""
    given = call.parameters if call.service in ("s3", "iam", "sts", "ec2") else {}
    if call.service == "s3" and given.get("Bucket"):
        return [f"arn:aws:s3:::{given['Bucket']}" + (f"/{given['Key']}" if given.get("Key") else "")]
    if call.service == "sts" and given.get("RoleArn"):
        return [given["RoleArn"]]
    if call.service == "iam":
        named = (f"{kind}/{given[name]}" for name, kind in _IAM_NAMES.items() if given.get(name))
        return [f"arn:aws:iam::{call.account}:{path}" for path in named][:1] or ["*"]
    if call.service == "ec2" and not call.is_reading:
        return _ec2_resources(call) or ["*"]
    return ["*"]


def _ec2_resources(call: Call) -> list[str]:
    given = {kind: call.parameters.get(name) or [] for name, kind in _EC2_IDS.items()}
    return [
        f"arn:aws:ec2:{call.region}:{call.account}:{kind}/{id}"
        for kind, value in given.items()
        for id in ([value] if isinstance(value, str) else value)
    ]


def context(call: Call, caller: Caller) -> dict[str, str]:
    """Return the condition keys that are known of a call, in lower case."""
    return {
        "aws:requestedregion": call.region,
        "aws:sourceip": str(call.environ.get("REMOTE_ADDR", "")),
        "aws:username": caller.name if caller.kind == "user" else "",
        "aws:userid": caller.user_id,
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        "aws:securetransport": "false",
    }


def denial(call: Call, caller: Caller, resource: str, *, explicit: bool) -> AwsError:
    """Return the refusal as the call's service words it."""
    why = "with an explicit deny in an" if explicit else "because no"
    ending = "identity-based policy" if explicit else f"identity-based policy allows the {action(call)} action"
    said = f"User: {caller.arn} is not authorized to perform: {action(call)}"
    if resource != "*":
        said += f" on resource: {resource}"
    said += f" {why} {ending}"
    if call.service == "ec2":
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. {said}", 403)
    if call.service in ("iam", "sts", "s3", "cloudwatch"):
        return AwsError("AccessDenied", said, 403)
    return AwsError("AccessDeniedException", said)
