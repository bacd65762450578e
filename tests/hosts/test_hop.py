"""From the workstation to a bastion, and through it to a private host."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.waiting import until
from tests.hosts.support import rule

ACCEPT = "-o StrictHostKeyChecking=accept-new -o BatchMode=yes"


@pytest.fixture(scope="module")
def bastion(lab):
    return lab.boot()


@pytest.fixture(scope="module")
def private(lab, bastion):
    return lab.boot(rule(f"{bastion.private}/32"))


def hop(bastion, agent, command, *options):
    return subprocess.run(
        [*bastion.ssh_argv(*options), command], env=agent, capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_agent_forwarding_leads_on_by_private_name_and_address(bastion, private, agent):
    for name in (private.spec.private_dns, private.private, private.spec.public_dns):
        done = hop(bastion, agent, f"ssh {ACCEPT} ubuntu@{name} 'hostname; echo $SSH_CONNECTION'", "-A")
        assert done.returncode == 0, done
        hostname, caller = done.stdout.splitlines()
        assert hostname == private.spec.private_dns.partition(".")[0]
        assert caller.split()[0] == bastion.private


def test_the_remote_user_is_the_hosts_own_by_default(bastion, private, agent):
    assert hop(bastion, agent, f"ssh {ACCEPT} {private.private} whoami", "-A").stdout == "ubuntu\n"


def test_without_forwarding_the_hop_is_refused(bastion, private, agent):
    done = hop(bastion, agent, f"ssh {ACCEPT} ubuntu@{private.private} true")
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_the_agent_on_the_bastion_holds_the_key_and_no_file_does(bastion, agent):
    public = (bastion.lab.home / "key.pub").read_text().split()[1]
    assert public in hop(bastion, agent, "ssh-add -L", "-A").stdout
    assert hop(bastion, agent, "grep -rl 'PRIVATE KEY' ~/.ssh", "-A").returncode == 1


def test_an_agent_is_forwarded_wherever_temporary_files_are_made(bastion, agent, tmp_path, monkeypatch):
    far = tmp_path / ("far" * 30)
    far.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(far))
    assert hop(bastion, agent, "ssh-add -L", "-A").returncode == 0


def test_the_client_configuration_is_nobody_elses_to_write(lab):
    """ssh refuses it otherwise; Fedora's umask, for one, lets the group write."""
    before = os.umask(0)
    try:
        lab.boot()
    finally:
        os.umask(before)
    assert lab.hosts.ssh_config().stat().st_mode & 0o022 == 0


def test_an_unknown_host_key_is_asked_about_as_on_a_new_instance(bastion, private, agent):
    done = hop(bastion, agent, f"ssh -o BatchMode=yes -o UserKnownHostsFile=/dev/null {private.private} true", "-A")
    assert "Host key verification failed." in done.stderr


def test_the_workstation_does_not_get_in_where_only_the_bastion_may(private):
    assert private.ssh_answers() == "silent"


def test_private_names_mean_nothing_to_the_workstation(private):
    argv = ["ssh", "-F", str(private.lab.hosts.ssh_config()), "-G", private.spec.private_dns]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert f"hostname {private.spec.private_dns}" in done.stdout.splitlines()


def test_by_public_address_the_bastion_comes_from_its_public_one(lab, bastion, agent):
    open_to_public = lab.boot(rule(f"{bastion.public}/32"))
    assert hop(bastion, agent, f"ssh {ACCEPT} {open_to_public.public} true", "-A").returncode == 0
    late = f"ssh {ACCEPT} -o ConnectTimeout=1 {open_to_public.private} true"
    assert "timed out" in hop(bastion, agent, late, "-A").stderr


def test_proxy_jump_comes_from_the_bastion(bastion, private, agent):
    ssh = ["ssh", "-F", str(bastion.lab.hosts.ssh_config()), "-o", "StrictHostKeyChecking=no"]
    argv = [*ssh, "-o", "UserKnownHostsFile=/dev/null", "-J", f"ubuntu@{bastion.public}", f"ubuntu@{private.private}"]
    done = subprocess.run([*argv, "hostname"], env=agent, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == private.spec.private_dns.partition(".")[0] + "\n", done


def test_a_name_of_the_world_outside_does_not_resolve(bastion, agent):
    done = hop(bastion, agent, f"ssh {ACCEPT} git@github.com true", "-A")
    assert done.returncode == 255
    assert "Could not resolve hostname github.com" in done.stderr


def test_stopping_the_agents_session_removes_its_socket(bastion, agent):
    path = hop(bastion, agent, "echo $SSH_AUTH_SOCK", "-A").stdout.strip()
    assert path
    until("the forwarded agent's directory is gone", lambda: not Path(path).parent.exists(), timeout=10)
