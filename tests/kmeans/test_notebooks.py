"""Notebook instances: their states, and what is refused in each."""

from __future__ import annotations

import re

import pytest

from harness.offline.sagemaker.durations import Durations
from harness.waiting import until
from tests.kmeans.support import ACCOUNT, REGION, create_role, refusal


def arn(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:notebook-instance/{name}"


@pytest.fixture
def create(account):
    def call(name: str, **changes):
        request = {"NotebookInstanceName": name, "InstanceType": "ml.t3.medium", "RoleArn": account.role} | changes
        return account.sagemaker.create_notebook_instance(**request)

    return call


@pytest.fixture
def slowly(installation):
    installation.platform.durations = Durations(notebook_pending=30, notebook_stopping=30, notebook_deleting=30)
    yield
    installation.platform.durations = Durations()


def status(account, name: str) -> str:
    return account.sagemaker.describe_notebook_instance(NotebookInstanceName=name)["NotebookInstanceStatus"]


def test_an_instance_lives_from_pending_to_gone(account, create):
    sagemaker, name = account.sagemaker, "life"
    assert create(name)["NotebookInstanceArn"] == arn(name)
    account.notebook_status(name, "InService")
    sagemaker.stop_notebook_instance(NotebookInstanceName=name)
    account.notebook_status(name, "Stopped")
    sagemaker.start_notebook_instance(NotebookInstanceName=name)
    account.notebook_status(name, "InService")
    sagemaker.stop_notebook_instance(NotebookInstanceName=name)
    account.notebook_status(name, "Stopped")
    sagemaker.delete_notebook_instance(NotebookInstanceName=name)
    until(
        "it is gone", lambda: not sagemaker.list_notebook_instances(NameContains=name)["NotebookInstances"], timeout=5
    )
    assert refusal(sagemaker.describe_notebook_instance, NotebookInstanceName=name) == (
        "ValidationException", "RecordNotFound",
    )  # fmt: skip


def test_nothing_can_be_done_while_it_is_pending(account, create, slowly):
    create("early")
    sagemaker = account.sagemaker
    assert status(account, "early") == "Pending"
    assert refusal(sagemaker.stop_notebook_instance, NotebookInstanceName="early") == (
        "ValidationException",
        "Status (Pending) not in ([InService]). Unable to transition to (Stopping) for Notebook Instance"
        f" ({arn('early')})",
    )
    assert refusal(sagemaker.delete_notebook_instance, NotebookInstanceName="early") == (
        "ValidationException",
        "Status (Pending) not in ([Stopped, Failed]). Unable to transition to (Deleting) for Notebook Instance"
        f" ({arn('early')})",
    )
    code, said = refusal(sagemaker.create_presigned_notebook_instance_url, NotebookInstanceName="early")
    assert code == "ValidationException"
    assert said.startswith("Status (Pending) not in ([InService]).")


def test_one_in_service_is_not_deleted_nor_started(account, create):
    create("busy")
    account.notebook_status("busy", "InService")
    sagemaker = account.sagemaker
    targets = {sagemaker.delete_notebook_instance: "Deleting", sagemaker.start_notebook_instance: "Pending"}
    for call, target in targets.items():
        code, said = refusal(call, NotebookInstanceName="busy")
        assert code == "ValidationException"
        assert said.startswith(f"Status (InService) not in ([Stopped, Failed]). Unable to transition to ({target})")


def test_stopping_and_deleting_can_be_seen(account, create, installation):
    create("seen")
    account.notebook_status("seen", "InService")
    installation.platform.durations = Durations(notebook_stopping=0.05, notebook_deleting=30)
    try:
        account.sagemaker.stop_notebook_instance(NotebookInstanceName="seen")
        account.notebook_status("seen", "Stopped")
        account.sagemaker.delete_notebook_instance(NotebookInstanceName="seen")
        assert status(account, "seen") == "Deleting"
    finally:
        installation.platform.durations = Durations()


def test_the_presigned_address_opens_the_instance(account, create):
    create("open")
    account.notebook_status("open", "InService")
    open_it = account.sagemaker.create_presigned_notebook_instance_url
    first, second = (open_it(NotebookInstanceName="open")["AuthorizedUrl"] for _ in range(2))
    assert re.fullmatch(r"https://open\.notebook\.us-east-1\.sagemaker\.aws\?authToken=[\w-]{100,}", first)
    assert first != second


def test_an_unknown_instance_has_no_address(account):
    refused = refusal(account.sagemaker.create_presigned_notebook_instance_url, NotebookInstanceName="nobody")
    assert refused == ("ValidationException", "RecordNotFound")


def test_a_name_is_used_once(account, create):
    create("twice")
    assert refusal(create, name="twice") == (
        "ValidationException",
        f"Cannot create a duplicate Notebook Instance ({arn('twice')})",
    )


def test_the_role_must_let_sagemaker_in(account, create):
    role = create_role(account, "for-batch", "batch.amazonaws.com")
    code, said = refusal(create, name="locked", RoleArn=role)
    assert code == "ValidationException"
    assert said.startswith(f"Could not assume role {role}.")


def test_the_instance_type_must_be_offered(create):
    code, said = refusal(create, name="odd", InstanceType="ml.t9.medium")
    assert code == "ValidationException"
    assert "Value 'ml.t9.medium' at 'instanceType' failed to satisfy constraint" in said


def test_a_lifecycle_configuration_must_exist(account, create):
    code, said = refusal(create, name="scripted", LifecycleConfigName="nobody")
    assert code == "ValidationException"
    assert "notebook-instance-lifecycle-config/nobody" in said
    account.sagemaker.create_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="setup")
    create("scripted", LifecycleConfigName="setup")
    described = account.sagemaker.describe_notebook_instance(NotebookInstanceName="scripted")
    assert described["NotebookInstanceLifecycleConfigName"] == "setup"
