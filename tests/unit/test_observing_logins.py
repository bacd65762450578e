"""Logins that say nothing of the homework: a host that takes the connection and is too busy to speak."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from harness.cloud import OFFLINE
from harness.errors import CloudTrouble
from harness.facts.logins import Entrance, Login
from harness.hosts import logins
from harness.hosts.ssh import Ssh, Target
from harness.subjects.observing.instances import Instances
from tests.unit.sshd import SECONDS, keyed_workstation

OURS = Login("ubuntu", "bastion", "the agent's key", "admitted", name="ubuntu")
REFUSED = Login("ubuntu", "bastion", "a stranger's key", "refused", said="Permission denied (publickey).")
MUTE = Login("ubuntu", "bastion", "the key", "unreachable", said="Connection timed out during banner exchange")


def test_a_host_that_takes_the_connection_and_says_nothing_is_mute() -> None:
    with keyed_workstation() as workstation, socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (workstation.ssh / "config").write_text(f"Host bastion\n HostName 127.0.0.1\n Port {port}\n")
        ssh = Ssh(workstation, config=workstation.ssh / "config", patience=1)
        found = logins.login(ssh, Target("ubuntu", "bastion"), timeout=SECONDS)
        ssh.close()
    assert (found.outcome, found.is_mute) == ("unreachable", True)


def entrance(monkeypatch, stranger: Login) -> Entrance:
    """Return what is observed of a bastion that lets us in and reacts to a stranger like this."""
    stage = object.__new__(Instances)
    stage.subject = SimpleNamespace(context=SimpleNamespace(cloud=SimpleNamespace(patience=OFFLINE)))
    stage.bastion_login, stage.ssh, stage.bastion_target = (lambda: OURS), (lambda: None), (lambda: None)
    monkeypatch.setattr(logins, "stranger", lambda *_, **__: stranger)
    return stage.entrance()


def test_a_stranger_who_is_turned_away_is_refused(monkeypatch) -> None:
    assert entrance(monkeypatch, REFUSED).stranger.is_refused


def test_a_stranger_to_whom_nothing_is_said_is_the_clouds_trouble(monkeypatch) -> None:
    with pytest.raises(CloudTrouble, match="too busy to speak"):
        entrance(monkeypatch, MUTE)
