"""The life of a machine: user data, services, stop and start, reboot, power-off and end."""

from __future__ import annotations

import pytest

from harness.waiting import until
from tests.docker_hosts.conftest import OUT, SSH

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def test_user_data_is_run_once_as_root(lab):
    spec = lab.boot("i-data", "172.31.7.7", user_data="#!/bin/sh\nid -un >> /var/tmp/ran\n")
    lab.until_in(spec.public_ip)
    until("user data has run", lambda: "exit code 0" in lab.hosts.console_output("i-data"), timeout=20, every=0.1)
    lab.hosts.reboot("i-data")
    until("it is back", lambda: lab.ssh(spec.public_ip, "cat /var/tmp/ran").stdout == "root\n", timeout=60, every=0.2)


@pytest.mark.parametrize(
    ("line", "code", "output"),
    [
        ("systemctl is-active ssh", 0, "active\n"),
        ("systemctl is-enabled ssh", 0, "enabled\n"),
        ("systemctl is-active nonsense", 4, "inactive\n"),
        ("systemctl stop ssh", 1, ""),
        ("sudo systemctl restart cron && systemctl is-active cron", 0, "active\n"),
        ("sudo systemctl stop cron; systemctl is-active cron", 3, "inactive\n"),
        ("sudo systemctl start nonsense", 5, ""),
        ("hostname", 0, "ip-172-31-5-5\n"),
        ("dpkg-query -W -f '${Status}' openssh-server", 0, "install ok installed"),
    ],
)
def test_commands_of_the_machine(lab, bastion, line, code, output):
    done = lab.ssh(bastion.public_ip, line)
    assert (done.returncode, done.stdout) == (code, output), done.stderr


def test_files_and_keys_stay_over_stop_and_start(lab, bastion):
    before = lab.ssh(bastion.public_ip, "echo kept > kept; cat /etc/ssh/ssh_host_ed25519_key.pub").stdout
    lab.hosts.halt(bastion.instance_id)
    lab.hosts.boot(bastion, (SSH,), OUT)
    lab.until_in(bastion.public_ip)
    assert lab.ssh(bastion.public_ip, "cat kept /etc/ssh/ssh_host_ed25519_key.pub").stdout == f"kept\n{before}"
    assert lab.halted == []


def test_power_off_is_heard_of(lab):
    spec = lab.boot("i-off", "172.31.8.8")
    lab.until_in(spec.public_ip)
    lab.ssh(spec.public_ip, "sudo poweroff")
    until("the control plane hears of it", lambda: lab.halted == ["i-off"], timeout=30, every=0.05)


def test_a_machine_that_is_destroyed_leaves_its_words_and_nothing_else(lab, engine):
    lab.boot("i-gone", "172.31.9.9")
    until("it has booted", lambda: "HOST KEY" in lab.hosts.console_output("i-gone"), timeout=60, every=0.1)
    lab.hosts.destroy("i-gone")

    def left():
        filters = {"label": "acceptance-instance=i-gone"}
        return engine.containers.list(all=True, filters=filters) + engine.volumes.list(filters=filters)

    until("nothing is left", lambda: not left(), timeout=30, every=0.1)
    assert "HOST KEY" in lab.hosts.console_output("i-gone")
