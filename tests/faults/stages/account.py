"""The account: users, groups, keys, tools and budgets gone wrong."""

from __future__ import annotations

import configparser
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.aws import iam, keys
from harness.facts.account import Agent
from harness.workstation import configure
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("account")
fault, right = TABLE.fault, TABLE.right
MANAGED = "arn:aws:iam::aws:policy/AdministratorAccess"


def user_of(env: Environment) -> str:
    """Return the name of the homework's user, which need not be made yet."""
    return str(env.subject.account.identity.name)


def attach_to_user(env: Environment) -> None:
    """Give the user its rights without a group."""
    env.owner.client("iam").attach_user_policy(UserName=user_of(env), PolicyArn=MANAGED)


def configured(env: Environment, section: str, **values: str | None) -> None:
    """Change what ``aws configure`` wrote; ``None`` removes a value."""
    path = env.context.workstation.home / ".aws" / section
    parser = configparser.RawConfigParser(default_section="")
    parser.read(path)
    for name, value in values.items():
        if value is None:
            parser.remove_option("default", name)
        else:
            parser.set("default", name, value)
    with path.open("w") as file:
        parser.write(file)


def after_key(env: Environment, text: bytes) -> None:
    """Have something else in the private key file than the key of the key pair."""

    def written(made: Any) -> Any:
        path = Path(made.path)
        path.chmod(0o600)
        path.write_bytes(text)
        path.chmod(0o400)
        return keys.read_private_key(path)

    env.after("account.key_made", written)


def another_key() -> bytes:
    """Return a private key that EC2 knows nothing of."""
    return Ed25519PrivateKey.generate().private_bytes(s.Encoding.PEM, s.PrivateFormat.OpenSSH, s.NoEncryption())


def tools(env: Environment, *names: str) -> Path:
    """Let the workstation have only these commands; returns the directory that they are in."""
    directory = env.context.run_dir / "bin"
    directory.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found, f"this machine has no {name}"
        (directory / name).symlink_to(found)
    env.context.workstation.environment["PATH"] = str(directory)  # type: ignore[index]
    return directory


# The user.


@fault("account", "account.iam-user")
def user_without_console_password(env: Environment) -> None:
    """The IAM user was made for programs only, without a console password."""
    env.instead("account.identity.login_profile_created", lambda: None)


@fault("account", "account.iam-user")
def console_password_removed_again(env: Environment) -> None:
    """The user's console password was deleted after the first login."""
    env.after(
        "account.identity.made",
        lambda made: env.owner.client("iam").delete_login_profile(UserName=made.user) and None,
    )


@fault("account", "account.iam-user", "account.not-root")
def root_works_while_the_users_key_is_inactive(env: Environment) -> None:
    """The user's access key was set inactive, and all the work is done with an access key of root."""

    def deactivated(made: Any) -> None:
        client = env.owner.client("iam")
        key = client.list_access_keys(UserName=made.user)["AccessKeyMetadata"][0]["AccessKeyId"]
        client.update_access_key(UserName=made.user, AccessKeyId=key, Status="Inactive")
        as_root(env)

    env.after("account.identity.made", deactivated)
    env.before("account.identity.aws", env.subject.account.identity.made)
    env.after("account.identity.aws", lambda _: env.owner)


def as_root(env: Environment) -> None:
    """Configure the command line with the credentials of root."""
    owner = env.context.cloud.owner
    assert owner is not None
    configure(env.context.workstation.home / ".aws", env.context.cloud.region, owner)


@fault("account", "account.not-root")
def work_is_done_as_root(env: Environment) -> None:
    """A user was made, but aws configure got the access key of root, with which everything is done."""
    env.after("account.identity.made", lambda _: as_root(env))
    env.before("account.identity.aws", env.subject.account.identity.made)
    env.after("account.identity.aws", lambda _: env.owner)


@fault("account", "account.not-root", "account.cli")
def scripts_work_as_root(env: Environment) -> None:
    """The command line is the user's, but the keys of root are in the environment of the scripts."""
    env.before("account.identity.aws", env.subject.account.identity.made)
    env.after("account.identity.aws", lambda _: env.owner)


@fault("account", "account.admin-group")
def rights_on_the_user_itself(env: Environment) -> None:
    """AdministratorAccess is attached to the user, who is in no group."""
    env.instead("account.identity.user_added", lambda: attach_to_user(env))


