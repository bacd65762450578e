"""Refusals of the engine, with the status codes and sentences of moby's API."""

from __future__ import annotations


class ApiError(Exception):
    """Is answered as ``{"message": …}`` with ``status``, as the Docker Engine API does."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def bad_parameter(message: str) -> ApiError:
    return ApiError(400, message)


def no_such_container(name: str) -> ApiError:
    return ApiError(404, f"No such container: {name}")


def no_such_image(name: str) -> ApiError:
    return ApiError(404, f"No such image: {name}")


def no_such_exec(identity: str) -> ApiError:
    return ApiError(404, f"No such exec instance: {identity}")


def conflict(message: str) -> ApiError:
    return ApiError(409, message)


def not_running(identity: str) -> ApiError:
    return ApiError(409, f"container {identity} is not running")


def not_modified() -> ApiError:
    """Tell that the container is already in the state asked for; the answer has no body."""
    return ApiError(304, "")


def unsupported(what: str) -> ApiError:
    """Refuse what this engine does not do, and say so."""
    return ApiError(501, f"{what} is not supported by the embedded engine")
