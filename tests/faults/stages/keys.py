"""The key pair, its private key file, and the agent that has it loaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.aws import keys
from harness.facts.account import Agent
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table
from tests.faults.stages.account import tools

TABLE = Table("keys")
fault, right = TABLE.fault, TABLE.right


def change_key(env: Environment, change: Callable[[bytes], bytes]) -> None:
    """Have the private key file changed after it was written."""

    def changed(made: Any) -> Any:
        path = Path(made.path)
        path.chmod(0o600)
        path.write_bytes(change(path.read_bytes()))
        path.chmod(0o400)
        return keys.read_private_key(path)

    env.after("account.key_made", changed)


def replace_key(env: Environment, text: bytes) -> None:
    """Have something else in the private key file than the key of the key pair."""
    change_key(env, lambda _: text)


def another_key() -> bytes:
    """Return a private key that EC2 knows nothing of."""
    return Ed25519PrivateKey.generate().private_bytes(s.Encoding.PEM, s.PrivateFormat.OpenSSH, s.NoEncryption())


# The key pair.


@fault("control", "account.key-pair", "bastion.ssh")
def instances_launched_with_a_lost_key(env: Environment) -> None:
    """The instances were launched with a key pair whose .pem file was lost; another one is at hand."""
    replace_key(env, another_key())


@fault("control", "account.key-pair", "account.ssh-agent")
def public_key_kept(env: Environment) -> None:
    """Only the public half of the key was kept."""
    line = Ed25519PrivateKey.generate().public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH)
    replace_key(env, line + b"\n")


@fault("control", "account.key-pair", "account.ssh-agent")
def putty_key(env: Environment) -> None:
    """The key was downloaded as PuTTY's .ppk."""
    replace_key(env, b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: course\n")


@fault("account", "account.key-pair")
def key_pair_deleted(env: Environment) -> None:
    """The key pair was deleted in EC2; the .pem file is still there."""
    env.after("account.key_made", lambda _: env.ec2.delete_key_pair(KeyName=env.subject.account.name) and None)


@fault("account", "account.key-pair")
def key_pair_made_again(env: Environment) -> None:
    """The key pair was deleted and made again under its name; the .pem file is the first one's."""

    def again(_: Any) -> None:
        env.ec2.delete_key_pair(KeyName=env.subject.account.name)
        keys.create_key_pair(env.aws, env.subject.account.name, {"made": "again"})

    env.after("account.key_made", again)


@fault("account", "account.key-pair")
def key_pair_in_another_region(env: Environment) -> None:
    """The key pair was made in another region than the one worked in."""

    def elsewhere(_: Any) -> None:
        env.ec2.delete_key_pair(KeyName=env.subject.account.name)
        client = env.client("ec2", "us-west-2")
        client.create_key_pair(KeyName=env.subject.account.name, KeyType="ed25519")

    env.after("account.key_made", elsewhere)


def _imported(env: Environment, private: Any, form: Any) -> None:
    public = private.public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH)

    def instead(_: Any) -> None:
        env.ec2.delete_key_pair(KeyName=env.subject.account.name)
        env.ec2.import_key_pair(KeyName=env.subject.account.name, PublicKeyMaterial=public)

    replace_key(env, private.private_bytes(s.Encoding.PEM, form, s.NoEncryption()))
    env.after("account.key_made", instead)


@right("control")
def imported_rsa_key(env: Environment) -> None:
    """The key pair was imported from an RSA key made with ssh-keygen."""
    _imported(env, rsa.generate_private_key(65537, 2048), s.PrivateFormat.OpenSSH)


@right("control")
def imported_ed25519_key(env: Environment) -> None:
    """The key pair was imported from an ED25519 key made with ssh-keygen."""
    _imported(env, Ed25519PrivateKey.generate(), s.PrivateFormat.OpenSSH)


@right("control")
def created_rsa_key(env: Environment) -> None:
    """EC2 made the key pair as RSA, the console's old default."""

    def made(_: bytes) -> bytes:
        env.ec2.delete_key_pair(KeyName=env.subject.account.name)
        return str(env.ec2.create_key_pair(KeyName=env.subject.account.name, KeyType="rsa")["KeyMaterial"]).encode()

    change_key(env, made)


