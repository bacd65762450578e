"""Models, endpoint configurations and endpoints: what they refer to must be there, and their states."""

from __future__ import annotations

import pytest

from harness import ndarray
from harness.offline.sagemaker.durations import Durations
from harness.waiting import until
from tests.kmeans.support import ACCOUNT, BUCKET, IMAGE, REGION, create_role, refusal


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


@pytest.fixture
def slowly(installation):
    """Let endpoints take their time, so that states on the way can be seen."""
    installation.platform.durations = Durations(endpoint_creating=30, endpoint_updating=30, endpoint_deleting=30)
    yield
    installation.platform.durations = Durations()


def test_a_model_needs_its_artifact(account):
    missing = f"s3://{BUCKET}/nowhere/model.tar.gz"
    assert refusal(account.create_model, name="m", artifact=missing) == (
        "ValidationException",
        f"Could not find model data at {missing}.",
    )


def test_a_model_needs_an_image_that_exists(account, artifact):
    container = {"Image": IMAGE.replace("kmeans", "pca"), "ModelDataUrl": artifact}
    code, said = refusal(account.create_model, name="m", artifact=artifact, PrimaryContainer=container)
    assert code == "ValidationException"
    assert said.startswith("Cannot find repository: pca")


def test_a_model_needs_a_role_that_sagemaker_assumes(account, artifact):
    role = create_role(account, "for-lambda", "lambda.amazonaws.com")
    code, said = refusal(account.create_model, name="m", artifact=artifact, ExecutionRoleArn=role)
    assert code == "ValidationException"
    assert said.startswith(f"Could not assume role {role}.")


def test_a_model_needs_a_role_and_a_container(account):
    create = account.sagemaker.create_model
    assert refusal(create, ModelName="m")[1].startswith("ExecutionRoleArn is required")
    assert refusal(create, ModelName="m", ExecutionRoleArn=account.role)[1].startswith("You must specify either")
    refused = refusal(create, ModelName="m", ExecutionRoleArn=account.role, PrimaryContainer={})
    assert refused[0] == "ValidationException"


def test_names_are_used_once(account, artifact, endpoint):
    assert refusal(account.create_model, name=endpoint, artifact=artifact) == (
        "ValidationException",
        f'Cannot create already existing model "{arn("model", endpoint)}".',
    )
    assert refusal(account.create_config, name=endpoint, model=endpoint) == (
        "ValidationException",
        f'Cannot create already existing endpoint configuration "{arn("endpoint-config", endpoint)}".',
    )
    assert refusal(account.sagemaker.create_endpoint, EndpointName=endpoint, EndpointConfigName=endpoint) == (
        "ValidationException",
        f'Cannot create already existing endpoint "{arn("endpoint", endpoint)}".',
    )


def test_what_is_not_there_is_not_found(account):
    sagemaker = account.sagemaker
    model, config, endpoint = (arn(kind, "nobody") for kind in ("model", "endpoint-config", "endpoint"))
    answers = {
        refusal(sagemaker.describe_model, ModelName="nobody"): f'Could not find model "{model}".',
        refusal(sagemaker.delete_model, ModelName="nobody"): f'Could not find model "{model}".',
        refusal(account.create_config, name="c", model="nobody"): f'Could not find model "{model}".',
        refusal(sagemaker.describe_endpoint_config, EndpointConfigName="nobody"): (
            f'Could not find endpoint configuration "{config}".'
        ),
        refusal(sagemaker.delete_endpoint_config, EndpointConfigName="nobody"): (
            f'Could not find endpoint configuration "{config}".'
        ),
        refusal(sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="nobody"): (
            f'Could not find endpoint configuration "{config}".'
        ),
        refusal(sagemaker.describe_endpoint, EndpointName="nobody"): f'Could not find endpoint "{endpoint}".',
        refusal(sagemaker.delete_endpoint, EndpointName="nobody"): f'Could not find endpoint "{endpoint}".',
    }
    assert {code for code, _ in answers} == {"ValidationException"}
    assert [said for _, said in answers] == list(dict.fromkeys(answers.values()))


