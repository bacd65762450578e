"""What an account holds, down to rules, tags and keys of objects, asked by its owner through AWS's own interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

Found = dict[str, str]
"""A thing's kind and name, and all that is to be compared of it."""


def take(session: boto3.Session, url: str, account: str) -> Found:
    """Return everything; what has ended (instances, requests, jobs) counts as gone."""
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(service, endpoint_url=url)
        return clients[service]

    for service in ("ec2", "iam", "s3", "sagemaker", "logs", "budgets", "cloudwatch"):
        client(service)
    with ThreadPoolExecutor(4) as pool:
        parts = pool.map(lambda look: list(look(client, account)), LOOKS)
        return {name: str(value) for part in parts for name, value in part}


Client = Callable[[str], Any]
Things = Iterator[tuple[str, object]]


def _pages(client: Any, operation: str, key: str, **given: Any) -> Iterator[Any]:
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**given):
            yield from page.get(key, [])
    else:
        yield from getattr(client, operation)(**given).get(key, [])


def _tags(thing: Any) -> list[tuple[str, str]]:
    return sorted((tag["Key"], tag["Value"]) for tag in thing.get("Tags") or thing.get("TagSet") or [])


def _instances(client: Client, _: str) -> Things:
    for reservation in _pages(client("ec2"), "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            state = instance["State"]["Name"]
            if state != "terminated":
                groups = sorted(group["GroupId"] for group in instance["SecurityGroups"])
                yield f"instance {instance['InstanceId']}", (state, groups, _tags(instance))


def _ec2(client: Client, _: str) -> Things:
    ec2 = client("ec2")
    for volume in _pages(ec2, "describe_volumes", "Volumes"):
        yield f"volume {volume['VolumeId']}", (volume["State"], _tags(volume))
    for group in _pages(ec2, "describe_security_groups", "SecurityGroups"):
        rules = (group["IpPermissions"], group["IpPermissionsEgress"])
        yield f"group {group['GroupId']}", (group["GroupName"], group["VpcId"], rules, _tags(group))
    for pair in ec2.describe_key_pairs()["KeyPairs"]:
        yield f"key pair {pair['KeyName']}", (pair["KeyFingerprint"], _tags(pair))
    for eni in _pages(ec2, "describe_network_interfaces", "NetworkInterfaces"):
        yield f"interface {eni['NetworkInterfaceId']}", _tags(eni)
    for address in ec2.describe_addresses()["Addresses"]:
        yield f"address {address['PublicIp']}", _tags(address)
    for request in _pages(ec2, "describe_spot_instance_requests", "SpotInstanceRequests"):
        if request["State"] in ("open", "active"):
            yield f"spot request {request['SpotInstanceRequestId']}", (request["State"], _tags(request))
    for vpc in _pages(ec2, "describe_vpcs", "Vpcs"):
        yield f"vpc {vpc['VpcId']}", _tags(vpc)
    for snapshot in _pages(ec2, "describe_snapshots", "Snapshots", OwnerIds=["self"]):
        yield f"snapshot {snapshot['SnapshotId']}", _tags(snapshot)


def _iam(client: Client, _: str) -> Things:
    iam = client("iam")
    for user in _pages(iam, "list_users", "Users"):
        name = user["UserName"]
        keys = sorted(key["AccessKeyId"] for key in _pages(iam, "list_access_keys", "AccessKeyMetadata", UserName=name))
        groups = sorted(g["GroupName"] for g in _pages(iam, "list_groups_for_user", "Groups", UserName=name))
        yield f"user {name}", (keys, groups)
    for group in _pages(iam, "list_groups", "Groups"):
        name = group["GroupName"]
        yield (
            f"user group {name}",
            list(_pages(iam, "list_attached_group_policies", "AttachedPolicies", GroupName=name)),
        )
    for role in _pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        yield f"role {name}", list(_pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name))


def _s3(client: Client, _: str) -> Things:
    s3 = client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        keys = sorted(found["Key"] for found in _pages(s3, "list_objects_v2", "Contents", Bucket=name))
        yield (
            f"bucket {name}",
            (keys, [up["Key"] for up in _pages(s3, "list_multipart_uploads", "Uploads", Bucket=name)]),
        )


def _sagemaker(client: Client, _: str) -> Things:
    sagemaker = client("sagemaker")
    for job in _pages(sagemaker, "list_training_jobs", "TrainingJobSummaries"):
        if job["TrainingJobStatus"] in ("InProgress", "Stopping"):
            yield f"job {job['TrainingJobName']}", job["TrainingJobStatus"]
    for kind, operation, key, name in (
        ("model", "list_models", "Models", "ModelName"),
        ("endpoint configuration", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        ("endpoint", "list_endpoints", "Endpoints", "EndpointName"),
        ("notebook", "list_notebook_instances", "NotebookInstances", "NotebookInstanceName"),
    ):
        for thing in _pages(sagemaker, operation, key):
            yield f"{kind} {thing[name]}", thing.get("EndpointStatus") or thing.get("NotebookInstanceStatus") or ""


def _rest(client: Client, account: str) -> Things:
    logs = client("logs")
    for group in _pages(logs, "describe_log_groups", "logGroups"):
        streams = _pages(logs, "describe_log_streams", "logStreams", logGroupName=group["logGroupName"])
        yield f"log group {group['logGroupName']}", sorted(stream["logStreamName"] for stream in streams)
    for budget in client("budgets").describe_budgets(AccountId=account).get("Budgets", []):
        yield f"budget {budget['BudgetName']}", budget["BudgetLimit"]
    for alarm in _pages(client("cloudwatch"), "describe_alarms", "MetricAlarms"):
        yield f"alarm {alarm['AlarmName']}", ""


LOOKS: tuple[Callable[[Client, str], Things], ...] = (_instances, _ec2, _iam, _s3, _sagemaker, _rest)


def differences(before: Found, after: Found) -> tuple[list[str], list[str]]:
    """Return what is there now and was not, and what was there and is gone or changed."""
    leaked = [name for name in after if name not in before]
    touched = [name for name, value in before.items() if after.get(name) != value]
    return leaked, touched
