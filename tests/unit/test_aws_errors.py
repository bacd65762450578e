"""The cloud's trouble is told from everything else."""

from __future__ import annotations

import boto3.exceptions
import pytest
from botocore import exceptions as bc

from harness.aws.errors import classify, classify_said, code_of, translated
from harness.errors import CloudTrouble, TimedOut, Unmet


def answer(code: str, message: str = "words", status: int = 400, operation: str = "RunInstances") -> bc.ClientError:
    return bc.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (answer("RequestLimitExceeded"), "throttled RunInstances"),
        (answer("ThrottlingException"), "throttled"),
        (answer("InsufficientInstanceCapacity"), "no capacity for RunInstances"),
        (answer("VcpuLimitExceeded"), "quota does not allow"),
        (answer("ResourceLimitExceeded", operation="CreateEndpoint"), "quota does not allow CreateEndpoint"),
        (answer("ExpiredToken"), "does not take the credentials"),
        (answer("InternalError", status=500), "failed at RunInstances"),
        (answer("Strange", status=503), "HTTP 503"),
        (answer("OptInRequired"), "not ready"),
        (bc.EndpointConnectionError(endpoint_url="https://ec2"), "could not be reached"),
        (bc.ReadTimeoutError(endpoint_url="https://ec2"), "could not be reached"),
        (bc.NoCredentialsError(), "no usable credentials"),
        (CloudTrouble("no image"), "no image"),
    ],
)
def test_trouble_of_the_cloud_is_told(error, said):
    assert said in (classify(error) or "")


def test_refused_action_is_named_and_the_encoded_message_left_out():
    long = (
        "You are not authorized to perform this operation. User: arn:x is not authorized to perform: ec2:RunInstances"
    )
    sentence = classify(answer("UnauthorizedOperation", f"{long} on y. Encoded authorization failure message: AbCdEf"))
    assert sentence is not None
    assert sentence.startswith("the account does not grant ec2:RunInstances:")
    assert "AbCdEf" not in sentence


def test_refusal_without_a_named_action_names_the_operation():
    assert classify(answer("AccessDenied", operation="CreateUser")) == "the account does not grant CreateUser: words"


@pytest.mark.parametrize(
    "error",
    [
        answer("InvalidParameterValue"),
        answer("InvalidGroup.NotFound"),
        answer("ValidationException"),
        bc.ParamValidationError(report="x"),
        Unmet("a.b", "c"),
        TimedOut("it runs", 1, "pending"),
        ValueError("x"),
        AssertionError("x"),
    ],
)
def test_everything_else_is_not_the_clouds(error):
    assert classify(error) is None


def test_upload_is_judged_by_what_it_was_raised_from():
    upload = boto3.exceptions.S3UploadFailedError("failed")
    upload.__context__ = answer("SlowDown", operation="PutObject")
    assert "throttled PutObject" in (classify(upload) or "")
    assert classify(boto3.exceptions.S3UploadFailedError("failed")) is None


def test_code_is_empty_where_aws_did_not_answer():
    assert code_of(answer("Throttling")) == "Throttling"
    assert code_of(ValueError()) == ""


def test_expected_code_is_translated_and_any_other_is_raised_as_it_came():
    meant = Unmet("spot.options", "too low")
    with pytest.raises(Unmet, match="too low"), translated(SpotMaxPriceTooLow=meant):
        raise answer("SpotMaxPriceTooLow")
    with pytest.raises(bc.ClientError, match="Throttling"), translated(SpotMaxPriceTooLow=meant):
        raise answer("Throttling")


def said(code: str) -> str:
    return (
        f"\nAn error occurred ({code}) when calling the GetCallerIdentity operation (reached max retries: 4): words\n"
    )


def test_what_the_command_line_tells_is_the_clouds_where_it_cannot_be_its_configuration():
    assert classify_said(said("Throttling")) == "AWS throttled GetCallerIdentity (Throttling)"
    assert classify_said(said("ServiceFailure")) == "AWS failed at GetCallerIdentity (ServiceFailure)"
    for text in (said("InvalidClientTokenId"), "Unable to locate credentials", "Could not connect to the endpoint URL"):
        assert classify_said(text) is None
