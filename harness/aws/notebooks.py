"""Notebook instances."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from harness.aws.sagemaker import look_up, tag_list
from harness.aws.session import Aws
from harness.evidence import Evidence
from harness.facts.sagemaker import NotebookInstance

IN_SERVICE = frozenset({"InService"})
STOPPED = frozenset({"Stopped"})


def describe(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return what SageMaker says of a notebook instance, or ``None``."""
    return look_up(aws.client("sagemaker").describe_notebook_instance, NotebookInstanceName=name)


def create(aws: Aws, name: str, instance_type: str, role: str, tags: dict[str, str]) -> None:
    """Create a notebook instance; it takes minutes until it is in service."""
    aws.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=name, InstanceType=instance_type, RoleArn=role, Tags=tag_list(tags)
    )


def stop(aws: Aws, name: str) -> None:
    """Stop a notebook instance that is in service; any other is left as it is."""
    seen = describe(aws, name)
    if seen is not None and seen["NotebookInstanceStatus"] == "InService":
        aws.client("sagemaker").stop_notebook_instance(NotebookInstanceName=name)


def observe(aws: Aws, name: str) -> NotebookInstance | None:
    """Return the facts of a notebook instance, or ``None`` where it is absent."""
    seen = describe(aws, name)
    if seen is None:
        return None
    host = _url_host(aws, name) if seen["NotebookInstanceStatus"] == "InService" else ""
    said = f"{seen['NotebookInstanceStatus']}, {seen['InstanceType']}"
    return NotebookInstance(
        name=name,
        status=seen["NotebookInstanceStatus"],
        instance_type=seen["InstanceType"],
        failure=seen.get("FailureReason", ""),
        url_issued=bool(host),
        evidence=(
            Evidence("api", f"sagemaker describe-notebook-instance {name}", said),
            Evidence("api", f"sagemaker create-presigned-notebook-instance-url {name}", host or "no URL"),
        ),
    )


def _url_host(aws: Aws, name: str) -> str:
    """Have a presigned URL issued and return its host: whoever has the URL is logged in, so it goes nowhere."""
    try:
        issued = aws.client("sagemaker").create_presigned_notebook_instance_url(NotebookInstanceName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return ""
        raise
    return urlsplit(issued["AuthorizedUrl"]).hostname or ""