def test_an_instance_type_must_be_offered(account, endpoint):
    code, said = refusal(account.create_config, name="c", model=endpoint, InstanceType="ml.m9.xlarge")
    assert code == "ValidationException"
    assert "Value 'ml.m9.xlarge' at 'productionVariants.1.member.instanceType'" in said


def test_types_that_moto_does_not_know_are_offered(account, endpoint):
    account.create_config("modern", endpoint, InstanceType="ml.m6i.large")
    config = account.sagemaker.describe_endpoint_config(EndpointConfigName="modern")
    assert config["ProductionVariants"][0]["InstanceType"] == "ml.m6i.large"
    account.sagemaker.delete_endpoint_config(EndpointConfigName="modern")


def test_resources_are_linked_to_one_another(account, artifact, endpoint):
    sagemaker = account.sagemaker
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variants[0]["ModelName"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == artifact
    assert account.role == model["ExecutionRoleArn"]


def test_they_are_listed_and_tagged(account, endpoint):
    sagemaker = account.sagemaker
    assert [each["EndpointName"] for each in sagemaker.list_endpoints(NameContains="serv")["Endpoints"]] == [endpoint]
    assert [each["ModelName"] for each in sagemaker.list_models(NameContains="serv")["Models"]] == [endpoint]
    assert sagemaker.list_models(NameContains="nobody")["Models"] == []
    for kind in ("endpoint", "endpoint-config", "model"):
        sagemaker.add_tags(ResourceArn=arn(kind, endpoint), Tags=[{"Key": "run", "Value": "k"}])
    found = account.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "run", "Values": ["k"]}])
    assert {each["ResourceARN"] for each in found["ResourceTagMappingList"]} == {
        arn(kind, endpoint) for kind in ("endpoint", "endpoint-config", "model")
    }


def test_an_endpoint_is_created_serves_and_goes(account, artifact, slowly):
    account.create_model("walk", artifact)
    account.create_config("walk", "walk")
    sagemaker = account.sagemaker
    sagemaker.create_endpoint(EndpointName="walk", EndpointConfigName="walk")
    assert sagemaker.describe_endpoint(EndpointName="walk")["EndpointStatus"] == "Creating"
    busy = ("ValidationException", f'Cannot update in-progress endpoint "{arn("endpoint", "walk")}".')
    assert refusal(sagemaker.delete_endpoint, EndpointName="walk") == busy
    assert refusal(sagemaker.update_endpoint, EndpointName="walk", EndpointConfigName="walk") == busy


def test_deleting_takes_a_moment(account, artifact, installation):
    account.deploy("gone", artifact)
    account.settled("gone")
    sagemaker = account.sagemaker
    sagemaker.delete_endpoint(EndpointName="gone")
    until(
        "the endpoint is gone",
        lambda: "gone" not in [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]],
        timeout=5,
    )
    assert refusal(sagemaker.describe_endpoint, EndpointName="gone")[1].startswith("Could not find endpoint")
    sagemaker.describe_endpoint_config(EndpointConfigName="gone")
    sagemaker.describe_model(ModelName="gone")


def test_an_endpoint_being_deleted_is_still_seen(account, artifact, installation):
    account.deploy("leaving", artifact)
    account.settled("leaving")
    installation.platform.durations = Durations(endpoint_deleting=30)
    account.sagemaker.delete_endpoint(EndpointName="leaving")
    installation.platform.durations = Durations()
    assert account.sagemaker.describe_endpoint(EndpointName="leaving")["EndpointStatus"] == "Deleting"
    code, said = refusal(account.client("sagemaker-runtime").invoke_endpoint, EndpointName="leaving", Body=b"")
    assert (code, said) == ("ValidationError", f"Endpoint leaving of account {ACCOUNT} not found.")


