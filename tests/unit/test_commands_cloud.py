"""``python -m harness cloud`` serves until it is told to stop, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import boto3
import pytest

import harness.commands.cloud
import harness.offline.cloud
from harness.__main__ import main
from harness.cloud import OFFLINE, Cloud, Credentials
from harness.waiting import until

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start the command and give the process and what it exports, once it says that it is ready."""
    command = [sys.executable, "-m", "harness", "cloud", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, dict(exports(process))
        finally:
            process.kill()


def exports(process: subprocess.Popen[str]) -> Iterator[tuple[str, str]]:
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if line == "ready\n":
            return
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            yield name, shlex.split(value)[0]
    pytest.fail(f"the cloud ended before it was ready: {process.stderr.read()}")


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_cloud_serves_until_a_signal_and_leaves_nothing(number) -> None:
    with serving("--region", "eu-west-1") as (process, variables):
        client = boto3.client(
            "sts", region_name=variables["AWS_REGION"], endpoint_url=variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        assert client.get_caller_identity()["Arn"].endswith(":user/homework")
        state = Path(variables["ACCEPTANCE_SSH_CONFIG"]).parent
        assert state.is_dir()
        assert variables["AWS_REGION"] == "eu-west-1"
        process.send_signal(number)
        assert process.wait(30) == (-number if number == signal.SIGKILL else 0)
        until("the cloud's files are gone", lambda: not state.exists(), timeout=20)
        assert not answers(variables["AWS_ENDPOINT_URL"])
        assert process.stderr.read() == ""


def test_the_cloud_takes_port_and_directory(tmp_path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving("--port", str(port), "--state", str(tmp_path / "state")) as (process, variables):
        assert variables["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{port}"
        assert Path(variables["ACCEPTANCE_SSH_CONFIG"]).is_relative_to(tmp_path / "state")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert list((tmp_path / "state").iterdir()) == []


def test_the_cloud_has_a_user_as_the_homework_wants_it_and_its_root(tmp_path) -> None:
    with serving() as (_, variables):
        environment = {**os.environ, **variables}
        region = subprocess.run(
            ["aws", "configure", "get", "region"], env=environment, capture_output=True, text=True, check=True
        )
        assert region.stdout.strip() == variables["AWS_REGION"]
        root = boto3.client(
            "iam", region_name=variables["AWS_REGION"], endpoint_url=variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=variables["ACCEPTANCE_ROOT_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["ACCEPTANCE_ROOT_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        assert root.get_user()["User"]["Arn"].endswith(":root")
        assert root.get_login_profile(UserName="homework")["LoginProfile"]
        (group,) = root.list_groups_for_user(UserName="homework")["Groups"]
        (policy,) = root.list_attached_group_policies(GroupName=group["GroupName"])["AttachedPolicies"]
        assert policy["PolicyName"] == "AdministratorAccess"


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "harness", "cloud", "--port", str(port)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"Port {port} cannot be taken (Address already in use)" in done.stderr


def test_a_region_and_keys_of_the_callers_do_not_matter(monkeypatch) -> None:
    monkeypatch.setitem(os.environ, "AWS_REGION", "ap-south-1")
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(os.environ, "AWS_PROFILE", "nobody")
    with serving() as (_, variables):
        assert variables["AWS_REGION"] == "us-east-1"
        assert answers(variables["AWS_ENDPOINT_URL"])


def test_further_accounts_are_entered_by_their_profiles_and_by_a_role() -> None:
    account = "210987654321"
    with serving("--account", account) as (_, variables):
        environment = {**os.environ, **variables}
        asked = [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--query=Arn", "--output=text"]
        told = subprocess.run(
            [*asked, "--profile", account], env=environment, capture_output=True, text=True, check=True
        )
        assert told.stdout == f"arn:aws:iam::{account}:user/homework\n"
        sts = boto3.client(
            "sts", region_name=variables["AWS_REGION"], endpoint_url=variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        assert account in sts.assume_role(RoleArn=role, RoleSessionName="grading")["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize("account", ["12345", "123456789012", "12345678901x"])
def test_what_is_no_other_account_costs_a_sentence(account, capsys) -> None:
    assert main(["cloud", "--account", account]) == 2
    assert capsys.readouterr().err.startswith(f"harness cloud: --account {account}: ")


class StoppedWhileItStarts:
    """An offline cloud that is told to stop before it has started."""

    closed: ClassVar[list[Path]] = []

    def __init__(self, state: Path, **_: object) -> None:
        self.state = state
        self.cloud = Cloud(
            "moto", "embedded", "123456789012", "us-east-1", OFFLINE, "http://127.0.0.1:1", Credentials("AKIA", "it's"),
            state / "ssh config",
        )  # fmt: skip

    def __enter__(self) -> StoppedWhileItStarts:
        signal.raise_signal(signal.SIGTERM)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.state.is_dir()
        self.closed.append(self.state)


def test_a_signal_while_the_cloud_starts_ends_it_in_order(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(harness.offline.cloud, "OfflineCloud", StoppedWhileItStarts)
    monkeypatch.setattr(harness.commands.cloud, "made_user", lambda cloud: cloud.owner)
    before = signal.getsignal(signal.SIGTERM)
    assert main(["cloud", "--state", str(tmp_path / "state")]) == 0
    state = StoppedWhileItStarts.closed.pop()
    assert state.parent == tmp_path / "state"
    assert not state.exists()
    assert signal.getsignal(signal.SIGTERM) is before
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "ready"
    values = {line.split("=")[0]: shlex.split(line.partition("=")[2]) for line in lines if line.startswith("export ")}
    assert values["export AWS_SECRET_ACCESS_KEY"] == ["it's"]
    assert values["export ACCEPTANCE_SSH_CONFIG"] == [str(state / "ssh config")]
