"""The account: the user, its key pair, the ssh agent, and what watches the spend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.aws import budgets, keys
from harness.errors import Unmet
from harness.facts.account import KeyPair, PrivateKey, Watches
from harness.steps import shared_step, step
from harness.subjects import observing
from harness.subjects.identity import choose

if TYPE_CHECKING:
    from harness.subjects.reference import Reference

BUDGET_USD = 100
# A domain that is nobody's by RFC 2606: the reference's budget has nobody to tell.
BUDGET_ADDRESS = "budget@example.com"


class Account(observing.Account):
    """Makes key pair, agent and budget as the homework's user; who that is, :func:`choose` decides."""

    def __init__(self, subject: Reference) -> None:
        super().__init__(subject)
        self.identity = choose(subject.context)

    @property
    def name(self) -> str:
        """Return the name of what the run makes in the account."""
        return f"acceptance-{self.run_id}"

    @shared_step
    def key_made(self) -> PrivateKey:
        """Create the key pair and keep its private key where nobody else may read it."""
        path = self.context.workstation.ssh / f"{self.name}.pem"
        with self.context.ledger.creating("key-pair", self.region, name=self.name, run=self.run_id) as creation:
            material = keys.create_key_pair(self.aws, self.name, self.context.tags)
            creation.id = self.name
        _keep_private(path, material)
        return keys.read_private_key(path)

    def private_key(self) -> PrivateKey:
        return self.key_made()

    @step
    def key_pair(self) -> KeyPair:
        """Observe EC2's key pair beside the private key at hand."""
        pair = keys.find_key_pair(self.aws, self.name, Path(self.key_made().path))
        if pair is None:
            raise Unmet("account.key-pair", f"{self.region} has no key pair {self.name}, expected one")
        return pair

    @step
    def budget_made(self) -> None:
        """Create a budget that watches the spend."""
        with self.context.ledger.creating("budget", self.region, name=self.name, run=self.run_id) as creation:
            budgets.create_budget(self.aws, self.name, BUDGET_USD, BUDGET_ADDRESS)
            creation.id = self.name

    @step
    def watches(self) -> Watches:
        """Observe what watches the spend, once the budget does."""
        self.budget_made()
        return super().watches()


def _keep_private(path: Path, material: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(material, encoding="ascii")
    path.chmod(0o400)
