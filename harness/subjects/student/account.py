"""The student's account: who they are there, and the key that they handed in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import submission
from harness.aws import iam, keys
from harness.errors import Unmet
from harness.facts.account import Agent, Caller, KeyPair, PrivateKey, User
from harness.steps import shared_step, step
from harness.subjects import observing
from harness.subjects.identity import CallerAsFound

if TYPE_CHECKING:
    from harness.context import Context
    from harness.subjects.student import Student

REMARK = "the run's own: what the student's holds cannot be seen from here, so their key was tried in one of our own"


class Account(observing.Account):
    """Finds the user and the key pair; the agent that holds the key is the run's own."""

    subject: Student

    def __init__(self, subject: Student) -> None:
        super().__init__(subject)
        self.identity = StudentAsFound(subject.context)

    @step
    def caller(self) -> Caller:
        """Observe whom STS takes the caller for; root, where root did the homework whoever calls now."""
        caller, root = super().caller(), self.subject.instances.launched_as_root()
        return replace(caller, arn=root) if root else caller

    @step
    def private_key(self) -> PrivateKey:
        """Find the key file that was named, or else the one in the submission that fits a key pair."""
        named = self.context.ssh_key
        files = (named,) if named else submission.find_keys(self.context.submission)
        if not files:
            place = self.context.submission
            raise Unmet("account.key-pair", f"no private key file (*.pem) in {place}", "Hand in the .pem file, too.")
        fitting = (path for path in files if keys.find_matching(self.aws, path))
        return keys.read_private_key(next(fitting, files[0]))

    @step
    def key_pair(self) -> KeyPair:
        """Observe the key pair that the file belongs to, or else the one that it might be meant for."""
        path = Path(self.private_key().path)
        pairs = keys.find_pairs(self.aws, path)
        if not pairs:
            raise Unmet("account.key-pair", f"{self.region} has no key pair, expected that of {path.name}")
        return max(pairs, key=lambda pair: (pair.is_at_hand, pair.name in (path.name, path.stem)))

    @step
    def key_twins(self) -> tuple[str, ...]:
        """Find other key pairs that the file belongs to: a key may be imported under several names."""
        own = self.key_pair()
        pairs = keys.find_pairs(self.aws, Path(self.private_key().path))
        return tuple(pair.name for pair in pairs if pair.is_at_hand and pair.name != own.name)

    @shared_step
    def key_added(self) -> Agent:
        """Load a copy of the key, which nobody else may read whatever their file's mode, into the run's agent.

        It is written anew as ssh takes it: mail, git and editors change the ends of lines, and blanks.

        A file that holds no key that can be read is not offered: what is wrong with it has been found out before.
        """
        key = self.private_key()
        if key.problem:
            return Agent((), 1, f"{Path(key.path).name}: {key.problem}")
        copy = self.context.workstation.ssh / "student.pem"
        copy.touch(mode=0o600)
        copy.write_bytes(keys.written_anew(Path(key.path)))
        added = self._run("ssh-add", str(copy))
        return Agent((), added.exit_code, " ".join(added.stderr.replace(str(copy), key.path).split()))

    @step
    def agent(self) -> Agent:
        """Observe which keys the run's agent lists."""
        return replace(super().agent(), remark=REMARK)


class StudentAsFound(CallerAsFound):
    """Takes the user that the submission names for the student's, or else the caller."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.name = submission.read_user(context.submission)

    def user(self) -> User:
        if self.name is None:
            return super().user()
        found = iam.find_user(self.aws(), self.name)
        if found is None:
            raise Unmet("account.iam-user", f"there is no IAM user {self.name}, whom the submission names")
        return found
