"""The account: who works, with which rights and keys."""

import pytest


@pytest.mark.requirement("account.iam-user")
def test_user_has_console_access_and_an_active_key(user):
    """An IAM user exists for the work, with console access and an active access key."""
    keys = ", ".join(f"{key.id} (inactive)" for key in user.keys) or "none"
    assert user.has_console_access, f"user {user.name} has no console password, expected one"
    assert user.has_active_key, f"user {user.name} has access keys: {keys}, expected an active one"


@pytest.mark.requirement("account.admin-group")
def test_group_of_the_user_makes_it_an_administrator(user, context):
    """That user is in a group, and the group carries AdministratorAccess."""
    policy, names = context.homework.account.policy, ", ".join(group.name for group in user.groups)
    direct = f"; {', '.join(user.policies)} on the user itself" if user.policies else ""
    seen = f"no group of {names} carries {policy}" if names else f"is in no group, expected one with {policy}"
    assert user.is_granted_by_a_group(policy), f"user {user.name}: {seen}{direct}"


@pytest.mark.requirement("account.not-root")
def test_work_is_not_done_as_root(caller):
    """The work is done as that user, never as the account's root."""
    assert not caller.is_root, f"the credentials in use are those of {caller.arn}, expected an IAM user"


@pytest.mark.requirement("account.cli")
def test_command_line_is_configured(cli):
    """The AWS CLI is configured with credentials and a region, the same that boto3 uses."""
    failed = f"aws sts get-caller-identity failed ({cli.identity_exit_code}): {cli.errors}"
    who = f"aws is {cli.arn}, but boto3 {cli.boto3_arn} — use one profile for both." if cli.arn else failed
    nowhere = f"aws configure get region answered nothing ({cli.region_exit_code}) {cli.errors}"
    where = f"aws is in {cli.region}, but boto3 in {cli.boto3_region}" if cli.region else nowhere
    assert cli.arn == cli.boto3_arn, who
    assert cli.region == cli.boto3_region, where


@pytest.mark.requirement("account.key-pair")
def test_private_key_of_the_key_pair_is_at_hand(key_pair):
    """An EC2 key pair exists, and the private key at hand has its fingerprint."""
    key = key_pair.private_key
    local = f"{key.path}: {key.problem}" if key.problem else f"{key.path} is {' or '.join(key.fingerprints)}"
    assert key_pair.is_at_hand, f"key pair {key_pair.name} is {key_pair.fingerprint}, but {local}"


@pytest.mark.requirement("account.key-mode")
def test_nobody_else_may_read_the_private_key(key_file):
    """Nobody else may read the private key file, and OpenSSH refuses a copy that everybody may read."""
    path, mode = key_file.path, key_file.octal
    of_another = f"{path} belongs to another user — copy it, and run chmod 400 on the copy."
    assert key_file.is_private, f"{path} has mode {mode}, expected 0400" if key_file.owner_is_caller else of_another
    assert key_file.open_copy_refused, f"OpenSSH took a copy of {path} with mode 0644: {key_file.open_copy_answer}"


@pytest.mark.requirement("account.ssh-agent")
def test_agent_holds_the_key(agent, key_pair):
    """The ssh agent lists the public half of the key pair's key."""
    said, why = f"lists {len(agent.keys)} other keys" if agent.keys else "lists no key", f": {agent.errors}"
    wanted = f"expected key {key_pair.name}{why if agent.errors else ''}"
    assert agent.holds(key_pair.private_key.public_key), f"the ssh agent {said}, {wanted}"


@pytest.mark.requirement("account.billing-alert")
def test_something_watches_the_spend(watches, advise):
    """A budget or a billing alarm watches the spend."""
    assert watches.working, f"{watches}, expected a cost budget or a billing alarm"
    if not watches.anyone_is_told:
        advise("Nobody is told when the limit is reached: add a notification to the budget, or an action to the alarm.")
