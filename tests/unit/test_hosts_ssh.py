"""The ssh client of the suite, against a server of our own."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess

import pytest

from harness.errors import UsageError
from harness.hosts import logins
from harness.hosts.inspection import HostLostError, inspect
from harness.hosts.ssh import LIMIT, UNREACHED, Ssh, Target
from harness.workstation import Workstation
from tests.unit.sshd import SECONDS, Sshd, keyed_workstation

USER = getpass.getuser()


@pytest.fixture(scope="module")
def workstation():
    with keyed_workstation() as made:
        yield made


@pytest.fixture(scope="module")
def sshd(workstation, tmp_path_factory):
    public_key = (workstation.ssh / "key.pub").read_text()
    with Sshd(tmp_path_factory.mktemp("home"), public_key, USER) as sshd:
        yield sshd


@pytest.fixture
def target(sshd, workstation):
    (workstation.ssh / "config").write_text(f"Host bastion private\n HostName 127.0.0.1\n Port {sshd.port}\n")
    return Target(USER, "bastion", alias="i-0abc")


@pytest.fixture
def ssh(workstation):
    client = Ssh(workstation, config=workstation.ssh / "config", patience=5)
    yield client
    client.close()


def test_command_comes_back_with_exit_code_and_outputs(ssh, target):
    done = ssh.run(target, "cat; echo oops >&2; exit 7", timeout=SECONDS, input="héllo")

    assert (done.exit_code, done.stdout, done.stderr) == (7, "héllo", "oops\n")


def test_second_command_needs_no_second_login(ssh, target, sshd):
    ssh.run(target, "true", timeout=SECONDS)
    before = sshd.logins

    assert ssh.run(target, "true", timeout=SECONDS).exit_code == 0
    assert sshd.logins == before


def test_forgotten_host_is_logged_in_to_again(ssh, target, sshd):
    ssh.run(target, "true", timeout=SECONDS)
    before = sshd.logins
    ssh.forget(target)

    assert ssh.run(target, "true", timeout=SECONDS).exit_code == 0
    assert sshd.logins == before + 1


def test_host_key_is_remembered_by_the_instance(ssh, target, workstation):
    ssh.run(target, "true", timeout=SECONDS)

    assert (workstation.ssh / "known_hosts").read_text().startswith("i-0abc ")


def test_closing_ends_the_shared_connection(workstation, target):
    client = Ssh(workstation, config=workstation.ssh / "config", patience=5)
    client.run(target, "true", timeout=SECONDS)
    sockets = list(client.directory.iterdir())
    client.close()

    assert len(sockets) == 1
    assert not client.directory.exists()


def test_more_output_than_is_wanted_is_cut(ssh, target):
    done = ssh.run(target, "head -c 1000000 /dev/zero | tr '\\0' x; printf '\\377' >&2", timeout=SECONDS)

    assert done.stdout == "x" * LIMIT + f"\n(cut after {LIMIT} bytes)"
    assert done.stderr == "�"


def test_command_that_does_not_end_is_ended(ssh, target):
    done = ssh.run(target, "echo begun; sleep 60", timeout=0.5)

    assert (done.exit_code, done.stdout) == (124, "begun\n")
    assert "did not end within" in done.stderr


def test_file_is_written(ssh, target, sshd):
    assert ssh.write(target, "a file.html", "<p>ü</p>\n", timeout=SECONDS).exit_code == 0
    assert (sshd.home / "a file.html").read_text() == "<p>ü</p>\n"


def test_stream_is_a_socket_to_the_command(ssh, target):
    ours, process = ssh.stream(target, "cat")
    with ours:
        ours.settimeout(SECONDS)
        ours.sendall(b"ping")
        assert ours.recv(4) == b"ping"
    assert process.wait(SECONDS) == 0


def test_without_an_ssh_command_a_sentence_says_so(tmp_path):
    with pytest.raises(UsageError, match="install an OpenSSH client"):
        Ssh(Workstation(tmp_path, {"PATH": str(tmp_path)}), config=None, patience=1)


def test_login_says_who_it_is(ssh, target):
    login = logins.login(ssh, target, timeout=SECONDS)

    assert login.is_admitted
    assert login.name == USER


def test_other_user_is_refused(ssh, target):
    login = logins.login(ssh, Target("somebody", target.host), timeout=SECONDS)

    assert login.is_refused
    assert "Permission denied" in login.said


def test_stranger_is_refused_although_a_connection_is_open(ssh, target):
    assert ssh.run(target, "true", timeout=SECONDS).exit_code != UNREACHED

    assert logins.stranger(ssh, target, timeout=SECONDS).is_refused


def test_closed_port_is_unreachable(ssh, workstation):
    (workstation.ssh / "config").write_text("Host bastion\n HostName 127.0.0.1\n Port 1\n")
    login = logins.login(ssh, Target(USER, "bastion"), timeout=SECONDS)

    assert login.outcome == "unreachable"
    assert "refused" in login.said


@pytest.fixture
def way(target, sshd, workstation):
    """Make ssh on the server know the way to the private instance, which is the same server again."""
    (sshd.home / "bin").mkdir(exist_ok=True)
    inner = sshd.home / "bin/ssh"
    line = f"Host private\n HostName 127.0.0.1\n Port {sshd.port}\n IdentityFile {sshd.home}/.ssh/id\n"
    (sshd.home / "config").write_text(line)
    inner.write_text(f'#!/bin/sh\nPATH=${{PATH#*:}} exec ssh -F "{sshd.home}/config" "$@"\n')
    inner.chmod(0o755)
    return f"{sshd.home}/bin"


def _hop(ssh, target, forward):
    return logins.hop(ssh, target, USER, "private", forward=forward, wait=5, timeout=SECONDS)


def test_hop_needs_the_forwarded_agent(ssh, target, way, monkeypatch):
    monkeypatch.setenv("PATH", f"{way}:{os.environ['PATH']}")
    forwarded, found = _hop(ssh, target, forward=True)
    unforwarded, _ = _hop(ssh, target, forward=False)

    assert forwarded.is_admitted, forwarded
    assert os.uname().nodename in found
    assert unforwarded.is_refused, unforwarded


def test_key_left_on_the_bastion_is_found_and_opens_the_hop(ssh, target, way, sshd, workstation, monkeypatch):
    monkeypatch.setenv("PATH", f"{way}:{os.environ['PATH']}")
    (sshd.home / ".ssh").mkdir()
    copy = sshd.home / ".ssh/id"
    copy.write_bytes((workstation.ssh / "key").read_bytes())
    copy.chmod(0o600)
    try:
        assert logins.key_files(ssh, target, timeout=SECONDS, places=()) == ("./.ssh/id",)
        assert _hop(ssh, target, forward=False)[0].is_admitted
    finally:
        copy.unlink()
    assert logins.key_files(ssh, target, timeout=SECONDS, places=()) == ()


@pytest.mark.parametrize(
    ("path", "is_found"),
    [
        ("a/b/c/d/e/f/g.txt", True),
        ("etc/ssh/mine", True),
        ("etc/ssl/private/hw02.key", True),
        ("var/lib/notes", True),
        ("etc/ssh/ssh_host_ed25519_key", False),
        ("etc/ssl/private/ssl-cert-snakeoil.key", False),
        ("venv/lib/python3.12/site-packages/tests/key.pem", False),
        ("lib/python3/dist-packages/twisted/test/server.pem", False),
        ("miniconda3/lib/python3.12/test/certdata/keycert.pem", False),
        ("var/lib/docker/overlay2/0a/diff/root/key", False),
    ],
)
def test_keys_are_found_however_deep_but_not_those_of_programs(ssh, target, sshd, workstation, path, is_found):
    """The paths stand for those of a host: they are looked for under its home directory."""
    copy = sshd.home / "there" / path
    copy.parent.mkdir(parents=True)
    copy.write_bytes((workstation.ssh / "key").read_bytes())
    (copy.parent / "mine.pub").write_text("ssh-ed25519 AAAA ann\n-----BEGIN PUBLIC KEY-----\n")
    try:
        found = logins.key_files(ssh, target, timeout=SECONDS, places=())
    finally:
        shutil.rmtree(sshd.home / "there")
    assert found == ((f"./there/{path}",) if is_found else ())


def test_testinfra_looks_through_our_connection(ssh, target, sshd):
    (sshd.home / "page").write_text("hello")
    host = inspect(ssh, target, timeout=SECONDS)

    assert host.file("page").content_string == "hello"
    assert not host.file("other").exists


def test_testinfra_s_lost_host_is_an_error_with_a_sentence(ssh):
    with pytest.raises(HostLostError, match=r"nowhere\.invalid"):
        inspect(ssh, Target(USER, "nowhere.invalid"), timeout=SECONDS).run("true")


def test_nothing_is_left_running(workstation, target):
    client = Ssh(workstation, config=workstation.ssh / "config", patience=5)
    client.run(target, "true", timeout=SECONDS)
    client.close()
    left = subprocess.run(["pgrep", "-f", str(client.directory)], capture_output=True, text=True, check=False)

    assert left.stdout == ""
