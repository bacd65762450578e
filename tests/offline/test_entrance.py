"""AWS is entered as the caller, or not at all: one sentence each, and nothing is created."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.aws import entrance, iam
from harness.aws.session import Aws
from harness.cloud import OFFLINE, Credentials, patience_called
from harness.errors import UsageError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def caller(offline) -> Credentials:
    owner = Aws(offline.cloud, offline.cloud.owner)
    iam.create_user(owner, "ann", {})
    return iam.create_access_key(owner, "ann")


@pytest.fixture
def shell(offline, caller, monkeypatch):
    """Set the environment of a caller's shell; what is given replaces what is right."""

    def shell(**given: str | None) -> dict[str, str | None]:
        right: dict[str, str | None] = {
            "AWS_ENDPOINT_URL": offline.cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": caller.access_key,
            "AWS_SECRET_ACCESS_KEY": caller.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for name, value in (right | given).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        return right | given

    return shell


@pytest.fixture
def expired(offline, caller) -> dict[str, str]:
    """Return the environment with a session of the caller's that has expired."""
    session = Aws(offline.cloud, caller).client("sts").get_session_token()["Credentials"]
    known = offline.identities.sessions
    past = datetime.datetime(2026, 1, 1)
    known[session["AccessKeyId"]] = replace(known[session["AccessKeyId"]], expires=past)
    return {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }


def enter(region: str | None = None, account: str | None = None):
    return entrance.enter(region, account, patience=OFFLINE, ssh_config=None)


def test_the_callers_account_and_region_are_entered(offline, shell) -> None:
    shell(AWS_DEFAULT_REGION="eu-west-1")
    cloud = enter(account=offline.account)
    assert (cloud.name, cloud.account, cloud.region, cloud.owner) == ("real", offline.account, "eu-west-1", None)
    assert enter("us-west-2").region == "us-west-2"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no usable credentials", id="none"),
        pytest.param({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, "does not take the credentials", id="unknown"),
        pytest.param({"AWS_SECRET_ACCESS_KEY": "wrong"}, "does not take the credentials", id="wrong"),
        pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "could not be reached", id="nobody answers"),
        pytest.param({"AWS_ENDPOINT_URL": "nonsense"}, "ValueError: Invalid endpoint: nonsense", id="no address"),
        pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:99999"}, "Port out of range", id="no port"),
        pytest.param({"AWS_DEFAULT_REGION": None}, "No region is configured", id="no region"),
        pytest.param({"AWS_DEFAULT_REGION": "mars-north-1"}, "is not a region of AWS", id="no such region"),
        pytest.param({"AWS_PROFILE": "nobody"}, "set AWS_PROFILE", id="no such profile"),
    ],
)
def test_who_cannot_enter_is_told_why_in_one_sentence(shell, given, sentence) -> None:
    shell(**given)
    with pytest.raises(UsageError, match=sentence) as refused:
        enter()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[default\nregion", "The AWS configuration cannot be used: Unable to parse config file: .*; mend it"),
        ("[default]\ncredential_process = /nonexistent/vault\n", "FileNotFoundError: .*/nonexistent/vault"),
        ("[default]\ncredential_process = echo nonsense\n", "JSONDecodeError: Expecting value"),
    ],
    ids=["broken", "no such program", "garbage"],
)
def test_a_configuration_that_is_none_is_a_sentence(shell, tmp_path, content, sentence) -> None:
    (tmp_path / "config").write_text(content)
    shell(AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    with pytest.raises(UsageError, match=sentence) as refused:
        enter()
    assert "\n" not in str(refused.value)


def test_a_second_factor_without_a_terminal_is_a_sentence(shell, monkeypatch) -> None:
    def ask(_: object) -> None:
        raise EOFError("EOF when reading a line")

    shell()
    monkeypatch.setattr(entrance, "find_caller", ask)
    with pytest.raises(UsageError, match="cannot be entered in us-east-1: EOFError"):
        enter()


def test_an_expired_session_is_told_so(shell, expired) -> None:
    shell(**expired)
    with pytest.raises(UsageError, match=r"does not take the credentials for GetCallerIdentity \(ExpiredToken\)"):
        enter()


def test_another_account_than_the_one_named_stops(offline, shell) -> None:
    shell()
    with pytest.raises(UsageError, match=f"the credentials are of account {offline.account} .*user/ann"):
        enter(account="999999999999")


@pytest.mark.parametrize("arguments", [["--account=999999999999"], ["--region=mars-north-1"]])
def test_a_run_that_cannot_enter_ends_with_exit_code_4_and_creates_nothing(offline, shell, tmp_path, arguments) -> None:
    environment = {name: value for name, value in shell().items() if value is not None}
    seen = len(offline.trail.events())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--aws=real", f"--run-dir={tmp_path / 'run'}", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    calls = [event.name for event in offline.trail.events()[: len(offline.trail.events()) - seen]]
    assert set(calls) <= {"GetCallerIdentity"}


def test_a_patience_that_is_not_known_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="ACCEPTANCE_PATIENCE is 'endless'"):
        patience_called("endless")
