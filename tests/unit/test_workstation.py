"""The workstation: a home, an agent, and an environment that knows nothing but the run's cloud."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cloud import OFFLINE, Cloud
from harness.errors import UsageError
from harness.leash import Leash
from harness.waiting import until
from harness.workstation import set_up

CLOUD = Cloud("moto", "embedded", "123456789012", "eu-west-1", OFFLINE, endpoint_url="http://127.0.0.1:9")

SLOW_AGENT = """
import signal, socket, sys, time
agent = socket.socket(socket.AF_UNIX)
agent.bind(sys.argv[-1])
time.sleep(0.3)
agent.listen()
signal.pause()
"""


@pytest.fixture
def leash():
    with Leash() as leash:
        yield leash


@pytest.fixture
def workstation(leash):
    return set_up(leash, CLOUD)


def test_its_agent_is_there_and_holds_no_key(workstation):
    listed = workstation.run(["ssh-add", "-l"], timeout=10)

    assert (listed.exit_code, listed.stdout.strip()) == (1, "The agent has no identities.")


def test_it_is_not_ready_before_its_agent_listens(leash, monkeypatch, tmp_path):
    """A socket is there as soon as it is bound: on a busy machine who came then was refused."""
    agent = tmp_path / "ssh-agent"
    agent.write_text(f"#!{sys.executable}\n{SLOW_AGENT}")
    agent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with socket.socket(socket.AF_UNIX) as caller:
        assert caller.connect_ex(str(set_up(leash, CLOUD).agent)) == 0


def test_its_agent_and_home_end_with_the_leash(leash, workstation):
    leash.close()

    assert not workstation.home.exists()
    asked = subprocess.run(
        ["ssh-add", "-l"], env={**workstation.environment, "HOME": "/"}, check=False, capture_output=True
    )
    assert asked.returncode == 2


def test_what_another_process_starts_there_ends_with_the_leash(leash, workstation):
    """As a worker of a killed run does: it would make the home anew after its removal."""
    start = (
        "import subprocess; print(subprocess.Popen(['sleep', '600'], stdout=-3, stderr=-3, start_new_session=True).pid)"
    )
    pid = workstation.run([sys.executable, "-c", start], timeout=10).stdout.strip()
    assert Path("/proc", pid).is_dir()
    leash.close()

    until("the process has gone", lambda: not Path("/proc", pid).exists(), timeout=10)


def test_nothing_of_the_callers_credentials_is_in_its_environment(leash, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("AWS_PROFILE", "canary")

    assert "canary" not in set_up(leash, CLOUD).environment.values()


def test_its_commands_find_the_cloud_and_the_tools_of_this_python(workstation):
    show = "import os, shutil; print(os.environ['AWS_ENDPOINT_URL'], shutil.which('python3') or shutil.which('python'))"
    said = workstation.run([sys.executable, "-c", show], timeout=10).stdout.split()

    assert said[0] == CLOUD.endpoint_url
    assert Path(said[1]).parent == Path(sys.executable).parent


def test_a_command_that_takes_too_long_ends_as_timeout_ends_it(workstation):
    ended = workstation.run(["cat", "/dev/zero"], timeout=0.1)

    assert ended.exit_code == 124
    assert ended.stderr.endswith("timed out after 0 s")


def test_its_home_is_private(workstation):
    assert {path.stat().st_mode & 0o077 for path in (workstation.home, workstation.ssh)} == {0}


def test_without_a_user_it_says_whom_openssh_serves(leash, monkeypatch):
    """As in a container that is run as a number: what ssh then refuses is no fault of a student's."""
    monkeypatch.setattr("harness.workstation.os.getuid", lambda: 4_000_000)
    with pytest.raises(UsageError, match="there is no user of number 4000000 on this machine"):
        set_up(leash, CLOUD)


def test_without_an_ssh_client_it_says_what_to_install(leash, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UsageError, match="install an OpenSSH client"):
        set_up(leash, CLOUD)
