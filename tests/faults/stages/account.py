"""The account: users, groups, keys, tools and budgets gone wrong."""

from __future__ import annotations

import configparser
import shutil
from pathlib import Path
from typing import Any

from harness.aws import iam
from harness.workstation import configure
from tests.faults.environment import Environment
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


@right("account")
def user_below_a_path(env: Environment) -> None:
    """The account has an alias, a password policy and a user below a path."""

    def added(made: Any) -> None:
        client = env.owner.client("iam")
        client.create_account_alias(AccountAlias="course-of-ann")
        client.update_account_password_policy(MinimumPasswordLength=14)
        client.create_user(UserName="ben", Path="/students/")

    env.after("account.identity.made", added)
