"""The kinds of resources that SageMaker, S3 and the example's role add to the ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from harness.aws import hosting, notebooks, s3, training
from harness.aws.kinds import Kind, Rank
from harness.aws.sagemaker import is_absent
from harness.aws.session import Aws
from harness.ledger import Entry

BUCKET = "bucket"
OBJECTS = "s3-objects"
JOB = "training-job"
MODEL = "sagemaker-model"
CONFIG = "endpoint-config"
ENDPOINT = "endpoint"
NOTEBOOK = "notebook-instance"
ROLE = "iam-role"
LOGS = "log-streams"
LOG_GROUP = "log-group"

ENDED = frozenset({"Completed", "Failed", "Stopped"})


@contextlib.contextmanager
def _absence_is_fine() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        if not (is_absent(error) or code in ("NoSuchEntity", "ResourceNotFoundException") or s3.is_absent(error)):
            raise


def _by_name(look: Callable[[Aws, str], object]) -> Callable[[Aws, Entry], tuple[str, ...]]:
    """Find an intent by the name it was given: names carry the run id, so nobody else's thing has it."""

    def find(aws: Aws, entry: Entry) -> tuple[str, ...]:
        name = entry.find.get("name", "")
        return (name,) if name and look(aws, name) else ()

    return find


def _absent(look: Callable[[Aws, str], object]) -> Callable[[Aws, str], bool]:
    return lambda aws, name: not look(aws, name)


def _tagged(service_type: str) -> Callable[[Aws, Mapping[str, str]], tuple[str, ...]]:
    """Find by tags through the tagging API; the last part of the ARN is the name."""

    def tagged(aws: Aws, tags: Mapping[str, str]) -> tuple[str, ...]:
        filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
        pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
        found = pages.paginate(TagFilters=filters, ResourceTypeFilters=[service_type])
        arns = [each["ResourceARN"] for page in found for each in page["ResourceTagMappingList"]]
        return tuple(arn.rpartition(":")[2].rpartition("/")[2] for arn in arns)

    return tagged


def _delete(operation: str, parameter: str) -> Callable[[Aws, str], None]:
    def delete(aws: Aws, name: str) -> None:
        with _absence_is_fine():
            getattr(aws.client("sagemaker"), operation)(**{parameter: name})

    return delete


def _running_job(aws: Aws, name: str) -> bool:
    seen = training.describe(aws, name)
    return seen is not None and seen["TrainingJobStatus"] not in ENDED


def _stop_job(aws: Aws, name: str) -> None:
    """Stop a job that still runs: an ended one costs nothing and stays in the account's history."""
    with _absence_is_fine():
        if _running_job(aws, name):
            aws.client("sagemaker").stop_training_job(TrainingJobName=name)


def _stop_notebook(aws: Aws, name: str) -> None:
    with _absence_is_fine():
        notebooks.stop(aws, name)


def _delete_notebook(aws: Aws, name: str) -> None:
    """Delete a notebook instance that is stopped; stop one that is in service.

    Raises IncorrectState, by which a sweep knows that it must ask again, while it cannot be deleted.
    """
    seen = notebooks.describe(aws, name)
    status = seen["NotebookInstanceStatus"] if seen else "Deleting"
    if status in ("Stopped", "Failed"):
        with _absence_is_fine():
            aws.client("sagemaker").delete_notebook_instance(NotebookInstanceName=name)
    elif status != "Deleting":
        _stop_notebook(aws, name)
        raise _not_yet(f"notebook instance {name} is {status}", "DeleteNotebookInstance")


def _delete_endpoint(aws: Aws, name: str) -> None:
    """Delete an endpoint; raises IncorrectState while it is being created or changed, when AWS refuses it."""
    seen = hosting.describe_endpoint(aws, name)
    status = seen["EndpointStatus"] if seen else "Deleting"
    if status in ("Creating", "Updating", "SystemUpdating", "RollingBack"):
        raise _not_yet(f"endpoint {name} is {status}", "DeleteEndpoint")
    if status != "Deleting":
        with _absence_is_fine():
            aws.client("sagemaker").delete_endpoint(EndpointName=name)