@fault("control", "account.key-pair", "account.ssh-agent")
def key_file_without_its_last_line(env: Environment) -> None:
    """The key was copied out of the browser without its last line."""
    change_key(env, lambda text: b"\n".join(text.strip().split(b"\n")[:-2]) + b"\n")


# The key file and the agent.


def _with_mode(mode: int) -> Any:
    return lambda env: env.after("account.key_made", lambda made: Path(made.path).chmod(mode))


for name, mode, sentence in (
    ("key-file-as-downloaded", 0o644, "The .pem file has the mode that the browser gave it, 0644."),
    ("key-file-open-to-the-group", 0o640, "The .pem file may be read by the group."),
    ("key-file-read-only-for-all", 0o444, "chmod a=r was run in place of chmod 400."),
    ("key-file-open-to-all", 0o777, "The .pem file lies on a shared drive, where every file is 0777."),
):
    TABLE.add(name, sentence, _with_mode(mode), "account", "account.key-mode")


@fault("account", "account.key-mode")
def key_file_of_another_user(env: Environment) -> None:
    """The .pem file was written with sudo and belongs to another user."""

    def owned(made: Any) -> None:
        if os.getuid() == 0:
            os.chown(made.path, 65534, 65534)
        else:  # who may not give a file away sees what would be seen
            env.after("account.key_file", lambda seen: replace(seen, owner_is_caller=False))

    env.after("account.key_made", owned)


@fault("account", "account.key-mode")
def ssh_takes_any_key(env: Environment) -> None:
    """The OpenSSH at hand was built without the check of key files."""
    path = env.context.workstation.environment["PATH"]
    directory = tools(env)
    env.context.workstation.environment["PATH"] = f"{directory}:{path}"  # type: ignore[index]
    (directory / "ssh-keygen").write_text(
        f'#!/bin/sh\nfor last; do :; done\n/bin/chmod 600 "$last"\nexec {shutil.which("ssh-keygen")} "$@"\n'
    )
    (directory / "ssh-keygen").chmod(0o755)


@right("control")
def key_file_0600(env: Environment) -> None:
    """The .pem file has mode 0600."""
    _with_mode(0o600)(env)


@fault("control", "account.ssh-agent")
def key_not_added(env: Environment) -> None:
    """ssh-add was never run."""
    env.instead("account.key_added", lambda: Agent((), 0, ""))


@fault("control", "account.ssh-agent")
def key_removed_from_the_agent(env: Environment) -> None:
    """The agent was emptied after the first login."""

    def emptied(_: Any) -> None:
        env.context.workstation.run(["ssh-add", "-q", "-D"], timeout=10)

    env.after("account.key_added", emptied)


def add_other_key(env: Environment) -> None:
    """Load a key into the agent that is not the homework's."""
    path = env.context.run_dir / "other"
    path.touch(mode=0o600)
    path.write_bytes(another_key())
    assert env.context.workstation.run(["ssh-add", "-q", str(path)], timeout=10).exit_code == 0


@fault("control", "account.ssh-agent")
def another_key_added(env: Environment) -> None:
    """Another key than the key pair's was loaded."""

    def added() -> Agent:
        add_other_key(env)
        return Agent((), 0, "")

    env.instead("account.key_added", added)


@fault("control", "account.ssh-agent")
def agent_has_ended(env: Environment) -> None:
    """The agent was started in a shell that has been closed since."""

    def ended() -> Agent:
        env.context.workstation.environment["SSH_AUTH_SOCK"] = "/nonexistent/agent"  # type: ignore[index]
        return Agent((), 2, "")

    env.instead("account.key_added", ended)


@right("control")
def several_keys_in_the_agent(env: Environment) -> None:
    """The agent holds other keys besides."""
    env.before("account.key_added", lambda: add_other_key(env))


@TABLE.shown("account", "account.key-mode")
def key_file_of_root(env: Shown) -> None:
    """The key file is root's, so that ssh was run with sudo."""
    env.seen("key_file", lambda seen: replace(seen, owner_is_caller=False))