def test_an_asynchronous_endpoint_answers_no_call_that_waits(account, artifact):
    account.create_model("later", artifact)
    variant = {"VariantName": "one", "ModelName": "later", "InstanceType": "ml.m4.xlarge", "InitialInstanceCount": 1}
    answers = {"OutputConfig": {"S3OutputPath": "s3://bucket/answers"}}
    account.sagemaker.create_endpoint_config(
        EndpointConfigName="later", ProductionVariants=[variant], AsyncInferenceConfig=answers
    )
    account.sagemaker.create_endpoint(EndpointName="later", EndpointConfigName="later")
    assert account.settled("later")["EndpointStatus"] == "InService"
    code, said = refusal(account.client("sagemaker-runtime").invoke_endpoint, EndpointName="later", Body=b"")
    assert (code, said) == (
        "ValidationError",
        "Endpoint later is an asynchronous endpoint, which InvokeEndpointAsync calls",
    )


def test_an_artifact_that_does_not_fit_fails_the_endpoint(account):
    account.deploy("misfit", account.put("misfit/model.tar.gz", b"this is no model"))
    endpoint = account.settled("misfit")
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"].startswith(
        "The primary container for production variant AllTraffic did not pass the ping health check."
    )
    update = account.sagemaker.update_endpoint
    assert refusal(update, EndpointName="misfit", EndpointConfigName="misfit")[1].startswith("Cannot update failed")
    account.sagemaker.delete_endpoint(EndpointName="misfit")


def test_an_artifact_that_is_gone_fails_the_endpoint(account, artifact, centroids):
    copy = account.put("lost/model.tar.gz", ndarray.pack_model(centroids))
    account.create_model("lost", copy)
    account.create_config("lost", "lost")
    account.client("s3").delete_object(Bucket=BUCKET, Key="lost/model.tar.gz")
    account.sagemaker.create_endpoint(EndpointName="lost", EndpointConfigName="lost")
    endpoint = account.settled("lost")
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"].startswith("Failed to download model data for container")


def test_a_model_that_is_gone_is_missed_by_a_new_endpoint_only(account, artifact):
    account.deploy("alone", artifact)
    assert account.settled("alone")["EndpointStatus"] == "InService"
    account.sagemaker.delete_model(ModelName="alone")
    assert account.sagemaker.describe_endpoint(EndpointName="alone")["EndpointStatus"] == "InService"
    code, said = refusal(account.sagemaker.create_endpoint, EndpointName="second", EndpointConfigName="alone")
    assert (code, said) == ("ValidationException", f'Could not find model "{arn("model", "alone")}".')


def test_an_update_replaces_what_is_served(account, artifact, centroids):
    account.deploy("updated", artifact)
    account.settled("updated")
    other = account.put("other/model.tar.gz", ndarray.pack_model(centroids + 100))
    account.create_model("updated-2", other)
    account.create_config("updated-2", "updated-2", VariantName="Second")
    account.sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName="updated-2")
    endpoint = until(
        "the endpoint is updated",
        lambda: account.sagemaker.describe_endpoint(EndpointName="updated"),
        timeout=5,
        is_done=lambda endpoint: endpoint["EndpointStatus"] == "InService",
    )
    assert endpoint["EndpointConfigName"] == "updated-2"
    assert [variant["VariantName"] for variant in endpoint["ProductionVariants"]] == ["Second"]


def test_an_update_that_fails_leaves_the_old_one_in_service(account, artifact):
    account.deploy("steady", artifact)
    account.settled("steady")
    account.create_model("broken", account.put("broken/model.tar.gz", b"nothing"))
    account.create_config("broken", "broken")
    account.sagemaker.update_endpoint(EndpointName="steady", EndpointConfigName="broken")
    endpoint = account.settled("steady")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == "steady"
    assert endpoint["FailureReason"].startswith("The primary container for production variant AllTraffic")
