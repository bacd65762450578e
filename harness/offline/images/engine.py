"""The Docker engine of this machine, and what its absence is called."""

from __future__ import annotations

import os
import socket

import docker
import requests
from docker.errors import DockerException

from harness.errors import UsageError

USUAL = "unix:///var/run/docker.sock"
TIMEOUT = 120
"""Seconds that one call of the engine may take; what takes longer is asked for in steps."""


def connect(*, timeout: float = TIMEOUT) -> docker.DockerClient:
    """Return the engine that ``DOCKER_HOST`` or the usual socket leads to.

    Raises :class:`~harness.errors.UsageError` where none answers.
    """
    try:
        _knock(os.environ.get("DOCKER_HOST") or USUAL)
        client = docker.from_env(timeout=timeout)
    except (DockerException, OSError) as error:
        raise UsageError(_why_absent(error)) from error
    try:
        client.ping()
    except (DockerException, requests.RequestException) as error:
        client.close()
        raise UsageError(_why_absent(error)) from error
    return client


def _knock(url: str) -> None:
    """Raise ``OSError`` where nobody listens on a local socket: the SDK would leave one of its own open."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(url.removeprefix("unix://"))


def _why_absent(error: Exception) -> str:
    where = os.environ.get("DOCKER_HOST") or USUAL
    if isinstance(error, PermissionError):
        return f"the Docker engine at {where} refuses this user; join the group docker, and log in again."
    return f"no Docker engine answers at {where}; start one (package docker.io, then dockerd), or use embedded hosts."
