"""SageMaker's refusals, with AWS's codes."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """``ValidationException``, SageMaker's code for nearly everything."""

    code = "ValidationException"


class NotFound(ServiceException):
    """``ResourceNotFound``: a training job that does not exist."""

    code = "ResourceNotFound"


class InUse(ServiceException):
    """``ResourceInUse``: a name that is taken."""

    code = "ResourceInUse"


class InvocationRefused(ServiceException):
    """``ValidationError``, the same of the runtime interface."""

    code = "ValidationError"


class ModelError(ServiceException):
    """``ModelError``: the container refused a request (AWS: "InvokeEndpoint", Errors)."""

    code = "ModelError"

    def __init__(self, message: str, status: int, original: str, log_arn: str) -> None:
        super().__init__(message)
        self.OriginalStatusCode = status
        self.OriginalMessage = original
        self.LogStreamArn = log_arn
