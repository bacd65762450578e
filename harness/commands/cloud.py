"""Serve the offline cloud in the foreground.

Prints the lines that a shell needs to reach it as an administrator, which is there already, then "ready". Ends on
Ctrl-C or SIGTERM, with everything gone that it made. With --account there are further accounts: in each an
administrator, whose profile is named as the account, and a role that users of the first account may assume.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import fractions
import secrets
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from harness import isolation
from harness.cloud import Cloud, Credentials
from harness.commands import accounts
from harness.commands.accounts import made_user
from harness.leash import Leash
from harness.workstation import configure

if TYPE_CHECKING:
    from harness.offline.cloud import OfflineCloud


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the cloud is made of, and where."""
    parser.add_argument("--hosts", choices=("embedded", "docker"), default="embedded", help="what an instance is")
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="the endpoint's port (default: any free one)"
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="keep its files in a new directory here, as long as it runs"
    )
    parser.add_argument(
        "--account", action="append", default=[], metavar="ID",
        help="another account, of twelve digits, beside the first; may be given several times",
    )  # fmt: skip
    parser.add_argument("--region", default="us-east-1", metavar="NAME", help="the AWS region (default: us-east-1)")
    parser.add_argument(
        "--weather", choices=("calm", "typical", "stormy"), default="calm",
        help="how AWS feels today: nothing takes time (default), usual durations and delays, or troubles as well",
    )  # fmt: skip
    parser.add_argument(
        "--time-scale", type=_scale, default=1.0, metavar="F",
        help="seconds here for a second on AWS, such as 1/60, where the weather has durations (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, metavar="N", help="what the weather is drawn from; the same number, the same day"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until told to stop."""
    with _told_to_stop() as stop, isolation.offline(), contextlib.closing(Leash()) as leash:
        from harness.offline.cloud import OfflineCloud  # moto takes its time: only this command imports it
        from harness.offline.loading import ACCOUNT
        from harness.offline.weather import forecast

        others = accounts.check(options.account, ACCOUNT)
        state = leash.directory("cloud-", within=_made(options.state) if options.state else None)
        seed = secrets.randbelow(10**6) if options.seed is None else options.seed
        weather = forecast(options.weather, seed=seed, scale=options.time_scale)
        with OfflineCloud(
            state, region=options.region, kind=options.hosts, port=options.port, weather=weather, others=others
        ) as offline:
            if options.weather != "calm":
                sys.stdout.write(f"# weather: {options.weather}, seed {seed}, time scale {options.time_scale:.4g}\n")
            user = made_user(offline.cloud)
            variables = shell_variables(offline.cloud, state, user)
            keys = accounts.furnish(offline, Path(variables["AWS_SHARED_CREDENTIALS_FILE"])) if others else {}
            weather.begin()
            seconds = weather.credentials_last()
            if seconds is not None:
                variables |= lent(offline, user, seconds)
            variables["ACCEPTANCE_PATIENCE"] = patience_for(options)
            lines = (*_shell_lines(variables), *accounts.lines(keys), "ready")
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
            stop.wait()
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; it is a number up to 65535")
    return int(text)


def _scale(text: str) -> float:
    try:
        scale = float(fractions.Fraction(text.replace(" ", "")))
    except (ValueError, ZeroDivisionError):
        scale = -1.0
    if not 0 < scale <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no scale; it is a number over 0 and up to 1, such as 1/60")
    return scale


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory.resolve()


def lent(offline: OfflineCloud, user: Credentials, seconds: float) -> dict[str, str]:
    """Return the variables of temporary credentials of the user's that expire; the file keeps the key that does not."""
    key = offline.identities.lend(user.access_key, datetime.timedelta(seconds=seconds))
    return {
        "AWS_ACCESS_KEY_ID": key.access_key,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_SESSION_TOKEN": key.token or "",
    }


def patience_for(options: argparse.Namespace) -> str:
    """Return how patient to be: nothing here takes the minutes that it takes on AWS, unless the weather has it so."""
    if options.weather == "calm":
        return "containers" if options.hosts == "docker" else "offline"
    return f"{options.time_scale:.6g}"


def shell_variables(cloud: Cloud, state: Path, user: Credentials) -> dict[str, str]:
    """Return the environment of a shell whose commands are to use this cloud as ``user``."""
    credentials = configure(state / "aws", cloud.region, user)
    variables = {
        "AWS_ENDPOINT_URL": cloud.endpoint_url or "",
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_CONFIG_FILE": str(credentials.with_name("config")),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_ACCESS_KEY_ID": user.access_key,
        "AWS_SECRET_ACCESS_KEY": user.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "ACCEPTANCE_PATIENCE": "offline",
    }
    if cloud.owner is not None:
        variables["ACCEPTANCE_ROOT_ACCESS_KEY_ID"] = cloud.owner.access_key
        variables["ACCEPTANCE_ROOT_SECRET_ACCESS_KEY"] = cloud.owner.secret_key
    if cloud.ssh_config is not None:
        variables["ACCEPTANCE_SSH_CONFIG"] = str(cloud.ssh_config)
    return variables


def _shell_lines(variables: dict[str, str]) -> Iterator[str]:
    """Return what to type in a shell, as after ``aws configure``."""
    yield "unset AWS_PROFILE AWS_SESSION_TOKEN"
    for name, value in variables.items():
        yield f"export {name}={shlex.quote(value)}"
    if "ACCEPTANCE_SSH_CONFIG" in variables:
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