@fault("account", "account.admin-group")
def group_without_policy(env: Environment) -> None:
    """The group carries no policy; the rights come from the user's own."""
    env.instead("account.identity.policy_attached", lambda: attach_to_user(env))


@fault("account", "account.admin-group")
def group_with_power_user_access(env: Environment) -> None:
    """The group carries PowerUserAccess in place of AdministratorAccess."""

    def attached() -> None:
        iam.attach_policy(env.owner, user_of(env), "PowerUserAccess")
        attach_to_user(env)

    env.instead("account.identity.policy_attached", attached)


@fault("account", "account.admin-group")
def group_with_a_policy_of_the_same_name(env: Environment) -> None:
    """The group carries a policy of the account's own that is only called AdministratorAccess."""

    def attached() -> None:
        client = env.owner.client("iam")
        document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
        made = client.create_policy(PolicyName="AdministratorAccess", PolicyDocument=document)["Policy"]
        client.attach_group_policy(GroupName=user_of(env), PolicyArn=made["Arn"])

    env.instead("account.identity.policy_attached", attached)


@fault("account", "account.admin-group")
def administrators_without_the_user(env: Environment) -> None:
    """The group of administrators is there, but the user is in another group."""

    def added() -> None:
        iam.create_group(env.owner, "students")
        iam.add_to_group(env.owner, user_of(env), "students")
        attach_to_user(env)

    env.instead("account.identity.user_added", added)


@right("account")
def user_in_two_groups(env: Environment) -> None:
    """The user is in a second group without rights, and the account has other users and groups."""

    def added(made: Any) -> None:
        for name in ("students", "team"):
            iam.create_group(env.owner, name)
        iam.add_to_group(env.owner, made.user, "students")
        iam.create_user(env.owner, "somebody-else", {})

    env.after("account.identity.made", added)


@right("account")
def second_access_key_is_inactive(env: Environment) -> None:
    """The user has a second access key, which is inactive."""

    def added(made: Any) -> None:
        client = env.owner.client("iam")
        key = client.create_access_key(UserName=made.user)["AccessKey"]["AccessKeyId"]
        client.update_access_key(UserName=made.user, AccessKeyId=key, Status="Inactive")

    env.after("account.identity.made", added)


@right("account")
def rights_on_group_and_user(env: Environment) -> None:
    """AdministratorAccess is on the group as it should be, and on the user besides."""
    env.after("account.identity.made", lambda _: attach_to_user(env))


# The command line.


@fault("account", "account.cli")
def no_region(env: Environment) -> None:
    """The region was left empty in aws configure."""
    env.after("account.identity.made", lambda _: configured(env, "config", region=None))


@fault("account", "account.cli")
def other_region(env: Environment) -> None:
    """The command line is configured for another region than the one worked in."""
    env.after("account.identity.made", lambda _: configured(env, "config", region="eu-west-1"))


@fault("account", "account.cli")
def mistyped_secret(env: Environment) -> None:
    """The secret key was mistyped in aws configure."""

    def mistyped(_: Any) -> None:
        env.subject.account.identity.aws()  # reads the file as it was before
        configured(env, "credentials", aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYnotthiskey")

    env.before("account.cli", lambda: mistyped(None))


@fault("account", "account.cli")
def command_line_of_another_user(env: Environment) -> None:
    """The command line has the access key of another user than the scripts."""

    def swapped() -> None:
        env.subject.account.identity.aws()
        iam.create_user(env.owner, "somebody-else", {})
        key = iam.create_access_key(env.owner, "somebody-else")
        configure(env.context.workstation.home / ".aws", env.context.cloud.region, key)

    env.before("account.cli", swapped)


@fault("account", "account.cli")
def aws_is_not_installed(env: Environment) -> None:
    """The aws command is not on the PATH."""
    tools(env, "ssh", "ssh-add", "ssh-agent", "ssh-keygen")


@right("account")
def command_line_prints_tables(env: Environment) -> None:
    """aws configure was told to print tables."""
    env.after("account.identity.made", lambda _: configured(env, "config", output="table"))


# The key pair.


@fault("control", "account.key-pair", "bastion.ssh")
def instances_launched_with_a_lost_key(env: Environment) -> None:
    """The instances were launched with a key pair whose .pem file was lost; another one is at hand."""
    after_key(env, another_key())


@fault("control", "account.key-pair", "account.ssh-agent")
def public_key_kept(env: Environment) -> None:
    """Only the public half of the key was kept."""
    line = Ed25519PrivateKey.generate().public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH)
    after_key(env, line + b"\n")


