"""The account, as the document has its reader set it up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.aws import iam, identity
from harness.aws.session import Aws
from harness.errors import Unmet
from harness.facts.account import Agent, Caller, Cli, KeyFile, KeyPair, PrivateKey, User, Watches
from harness.steps import step
from harness.subjects import observing
from harness.subjects.identity import Administrator
from harness.subjects.material.stages import must_be_its_own, must_not_be_over
from harness.subjects.reference.account import Account as ReferenceAccount

if TYPE_CHECKING:
    from harness.subjects.material.doing import Doing


class Reader:
    """The IAM user that the document has its reader make; where it makes none that can work, one is made for it."""

    def __init__(self, subject: Doing) -> None:
        self.subject = subject
        self.stand_in = Administrator(subject.context)

    def aws(self) -> Aws:
        """Return AWS as that user sees it."""
        actions = self.subject.follower.actions
        return actions.aws() if actions.is_configured else self.stand_in.aws()

    def user(self) -> User:
        """Return the user as IAM shows it to the account's owner: it may have no right to look at itself."""
        name = self.subject.follower.actions.user
        cloud = self.subject.context.cloud
        found = iam.find_user(Aws(cloud, cloud.owner), name) if name else None
        if found is None:
            raise Unmet("account.iam-user", "the document has its reader make no IAM user")
        return found


class Account(ReferenceAccount):
    """Looks at user, key and tools as the document left them."""

    subject: Doing

    def __init__(self, subject: Doing) -> None:
        observing.Account.__init__(self, subject)
        self.identity = Reader(subject)

    @property
    def name(self) -> str:
        """Return the name of what stands in for what the document does not make."""
        return self.subject.follower.actions.name

    @property
    def key_path(self) -> Path | None:
        """Return the private key file that the document's reader downloaded."""
        return self.subject.follower.actions.key_file

    def private_key(self) -> PrivateKey:
        from harness.aws import keys

        path = self.key_path
        if path is None:
            self.subject.repaired.setdefault("key pair", "the document has its reader make no key pair")
            return self.key_made()
        return keys.read_private_key(path)

    @step
    def key_pair(self) -> KeyPair:
        """Observe the key pair; raises ``Unmet`` where the document makes none."""
        self.private_key()
        must_be_its_own(self.subject, "key pair", "account.key-pair")
        return self.working_key_pair()

    @step
    def working_key_pair(self) -> KeyPair:
        """Observe the key pair that is worked with, whoever made it."""
        from harness.aws import keys

        pair = keys.find_key_pair(self.aws, self.name, Path(self.private_key().path))
        if pair is None:
            raise Unmet("account.key-pair", f"{self.region} has no key pair {self.name}, expected one")
        return pair

    @step
    def caller(self) -> Caller:
        """Observe whom STS takes the caller for."""
        return identity.find_caller(self.aws)

    @step
    def cli(self) -> Cli:
        """Run the two commands that show what the ``aws`` command was configured with."""
        must_not_be_over(self.subject, "account.cli", "runs the aws command")
        if not self.subject.follower.actions.is_configured:
            raise Unmet("account.cli", "the document does not have its reader configure the aws command")
        return super().cli()

    @step
    def key_file(self) -> KeyFile:
        """Observe who may read the key file when it is first needed."""
        must_not_be_over(self.subject, "account.key-mode", "needs the key file")
        return super().key_file()

    @step
    def agent(self) -> Agent:
        """Observe which keys the agent lists when one is first needed; nothing is added here."""
        must_not_be_over(self.subject, "account.ssh-agent", "needs the ssh agent")
        return self.listed()

    def listed(self) -> Agent:
        """Return which keys the agent lists now."""
        return observing.account.read_agent(self._run("ssh-add", "-L"))

    def load_key(self) -> None:
        """Load the key as it should have been: nobody else may read it, and the agent has it."""
        path = Path(self.private_key().path)
        path.chmod(0o400)
        self._run("ssh-add", str(path))

    @step
    def watches(self) -> Watches:
        """Observe what watches the spend."""
        return observing.Account.watches(self)
