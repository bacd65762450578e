"""What the document tells its reader to do in the console, done with the API.

Each action does what the sentence asks for and no more, so that what a sentence forgets is missing afterwards. Whatever
it makes is written to the ledger first.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.aws import budgets, errors, iam, instances, keys, quotas
from harness.aws.session import Aws
from harness.cloud import Credentials
from harness.context import Context
from harness.material.following.deeds import Deed, Outcome
from harness.material.following.workstation import Desk

DONE = Outcome(0)
BUDGET_USD = 100
# A domain that is nobody's by RFC 2606: the budget has nobody to tell.
BUDGET_ADDRESS = "budget@example.com"


Action = Callable[[Deed], Outcome]
"""Does what a sentence asks for."""


class Actions:
    """The actions of the AWS console that need nothing but the account; ``names`` are what was called how."""

    def __init__(self, context: Context, desk: Desk) -> None:
        self.context = context
        self.desk = desk
        self.user = self.group = ""
        self.key: Credentials | None = None
        self.key_file: Path | None = None
        self.is_member = self.is_configured = False
        self.known: dict[str, Action] = {
            "group": self.make_group, "policy": self.attach_policy, "user": self.make_user,
            "console": self.allow_console, "member": self.join, "access key": self.make_key,
            "configure": self.configure, "key pair": self.make_key_pair, "budget": self.make_budget,
            "quota": self.ask_for_quota, "terminate at the end": self.remember_to_terminate, "end": self.terminate_all,
        }  # fmt: skip
        self.at_the_end: list[Deed] = []

    @property
    def name(self) -> str:
        """Return the name that the reader gives to what is only said to need one."""
        return f"homework-{self.context.run_id}"

    def aws(self) -> Aws:
        """Return AWS as the reader sees it: as the account's owner, or as the user once the key is configured."""
        path = self.context.workstation.home / ".aws" / "credentials"
        parser = configparser.RawConfigParser(default_section="")
        parser.read(path, encoding="utf-8")
        if not parser.has_option("default", "aws_secret_access_key"):
            return Aws(self.context.cloud, self.context.cloud.owner)
        profile = parser["default"]
        return Aws(self.context.cloud, Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"]))

    def _owner(self) -> Aws:
        return Aws(self.context.cloud, self.context.cloud.owner)

    def do(self, deed: Deed) -> Outcome | None:
        """Do the action of that name; ``None`` where it is not one of these."""
        action = self.known.get(deed.name)
        if action is None:
            return None
        try:
            return action(deed)
        except errors.ANY as error:
            return Outcome(1, stderr=str(error))

    def make_group(self, _: Deed) -> Outcome:
        """Create the group of users."""
        if self.group:
            return DONE
        with self._creating("iam-group", self.name):
            iam.create_group(self._owner(), self.name)
        self.group = self.name
        return self._joined()

    def attach_policy(self, _: Deed) -> Outcome:
        """Attach the policy to the group."""
        if not self.group:
            return Outcome(1, stderr="there is no group to attach the policy to")
        iam.attach_policy(self._owner(), self.group, self.context.homework.account.policy)
        return DONE

    def make_user(self, _: Deed) -> Outcome:
        """Create the user, who can do nothing yet."""
        if self.user:
            return DONE
        with self._creating("iam-user", self.name):
            iam.create_user(self._owner(), self.name, self.context.tags)
        self.user = self.name
        return self._joined()

    def allow_console(self, deed: Deed) -> Outcome:
        """Give the user a password for the console."""
        self.make_user(deed)
        iam.create_login_profile(self._owner(), self.user)
        return DONE

    def join(self, _: Deed) -> Outcome:
        """Put the user into the group, as soon as there are both."""
        self.is_member = True
        return self._joined()

    def _joined(self) -> Outcome:
        if self.is_member and self.user and self.group:
            iam.add_to_group(self._owner(), self.user, self.group)
        return DONE

    def make_key(self, deed: Deed) -> Outcome:
        """Create the access key."""
        if self.key is not None:
            return DONE
        self.make_user(deed)
        self.key = iam.create_access_key(self._owner(), self.user)
        return DONE

    def configure(self, _: Deed) -> Outcome:
        """Answer the questions of ``aws configure``; without an access key there is nothing to answer."""
        if self.key is None:
            return Outcome(1, stderr="there is no access key to enter")
        region = self.context.cloud.region
        answers = f"{self.key.access_key}\n{self.key.secret_key}\n{region}\n\n"
        outcome = self.desk.run([["aws", "configure"]], timeout=self.context.cloud.patience.command, input=answers)
        self.is_configured = outcome.is_done
        self.desk.values.learn("region", region)
        return Outcome(outcome.exit_code, stderr=outcome.stderr)

    def make_key_pair(self, deed: Deed) -> Outcome:
        """Create the key pair; the browser saves the private key as it saves any file."""
        if self.key_file is not None:
            return DONE
        with self._creating("key-pair", self.name):
            material = keys.create_key_pair(self.aws(), self.name, self.context.tags)
        self.key_file = self.context.workstation.home / f"{self.name}.pem"
        self.key_file.write_text(material, encoding="ascii")
        self.key_file.chmod(0o644)
        self.desk.values.learn("key", self.name, (), deed.words)
        return DONE

    def make_budget(self, _: Deed) -> Outcome:
        """Create the budget; it is the account owner's affair and comes before there is a user."""
        with self._creating("budget", self.name):
            budgets.create_budget(self._owner(), self.name, BUDGET_USD, BUDGET_ADDRESS)
        return DONE

    def ask_for_quota(self, deed: Deed) -> Outcome:
        """Request the number of vCPUs that the sentence names, for the family of the instance that it names."""
        number = re.search(r"\b(\d{1,4})\s*v?CPUs?\b", deed.text, re.IGNORECASE)
        is_gpu = re.search(r"\bp[2345]\.\w+|\bP (?:instances?|family)|V100", deed.text, re.IGNORECASE)
        if number is None or is_gpu is None:
            return Outcome(1, stderr="the sentence names no number of vCPUs, or no instance type")
        wanted = self.context.homework.quota
        ledger = self.context.ledger
        with ledger.creating(
            "quota-request", self.context.cloud.region, code=wanted.code, run=self.context.run_id
        ) as one:
            one.id = quotas.request_increase(self.aws(), wanted.service, wanted.code, int(number[1]))
        return DONE

    def remember_to_terminate(self, deed: Deed) -> Outcome:
        """Keep in mind what is to be done at the end."""
        self.at_the_end.append(deed)
        return DONE

    def terminate_all(self, _: Deed) -> Outcome:
        """Terminate every instance that runs: what the reader was told to do at the end."""
        aws = self.aws()
        for instance in instances.find_instances(aws, []):
            if instance.state not in ("terminated", "shutting-down"):
                instances.terminate(aws, instance.id)
                instances.until_terminated(aws, instance.id)
        return DONE

    @contextmanager
    def _creating(self, kind: str, name: str) -> Iterator[None]:
        region, run = self.context.cloud.region, self.context.run_id
        with self.context.ledger.creating(kind, region, name=name, run=run) as creation:
            yield
            creation.id = name