@fault("control", "account.key-pair", "account.ssh-agent")
def putty_key(env: Environment) -> None:
    """The key was downloaded as PuTTY's .ppk."""
    after_key(env, b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: course\n")


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

    after_key(env, private.private_bytes(s.Encoding.PEM, form, s.NoEncryption()))
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

    def made(found: Any) -> Any:
        env.ec2.delete_key_pair(KeyName=env.subject.account.name)
        material = env.ec2.create_key_pair(KeyName=env.subject.account.name, KeyType="rsa")["KeyMaterial"]
        path = Path(found.path)
        path.chmod(0o600)
        path.write_text(material)
        path.chmod(0o400)
        return keys.read_private_key(path)

    env.after("account.key_made", made)


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


# The spend.


@fault("account", "account.billing-alert")
def nothing_watches_the_spend(env: Environment) -> None:
    """No budget was made."""
    env.instead("account.budget_made", lambda: None)


@fault("account", "account.billing-alert")
def budget_of_hours(env: Environment) -> None:
    """The budget watches hours of usage, not money."""

    def made() -> None:
        env.client("budgets").create_budget(
            AccountId=env.context.cloud.account,
            Budget={
                "BudgetName": "hours", "BudgetLimit": {"Amount": "100", "Unit": "GB"}, "TimeUnit": "MONTHLY",
                "BudgetType": "USAGE",
            },
        )  # fmt: skip

    env.instead("account.budget_made", made)


def _alarm(env: Environment, namespace: str, metric: str, region: str | None = None) -> None:
    env.client("cloudwatch", region).put_metric_alarm(
        AlarmName="spend", Namespace=namespace, MetricName=metric, Statistic="Maximum", Period=21600, Threshold=50,
        EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
        Dimensions=[{"Name": "Currency", "Value": "USD"}],
    )  # fmt: skip


@fault("account", "account.billing-alert")
def alarm_on_the_processor(env: Environment) -> None:
    """The alarm watches the processor of an instance, not the bill."""
    env.instead("account.budget_made", lambda: _alarm(env, "AWS/EC2", "CPUUtilization"))


@right("account")
def billing_alarm(env: Environment) -> None:
    """A billing alarm of CloudWatch's in place of a budget, with nobody to tell."""
    env.instead("account.budget_made", lambda: _alarm(env, "AWS/Billing", "EstimatedCharges"))


# What students also do.


@fault("account", "account.admin-group")
def group_with_an_inline_policy(env: Environment) -> None:
    """The group has an inline policy that allows everything, in place of AdministratorAccess."""
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    env.instead(
        "account.identity.policy_attached",
        lambda: (
            env.owner.client("iam").put_group_policy(
                GroupName=user_of(env), PolicyName="AdministratorAccess", PolicyDocument=document
            )
            and None
        ),
    )


@fault("account", "account.billing-alert")
def billing_alarm_in_another_region(env: Environment) -> None:
    """The billing alarm was made in Ireland, where there are no billing metrics."""
    env.instead("account.budget_made", lambda: _alarm(env, "AWS/Billing", "EstimatedCharges", "eu-west-1"))


def cut(env: Environment, change: Any) -> None:
    """Have the key file changed after it was downloaded."""

    def changed(made: Any) -> Any:
        path = Path(made.path)
        path.chmod(0o600)
        path.write_bytes(change(path.read_bytes()))
        path.chmod(0o400)
        return keys.read_private_key(path)

    env.after("account.key_made", changed)


@fault("control", "account.key-pair", "account.ssh-agent")
def key_file_without_its_last_line(env: Environment) -> None:
    """The key was copied out of the browser without its last line."""
    cut(env, lambda text: b"\n".join(text.strip().split(b"\n")[:-2]) + b"\n")


@right("account")
def user_below_a_path(env: Environment) -> None:
    """The account has an alias, a password policy and a user below a path."""

    def added(made: Any) -> None:
        client = env.owner.client("iam")
        client.create_account_alias(AccountAlias="course-of-ann")
        client.update_account_password_policy(MinimumPasswordLength=14)
        client.create_user(UserName="ben", Path="/students/")

    env.after("account.identity.made", added)


@TABLE.shown("account", "account.key-mode")
def key_file_of_root(env: Shown) -> None:
    """The key file is root's, so that ssh was run with sudo."""
    env.seen("key_file", lambda seen: replace(seen, owner_is_caller=False))
