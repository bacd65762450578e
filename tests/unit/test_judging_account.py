"""The account's tests judge right and wrong homeworks as they should; the facts are made up here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import catalogue
from harness.facts.account import (
    AccessKey,
    Agent,
    Caller,
    Cli,
    KeyFile,
    KeyPair,
    PrivateKey,
    User,
    UserGroup,
    Watch,
    Watches,
)
from tests.homework import test_account as account

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
USER = User(
    "ana", "arn:aws:iam::1:user/ana", True, (AccessKey("AKIA…1234", True),), (UserGroup("admins", (ADMIN,)),), ()
)


class Context:
    homework = catalogue.load()


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (replace(USER, has_console_access=False), "no console password"),
        (replace(USER, keys=()), "access keys: none"),
        (replace(USER, keys=(AccessKey("AKIA…1234", False),)), "AKIA…1234 (inactive)"),
    ],
)
def test_user_without_console_or_active_key_is_not_met(user, said):
    with pytest.raises(AssertionError) as wrong:
        account.test_user_has_console_access_and_an_active_key(user)
    assert said in str(wrong.value)


def test_user_with_one_active_key_of_two_is_met():
    keys = (AccessKey("AKIA…old1", False), AccessKey("AKIA…new1", True))
    account.test_user_has_console_access_and_an_active_key(replace(USER, keys=keys))


@pytest.mark.parametrize(
    "user",
    [
        pytest.param(replace(USER, groups=(), policies=(ADMIN,)), id="policy on the user, no group"),
        pytest.param(
            replace(USER, groups=(UserGroup("admins", ()),), policies=(ADMIN,)), id="policy on the user, group"
        ),
        pytest.param(replace(USER, groups=(UserGroup("admins", ()),)), id="group without policy"),
        pytest.param(
            replace(USER, groups=(UserGroup("g", ("arn:aws:iam::1:policy/AdministratorAccess",)),)), id="homonym"
        ),
        pytest.param(
            replace(USER, groups=(UserGroup("g", ("arn:aws:iam::aws:policy/AdministratorAccess-Amplify",)),)),
            id="lesser policy",
        ),
    ],
)
def test_administrator_by_anything_but_a_group_is_not_met(user):
    with pytest.raises(AssertionError, match="user ana"):
        account.test_group_of_the_user_makes_it_an_administrator(user, Context)


@pytest.mark.parametrize(
    "groups",
    [
        (UserGroup("readers", ()), UserGroup("admins", (ADMIN,))),
        (UserGroup("china", ("arn:aws-cn:iam::aws:policy/AdministratorAccess",)),),
    ],
)
def test_administrator_by_one_of_several_groups_is_met(groups):
    account.test_group_of_the_user_makes_it_an_administrator(replace(USER, groups=groups), Context)


def test_root_is_not_met_and_users_and_roles_are():
    account.test_work_is_not_done_as_root(Caller("arn:aws:iam::1:user/students/ana", "1"))
    account.test_work_is_not_done_as_root(Caller("arn:aws:sts::1:assumed-role/grader/session", "1"))
    with pytest.raises(AssertionError, match="arn:aws:iam::1:root"):
        account.test_work_is_not_done_as_root(Caller("arn:aws:iam::1:root", "1"))


def test_user_name_leaves_the_path_out():
    assert Caller("arn:aws:iam::1:user/students/ana", "1").user_name == "ana"
    assert Caller("arn:aws:sts::1:assumed-role/grader/session", "1").user_name is None


CLI = Cli(USER.arn, "us-east-1", 0, 0, "", USER.arn, "us-east-1")


@pytest.mark.parametrize(
    ("cli", "said"),
    [
        (replace(CLI, arn=None, identity_exit_code=253, errors="Unable to locate credentials"), "253"),
        (replace(CLI, region=None, region_exit_code=1), "answered nothing"),
        (replace(CLI, arn="arn:aws:iam::1:user/other"), "but boto3"),
        (replace(CLI, region="eu-west-1"), "aws is in eu-west-1"),
    ],
)
def test_command_line_that_is_not_configured_is_not_met(cli, said):
    account.test_command_line_is_configured(CLI)
    with pytest.raises(AssertionError) as wrong:
        account.test_command_line_is_configured(cli)
    assert said in str(wrong.value)


KEY = PrivateKey("/k.pem", "ed25519", ("abcDEF+/=",), "ssh-ed25519 AAAA")
PAIR = KeyPair("mine", "key-1", "ed25519", "abcDEF+/=", KEY)


@pytest.mark.parametrize("shown", ["abcDEF+/=", "abcDEF+/", "SHA256:abcDEF+/"])
def test_fingerprint_in_any_spelling_is_met(shown):
    account.test_private_key_of_the_key_pair_is_at_hand(replace(PAIR, fingerprint=shown))


def test_hex_digits_count_in_either_case_and_base64_does_not():
    rsa = replace(KEY, type="rsa", fingerprints=("AA:bb", "cc:dd"))
    account.test_private_key_of_the_key_pair_is_at_hand(replace(PAIR, fingerprint="CC:DD", private_key=rsa))
    with pytest.raises(AssertionError, match="key pair mine"):
        account.test_private_key_of_the_key_pair_is_at_hand(replace(PAIR, fingerprint="ABCdef+/="))


def test_key_of_another_pair_or_unusable_key_is_not_met():
    with pytest.raises(AssertionError, match=r"mine is abcDEF.* but /k.pem is other"):
        account.test_private_key_of_the_key_pair_is_at_hand(
            replace(PAIR, private_key=replace(KEY, fingerprints=("other",)))
        )
    locked = PrivateKey("/k.pem", "", (), "", "it is locked with a passphrase")
    with pytest.raises(AssertionError, match="passphrase"):
        account.test_private_key_of_the_key_pair_is_at_hand(replace(PAIR, private_key=locked))


FILE = KeyFile("/k.pem", 0o400, True, True, "UNPROTECTED")


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_private_modes_are_met(mode):
    account.test_nobody_else_may_read_the_private_key(replace(FILE, mode=mode))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o404, 0o777, 0o200, 0o000])
def test_open_or_unreadable_modes_are_not_met(mode):
    with pytest.raises(AssertionError, match=f"mode {mode:04o}, expected 0400"):
        account.test_nobody_else_may_read_the_private_key(replace(FILE, mode=mode))


def test_foreign_owner_and_lenient_openssh_are_not_met():
    with pytest.raises(AssertionError, match="another user"):
        account.test_nobody_else_may_read_the_private_key(replace(FILE, owner_is_caller=False))
    with pytest.raises(AssertionError, match="OpenSSH took"):
        account.test_nobody_else_may_read_the_private_key(replace(FILE, open_copy_refused=False))


@pytest.mark.parametrize("agent", [Agent((), 1, "The agent has no identities."), Agent(("ssh-rsa AAAB",), 0, "")])
def test_agent_without_the_key_is_not_met(agent):
    account.test_agent_holds_the_key(Agent(("ssh-rsa AAAB", KEY.public_key), 0, ""), PAIR)
    with pytest.raises(AssertionError, match="expected key mine"):
        account.test_agent_holds_the_key(agent, PAIR)


def test_unusable_key_is_not_taken_for_one_that_the_agent_holds():
    assert not Agent(("",), 0, "").holds("")


def test_watch_is_met_and_a_silent_one_is_advised():
    advice: list[str] = []
    account.test_something_watches_the_spend(Watches((Watch("budget", "b", "10 USD", True),)), advice.append)
    assert not advice
    account.test_something_watches_the_spend(Watches((Watch("billing alarm", "a", "10", False),)), advice.append)
    assert "Nobody is told" in advice[0]
    with pytest.raises(AssertionError, match="neither"):
        account.test_something_watches_the_spend(Watches(()), advice.append)
    over = Watch("budget", "b", "10 USD", True, problem="ended on 2025-06-30")
    with pytest.raises(AssertionError, match="budget b ended on 2025-06-30, expected a cost budget or a billing alarm"):
        account.test_something_watches_the_spend(Watches((over,)), advice.append)
