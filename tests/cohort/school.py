"""A class of students: their accounts in one offline cloud, each with the homework done, and done wrong in its own way."""

from __future__ import annotations

import contextlib
import csv
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import boto3

from harness import isolation
from harness.cloud import Cloud, Credentials, patience_called
from harness.commands.accounts import ROLE
from harness.leash import Leash
from tests.student.builder import Builder

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"


class Unwritten(Builder):
    """Handed in an empty answer."""

    def write_submission(self) -> None:
        super().write_submission()
        answers = self.submission / "answers.md"
        answers.write_text("")


class Readable(Builder):
    """Left the key file readable for everybody."""

    key_mode = 0o644


class WithoutQuota(Builder):
    """Never asked for the quota."""

    def request_quota(self) -> None:
        pass


class WithoutBudget(Builder):
    """Made no budget."""

    def make_budget(self) -> None:
        pass


class Small(Builder):
    """Launched a small bastion."""

    bastion_type = "t2.nano"


ANSWERS = ("sagemaker-value", "pros-cons", "integration", "algorithms", "other-clouds")
KINDS: Mapping[type[Builder], frozenset[str]] = {
    Builder: frozenset(),
    Readable: frozenset({"account.key-mode"}),
    WithoutQuota: frozenset({"quota.gpu-vcpus"}),
    Unwritten: frozenset(f"answers.{name}" for name in ANSWERS),
    Small: frozenset({"bastion.launched"}),
    WithoutBudget: frozenset({"account.billing-alert"}),
}
"""What each kind of student must be found not to have met."""


@dataclass
class School:
    """A cloud with an account for each student, in turn of the kinds of :data:`KINDS`."""

    home: Path
    environment: dict[str, str]
    accounts: Sequence[str]
    builders: dict[str, Builder] = field(default_factory=dict)

    @property
    def roster(self) -> Path:
        return self.home / "roster.csv"

    def expected(self) -> dict[str, frozenset[str]]:
        """Return what each student has not met."""
        return {name: KINDS[type(builder)] for name, builder in self.builders.items()}

    def enrol(self, number: int) -> None:
        """Have one student do the homework."""
        kind = list(KINDS)[number % len(KINDS)]
        name, account = f"student{number:02}", self.accounts[number]
        session = boto3.Session(profile_name=account)
        keys = session.get_credentials().get_frozen_credentials()
        cloud = Cloud(
            name="real", hosts="embedded", account=account, region=REGION, patience=patience_called("offline"),
            endpoint_url=self.environment["AWS_ENDPOINT_URL"], owner=Credentials(keys.access_key, keys.secret_key),
            ssh_config=Path(self.environment["ACCEPTANCE_SSH_CONFIG"]),
        )  # fmt: skip
        work = kind(cloud, self.home / name)
        self.builders[name] = work
        work.do(*Builder.ORDER)
        work.hang_up()
        (work.submission / "student.toml").write_text(f'user = "{work.user}"\n')

    def write_roster(self) -> None:
        with self.roster.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["student", "role_arn", "submission"])
            for name, work in sorted(self.builders.items()):
                writer.writerow([name, f"arn:aws:iam::{work.cloud.account}:role/{ROLE}", f"{name}/submission"])

    def cohort(self, *options: str) -> list[str]:
        """Return the command that grades them."""
        output = f"--output={self.home / 'cohort'}"
        return [sys.executable, "-m", "harness", "cohort", str(self.roster), output, *options]

    def grade(self, *options: str, **given: object) -> subprocess.CompletedProcess[str]:
        """Grade them, and return what was said."""
        return subprocess.run(
            self.cohort(*options), cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, **given
        )


@contextlib.contextmanager
def school(home: Path, students: int, at_once: int = 2) -> Iterator[School]:
    """Open a school whose students have done their homework."""
    accounts = [str(300000000000 + number) for number in range(students)]
    with Leash() as leash:
        argv = [sys.executable, "-m", "harness", "cloud", *(f"--account={account}" for account in accounts)]
        cloud = leash.popen(
            argv, cwd=ROOT, env=isolation.without_aws(os.environ), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        exports = _until_ready(cloud)
        found = School(home, {**isolation.without_aws(os.environ), **exports}, accounts)
        with _variables(exports), ThreadPoolExecutor(at_once) as pool:
            list(pool.map(found.enrol, range(students)))
        found.write_roster()
        try:
            yield found
        finally:
            cloud.terminate()  # so that it removes what it made; the leash is for the case that this process is killed
            cloud.wait(60)


def _until_ready(cloud: subprocess.Popen[str]) -> dict[str, str]:
    exports = {}
    for line in cloud.stdout:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").rstrip("\n").partition("=")
            exports[name] = value.strip("'\"")
        if line == "ready\n":
            return exports
    raise RuntimeError("the cloud ended before it was ready")


@contextlib.contextmanager
def _variables(exports: Mapping[str, str]) -> Iterator[None]:
    """Have boto3 read the files of the cloud, not the caller's."""
    wanted = {name: exports[name] for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
