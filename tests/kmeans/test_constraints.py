"""Requests are held against the service's own description, as AWS does before it looks any closer."""

from __future__ import annotations

import botocore.session
import pytest

from harness.offline.sagemaker import constraints
from harness.offline.sagemaker.constraints import check
from harness.offline.sagemaker.errors import Refused

VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m4.xlarge", "InitialInstanceCount": 1}


def config(**changes):
    return {"EndpointConfigName": "c", "ProductionVariants": [VARIANT | changes]}


def refused(action: str, parameters: dict) -> str:
    with pytest.raises(Refused) as refusal:
        check("sagemaker", action, parameters)
    return refusal.value.message


def test_a_request_that_keeps_them_passes():
    check("sagemaker", "CreateEndpointConfig", config())
    check("sagemaker", "ListNotebookInstances", {"MaxResults": None})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"EndpointConfigName": "c"}, "'productionVariants' failed to satisfy constraint: Member must not be null"),
        (config(VariantName=None), "Value null at 'productionVariants.1.member.variantName' failed"),
        (config(InstanceType="ml.x"), "1.member.instanceType' failed to satisfy constraint: Member must satisfy enum"),
        (config(InitialInstanceCount=-1), "Member must have value greater than or equal to 1"),
        (config(InitialVariantWeight=-0.5), "Value '-0.5' at 'productionVariants.1.member.initialVariantWeight'"),
        (config() | {"EndpointConfigName": "a" * 64}, "Member must have length less than or equal to 63"),
        (config() | {"ProductionVariants": []}, "Member must have length greater than or equal to 1"),
        (config() | {"ProductionVariants": [VARIANT] * 11}, "Member must have length less than or equal to 10"),
        (config() | {"EndpointConfigName": "-c"}, "Member must satisfy regular expression pattern: "),
    ],
)  # fmt: skip
def test_each_kind_of_constraint_is_named(parameters, said):
    assert said in refused("CreateEndpointConfig", parameters)


def test_all_that_are_broken_are_named_together():
    said = refused("CreateEndpoint", {"EndpointName": "under_score"})
    assert said.startswith("2 validation errors detected: ")
    assert "'endpointName'" in said
    assert "'endpointConfigName'" in said


def test_a_number_may_have_a_highest_value():
    assert "less than or equal to 100" in refused("ListNotebookInstances", {"MaxResults": 101})


def test_values_of_a_map_are_checked():
    job = {"TrainingJobName": "j", "RoleArn": "arn:aws:iam::123456789012:role/r", "HyperParameters": {"k": "x" * 2501}}
    job["OutputDataConfig"] = {"S3OutputPath": "s3://b/o"}
    assert "at 'hyperParameters.k.member'" in refused("CreateTrainingJob", job)


def test_every_pattern_of_the_description_is_read_without_a_warning():
    model = botocore.session.get_session().get_service_model("sagemaker")
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    assert len(patterns) > 100
    for pattern in patterns:
        assert constraints._pattern(pattern)