def _not_yet(message: str, operation: str) -> Exception:
    error: Exception = ClientError({"Error": {"Code": "IncorrectState", "Message": message}}, operation)
    return error


def _find_role(aws: Aws, name: str) -> Any:
    try:
        return aws.client("iam").get_role(RoleName=name)["Role"]
    except aws.client("iam").exceptions.NoSuchEntityException:
        return None


def _delete_role(aws: Aws, name: str) -> None:
    iam = aws.client("iam")
    with _absence_is_fine():
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=inline)
        iam.delete_role(RoleName=name)


def _streams(aws: Aws, id: str) -> list[str]:
    """Return the log streams of ``GROUP|PREFIX``: the groups are the account's, the streams the run's."""
    group, _, prefix = id.partition("|")
    pages = aws.client("logs").get_paginator("describe_log_streams")
    try:
        return [
            stream["logStreamName"]
            for page in pages.paginate(logGroupName=group, logStreamNamePrefix=prefix)
            for stream in page["logStreams"]
        ]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise


def _delete_streams(aws: Aws, id: str) -> None:
    group = id.partition("|")[0]
    for stream in _streams(aws, id):
        with _absence_is_fine():
            aws.client("logs").delete_log_stream(logGroupName=group, logStreamName=stream)


def _has_log_group(aws: Aws, name: str) -> bool:
    pages = aws.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    return any(group["logGroupName"] == name for page in pages for group in page["logGroups"])


def _delete_log_group(aws: Aws, name: str) -> None:
    with _absence_is_fine():
        aws.client("logs").delete_log_group(logGroupName=name)


def _find_objects(aws: Aws, entry: Entry) -> tuple[str, ...]:
    uri = entry.find.get("uri", "")
    return (uri,) if uri and _has_objects(aws, uri) else ()


def _nowhere(_aws: Aws, _entry: Entry) -> tuple[str, ...]:
    return ()


def _has_objects(aws: Aws, uri: str) -> bool:
    return s3.has_objects(aws, s3.Location.parse(uri))


def _delete_objects(aws: Aws, uri: str) -> None:
    s3.delete_objects(aws, s3.Location.parse(uri))


KINDS = (
    Kind(
        JOB, Rank.TRAINING_JOB, _by_name(training.describe), _stop_job, _absent(_running_job),
        patience=lambda patience: patience.training,
    ),
    Kind(
        ENDPOINT, Rank.ENDPOINT, _by_name(hosting.describe_endpoint), _delete_endpoint,
        _absent(hosting.describe_endpoint), tagged=_tagged("sagemaker:endpoint"),
        patience=lambda patience: patience.endpoint,
    ),
    Kind(
        CONFIG, Rank.ENDPOINT_CONFIG, _by_name(hosting.describe_config),
        _delete("delete_endpoint_config", "EndpointConfigName"), _absent(hosting.describe_config),
        tagged=_tagged("sagemaker:endpoint-config"),
    ),
    Kind(
        MODEL, Rank.MODEL, _by_name(hosting.describe_model), _delete("delete_model", "ModelName"),
        _absent(hosting.describe_model), tagged=_tagged("sagemaker:model"),
    ),
    Kind(
        NOTEBOOK, Rank.NOTEBOOK_INSTANCE, _by_name(notebooks.describe), _delete_notebook, _absent(notebooks.describe),
        prepare=_stop_notebook, tagged=_tagged("sagemaker:notebook-instance"),
        patience=lambda patience: patience.notebook_instance,
    ),
    Kind(OBJECTS, Rank.OBJECTS, _find_objects, _delete_objects, _absent(_has_objects)),
    Kind(BUCKET, Rank.BUCKET, _by_name(s3.has_bucket), s3.delete_bucket, _absent(s3.has_bucket), tagged=_tagged("s3")),
    Kind(LOGS, Rank.LOG_GROUP, _nowhere, _delete_streams, _absent(_streams)),
    Kind(LOG_GROUP, Rank.LOG_GROUP, _by_name(_has_log_group), _delete_log_group, _absent(_has_log_group)),
    Kind(ROLE, Rank.ROLE, _by_name(_find_role), _delete_role, _absent(_find_role)),
)  # fmt: skip
