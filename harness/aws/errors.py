"""Tells the cloud's trouble from the homework's faults and from this suite's."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import boto3.exceptions
import botocore.exceptions as bc

from harness.errors import CloudTrouble


def _codes(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Codes as AWS documents them: "Common errors" of the service's API reference, "Error codes for the Amazon EC2 API",
# "Retry behavior" of the SDKs' reference guide.
THROTTLED = _codes(
    "Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException RequestLimitExceeded "
    "TooManyRequestsException BandwidthLimitExceeded SlowDown PriorRequestNotComplete "
    "ProvisionedThroughputExceededException LimitExceededException EC2ThrottledException"
)
NO_CAPACITY = _codes(
    "InsufficientInstanceCapacity InsufficientHostCapacity InsufficientCapacity InsufficientReservedInstanceCapacity "
    "InsufficientAddressCapacity InsufficientVolumeCapacity InsufficientFreeAddressesInSubnet Unsupported "
    "CapacityError"
)
NO_QUOTA = _codes(
    "VcpuLimitExceeded InstanceLimitExceeded MaxSpotInstanceCountExceeded ResourceLimitExceeded VolumeLimitExceeded "
    "AddressLimitExceeded VpcLimitExceeded LimitExceeded TooManyBuckets SecurityGroupLimitExceeded"
)
BAD_CREDENTIALS = _codes(
    "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired InvalidClientTokenId AuthFailure "
    "UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch InvalidSignatureException "
    "RequestTimeTooSkewed IncompleteSignature MissingAuthenticationToken"
)
ACCOUNT = _codes("OptInRequired SubscriptionRequiredException PendingVerification Blocked AccountProblem")
REFUSED = _codes(
    "AccessDenied AccessDeniedException UnauthorizedOperation NotAuthorized AuthorizationError "
    "UnauthorizedException Forbidden 403"
)
DOWN = _codes(
    "InternalError InternalFailure InternalServerError InternalServiceError ServiceUnavailable Unavailable "
    "ServiceUnavailableException ServerInternal ServiceException InternalServerException ServiceFailure"
)

UNREACHABLE = (
    bc.EndpointConnectionError,
    bc.ConnectTimeoutError,
    bc.ReadTimeoutError,
    bc.ConnectionClosedError,
    bc.ProxyConnectionError,
    bc.SSLError,
    bc.HTTPClientError,
    bc.ResponseStreamingError,
)
NO_CREDENTIALS = (
    bc.NoCredentialsError,
    bc.PartialCredentialsError,
    bc.CredentialRetrievalError,
    bc.TokenRetrievalError,
    bc.SSOError,
    bc.ProfileNotFound,
)

ANY = (bc.ClientError, bc.BotoCoreError)
"""Whatever AWS answers or botocore raises in its place."""

ACTION = re.compile(r"not authorized to perform:? (?P<action>[\w-]+:\w+)")
# "aws", of an error that AWS answers.
TOLD = re.compile(r"An error occurred \((?P<code>\w+)\) when calling the (?P<operation>\w+) operation")
ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)


def classify(error: BaseException) -> str | None:
    """Return a sentence on what the cloud's trouble is, or ``None`` where the error is not the cloud's.

    Throttling, faults of the service, want of capacity or quota, unusable credentials, an endpoint out of reach and a
    right that the account does not grant are the cloud's; the refused action is named. An upload's error is judged by
    what it was raised from.
    """
    match error:
        case CloudTrouble():
            return str(error)
        case bc.ClientError():
            return _of_answer(error)
        case boto3.exceptions.S3UploadFailedError() if error.__context__ is not None:
            return classify(error.__context__)
        case _ if isinstance(error, NO_CREDENTIALS):
            return f"there are no usable credentials: {error}"
        case _ if isinstance(error, UNREACHABLE):
            return f"AWS could not be reached: {error}"
    return None


def classify_said(text: str) -> str | None:
    """Return a sentence on the cloud's trouble that ``aws`` told of, or ``None``: AWS throttles it, or fails.

    Credentials that AWS does not take, and an endpoint that is not there, may be how ``aws`` was configured.
    """
    told = TOLD.search(text)
    if told is None or told["code"] not in THROTTLED | DOWN:
        return None
    return f"AWS {'throttled' if told['code'] in THROTTLED else 'failed at'} {told['operation']} ({told['code']})"


def is_passing(error: BaseException) -> bool:
    """Say whether asking again may help: AWS throttles, fails, or is out of reach."""
    if isinstance(error, bc.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in THROTTLED | DOWN or status >= 500
    return isinstance(error, UNREACHABLE)


def code_of(error: BaseException) -> str:
    """Return AWS's error code, or nothing where the error is no answer of AWS."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, bc.ClientError) else ""


@contextlib.contextmanager
def translated(**errors: Exception) -> Iterator[None]:
    """Raise an error of the suite's own where AWS answers with the code that is its name here."""
    try:
        yield
    except bc.ClientError as error:
        meant = errors.get(code_of(error))
        if meant is None:
            raise
        raise meant from error


def _of_answer(error: bc.ClientError) -> str | None:
    code, operation = code_of(error), error.operation_name
    message = ENCODED.sub("", str(error.response.get("Error", {}).get("Message", ""))).strip()
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    sentences = (
        (REFUSED, f"the account does not grant {_action(message) or operation}: {message}"),
        (THROTTLED, f"AWS throttled {operation} ({code}): {message}"),
        (NO_CAPACITY, f"AWS had no capacity for {operation} ({code}): {message}"),
        (NO_QUOTA, f"the account's quota does not allow {operation} ({code}): {message}"),
        (BAD_CREDENTIALS, f"AWS does not take the credentials for {operation} ({code}): {message}"),
        (ACCOUNT, f"the account is not ready for {operation} ({code}): {message}"),
        (DOWN, f"AWS failed at {operation} ({code}): {message}"),
    )
    for codes, sentence in sentences:
        if code in codes:
            return sentence
    return f"AWS failed at {operation} (HTTP {status}, {code}): {message}" if status >= 500 else None


def _action(message: str) -> str:
    match = ACTION.search(message)
    return match["action"] if match else ""
