"""Host keys: learnt over the instance's console, and no other taken for the rest of the run."""

from __future__ import annotations

import base64
import getpass

import asyncssh
import pytest
from botocore.exceptions import ClientError

from harness.aws.console import find_host_keys
from harness.hosts.ssh import UNREACHED, Ssh, Target
from tests.unit.sshd import SECONDS, Sshd, keyed_workstation

USER = getpass.getuser()


def public_key(algorithm: str = "ssh-ed25519") -> str:
    """Return a new key's public half, ``type key``."""
    return asyncssh.generate_private_key(algorithm).export_public_key().decode().strip()


def console(*keys: str) -> str:
    lines = "".join(f"{key} root@ip-172-31-7-1\n" for key in keys)
    return f"booting\r\n-----BEGIN SSH HOST KEY KEYS-----\n{lines}-----END SSH HOST KEY KEYS-----\ndone\n"


class Ec2:
    """Answers for an instance's console, or refuses to."""

    def __init__(self, output: str = "", refusal: str = "") -> None:
        self.output, self.refusal = output, refusal

    def client(self, _: str) -> Ec2:
        return self

    def get_console_output(self, InstanceId: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        assert InstanceId == "i-1"
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, "GetConsoleOutput")
        return {"Output": self.output} if self.output else {}


@pytest.mark.parametrize("coded", [str, lambda text: base64.b64encode(text.encode()).decode()], ids=["text", "base64"])
def test_keys_are_read_from_the_console(coded):
    keys = public_key(), public_key("ecdsa-sha2-nistp256")
    assert find_host_keys(Ec2(coded(console(*keys))), "i-1") == keys


def test_last_boot_counts():
    old, new = public_key(), public_key()
    assert find_host_keys(Ec2(console(old) + console(new)), "i-1") == (new,)


@pytest.mark.parametrize(
    "ec2",
    [Ec2(), Ec2("booting\n"), Ec2(refusal="UnauthorizedOperation"), Ec2(refusal="InvalidInstanceID.NotFound")],
    ids=["nothing yet", "no keys yet", "refused", "unknown"],
)
def test_console_that_says_nothing_of_keys_gives_none(ec2):
    assert find_host_keys(ec2, "i-1") == ()


def test_trouble_is_not_taken_for_a_console_without_keys():
    with pytest.raises(ClientError, match="InternalError"):
        find_host_keys(Ec2(refusal="InternalError"), "i-1")


@pytest.fixture(scope="module")
def workstation():
    with keyed_workstation() as made:
        yield made


@pytest.fixture(scope="module")
def host(workstation, tmp_path_factory):
    with Sshd(tmp_path_factory.mktemp("home"), (workstation.ssh / "key.pub").read_text(), USER) as sshd:
        (workstation.ssh / "config").write_text(f"Host bastion\n HostName 127.0.0.1\n Port {sshd.port}\n")
        yield sshd


@pytest.fixture
def ssh(workstation, host):
    client = Ssh(workstation, config=workstation.ssh / "config", patience=5)
    yield client
    client.close()


def test_host_with_the_pinned_key_is_logged_in_to(ssh, workstation):
    first = Target(USER, "bastion", alias="i-first")
    ssh.run(first, "true", timeout=SECONDS)
    learnt = next(
        line for line in (workstation.ssh / "known_hosts").read_text().splitlines() if line.startswith("i-first ")
    )
    pinned = Target(USER, "bastion", alias="i-pinned")
    ssh.pin(pinned, [learnt.removeprefix("i-first ")])
    assert ssh.knows(pinned)
    assert ssh.run(pinned, "true", timeout=SECONDS).exit_code == 0


def test_host_with_another_key_than_the_pinned_one_is_not(ssh):
    impostor = Target(USER, "bastion", alias="i-impostor")
    ssh.pin(impostor, [public_key()])
    done = ssh.run(impostor, "true", timeout=SECONDS)
    assert done.exit_code == UNREACHED
    assert "host key" in done.stderr.lower()


def test_nothing_to_pin_leaves_the_first_key_to_be_learnt(ssh):
    target = Target(USER, "bastion", alias="i-unknown")
    ssh.pin(target, [])
    assert not ssh.knows(target)
    assert ssh.run(target, "true", timeout=SECONDS).exit_code == 0
    assert ssh.knows(target)
