"""Serve the offline cloud in the foreground.

Prints the lines that a shell needs to reach it, then "ready". Ends on Ctrl-C or SIGTERM, with everything
gone that it made.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from harness import isolation
from harness.cloud import Cloud
from harness.errors import UsageError
from harness.leash import Leash


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the cloud is made of, and where."""
    parser.add_argument("--hosts", choices=("embedded", "docker"), default="embedded", help="what an instance is")
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="the endpoint's port (default: any free one)"
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="where hosts keep their files (default: a temporary one)"
    )
    parser.add_argument("--region", default="us-east-1", metavar="NAME", help="the AWS region (default: us-east-1)")


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    if options.hosts == "docker":
        raise UsageError("--hosts docker: containers as instances are not part of this version; leave the option out.")
    with _told_to_stop() as stop, isolation.offline(), contextlib.closing(Leash()) as leash:
        from harness.offline.cloud import OfflineCloud  # moto takes its time: only this command imports it

        state = _made(options.state) if options.state else leash.directory("cloud-")
        with OfflineCloud(state, region=options.region, kind=options.hosts, port=options.port) as offline:
            sys.stdout.write("".join(f"{line}\n" for line in (*_shell_lines(offline.cloud), "ready")))
            sys.stdout.flush()
            stop.wait()
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; it is a number up to 65535")
    return int(text)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory.resolve()


def _shell_lines(cloud: Cloud) -> Iterator[str]:
    """Return what to type in a shell whose commands are to use this cloud."""
    variables = {"AWS_ENDPOINT_URL": cloud.endpoint_url, "AWS_REGION": cloud.region, "AWS_DEFAULT_REGION": cloud.region}
    if cloud.owner is not None:
        variables["AWS_ACCESS_KEY_ID"] = cloud.owner.access_key
        variables["AWS_SECRET_ACCESS_KEY"] = cloud.owner.secret_key
    variables["AWS_EC2_METADATA_DISABLED"] = "true"
    yield "unset AWS_PROFILE AWS_SESSION_TOKEN"
    for name, value in variables.items():
        yield f"export {name}={shlex.quote(value or '')}"
    if cloud.ssh_config is not None:
        yield f"export ACCEPTANCE_SSH_CONFIG={shlex.quote(str(cloud.ssh_config))}"
        yield '# ssh -F "$ACCEPTANCE_SSH_CONFIG" -i KEY.pem ubuntu@PUBLIC-ADDRESS'


@contextlib.contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set; what is being made or removed then is finished first."""
    stop = threading.Event()

    def stopping(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    previous = {number: signal.signal(number, stopping) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
