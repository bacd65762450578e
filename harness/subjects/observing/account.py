"""The account: who works, with which keys and commands, and what watches the spend."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from harness.aws import budgets, identity
from harness.aws.errors import classify_said
from harness.errors import CloudTrouble, Unmet
from harness.facts.account import Agent, Caller, Cli, KeyFile, KeyPair, PrivateKey, User, Watches
from harness.steps import shared_step, step
from harness.subjects.identity import Identity
from harness.subjects.stage import Stage
from harness.workstation import Finished

OPEN_MODE = 0o644
TIMED_OUT = 124
"""The exit code of a command that took too long."""
# What every OpenSSH tool says of a key file that others may read.
UNPROTECTED = "UNPROTECTED PRIVATE KEY FILE"


class Account(Stage):
    """Looks at the user, its key and its tools; ``identity`` is whom AWS is asked as."""

    identity: Identity

    def private_key(self) -> PrivateKey:
        """Return the private key file of the homework's key pair."""
        raise NotImplementedError

    def key_pair(self) -> KeyPair:
        """Return EC2's key pair beside the private key at hand; raises ``Unmet`` where EC2 has none."""
        raise NotImplementedError

    def key_twins(self) -> tuple[str, ...]:
        """Return the names of other key pairs that EC2 has of the same key."""
        return ()

    @step
    def user(self) -> User:
        """Observe the user with its keys, its groups and their policies."""
        return self.identity.user()

    @step
    def caller(self) -> Caller:
        """Observe whom STS takes the caller for."""
        return identity.find_caller(self.aws)

    @step
    def cli(self) -> Cli:
        """Run the two commands that show what the ``aws`` command is configured with.

        Where it fails, the library is asked again: what AWS does not tell the one now, it does not tell the other.
        """
        caller = identity.find_caller(self.aws)
        with ThreadPoolExecutor(max_workers=2) as pool:
            asked = pool.submit(self._run, "aws", "sts", "get-caller-identity", "--output", "text", "--query", "Arn")
            where = pool.submit(self._run, "aws", "configure", "get", "region")
            who = asked.result()
            if who.exit_code != 0:
                caller = identity.find_caller(self.aws)
                if who.exit_code == TIMED_OUT:
                    raise CloudTrouble(f"AWS did not answer {' '.join(who.argv[:3])} in {self.patience.command:.0f} s")
                if trouble := classify_said(who.stderr):
                    raise CloudTrouble(trouble)
            return _cli(who, where.result(), caller, self.aws.region)

    @step
    def key_file(self) -> KeyFile:
        """Observe who may read the private key file; OpenSSH is shown a copy that everybody may read."""
        path = Path(self.private_key().path)
        status = path.stat()
        answer = self._offer_open_copy(path)
        return KeyFile(
            path=str(path),
            mode=stat.S_IMODE(status.st_mode),
            owner_is_caller=status.st_uid == os.getuid(),
            open_copy_refused=answer.exit_code != 0 and UNPROTECTED in answer.stderr,
            open_copy_answer=" ".join(answer.stderr.replace("@", "").split()) or f"taken, exit code {answer.exit_code}",
        )

    def _offer_open_copy(self, path: Path) -> Finished:
        with tempfile.TemporaryDirectory(dir=self.context.workstation.home) as directory:
            copy = Path(shutil.copy(path, directory))
            copy.chmod(OPEN_MODE)
            # The same check as ssh's, without a host: both load keys by the same code (sshkey_perm_ok of OpenSSH).
            return self._run("ssh-keygen", "-y", "-P", "", "-f", str(copy))

    @shared_step
    def key_added(self) -> Agent:
        """Load the key into the workstation's agent; raises ``Unmet`` where ssh-add finds the file too open."""
        path = self.private_key().path
        added = self._run("ssh-add", path)
        if added.exit_code != 0 and UNPROTECTED in added.stderr:
            raise Unmet("account.key-mode", f"ssh-add does not take {path}: others may read it")
        return read_agent(added)

    @step
    def agent(self) -> Agent:
        """Observe which keys the agent lists."""
        added = self.key_added()
        listed = read_agent(self._run("ssh-add", "-L"))
        return listed if added.exit_code == 0 else replace(listed, errors=added.errors)

    @step
    def watches(self) -> Watches:
        """Observe what watches the spend."""
        return Watches((*budgets.find_budgets(self.aws), *budgets.find_billing_alarms(self.aws)))

    def _run(self, *argv: str) -> Finished:
        try:
            return self.context.workstation.run(argv, timeout=self.context.cloud.patience.command)
        except FileNotFoundError:
            return Finished(argv, 127, "", f"{argv[0]}: command not found")


def _cli(who: Finished, where: Finished, caller: Caller, region: str) -> Cli:
    return Cli(
        arn=who.stdout.strip() or None,
        region=where.stdout.strip() or None,
        identity_exit_code=who.exit_code,
        region_exit_code=where.exit_code,
        errors=" ".join(f"{who.stderr} {where.stderr}".split()),
        boto3_arn=caller.arn,
        boto3_region=region,
    )


def read_agent(listed: Finished) -> Agent:
    """Return what ``ssh-add -L`` listed.

    A line is type, key and comment; other lines are what the agent has to say.
    """
    lines = [line.split() for line in listed.stdout.splitlines()]
    keys_listed = tuple(" ".join(words[:2]) for words in lines if len(words) >= 2 and words[1].startswith("AAAA"))
    return Agent(keys_listed, listed.exit_code, " ".join(listed.stderr.split()))
