"""A homework in an offline cloud of its own, done by the reference subject, with places where it can go wrong."""

from __future__ import annotations

import contextlib
import itertools
import operator
import shutil
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.options import SUBMISSION
from harness import catalogue, digits
from harness.aws.kmeans import DirectExample
from harness.aws.mnist import Origin
from harness.aws.session import Aws
from harness.cloud import OFFLINE, Cloud
from harness.context import Context
from harness.digits import Digits
from harness.leash import Leash
from harness.ledger import Ledger
from harness.steps import Shared, settle, step
from harness.subjects.reference import Reference
from harness.subjects.reference.sagemaker import Sagemaker
from harness.workstation import Workstation, set_up
from tests.faults.model import Case

numbers = itertools.count(1)
ROWS = 600
"""Digits that the example is run on here: enough for ten clusters that tell digits apart."""


class Example(Sagemaker):
    """Runs the k-means example with boto3 alone and on fewer digits; the SDK would take its seconds each time."""

    example_kind: Callable[..., Any] = DirectExample

    @step
    def digits(self) -> Origin:
        """Load some of the digits that scikit-learn carries."""
        some = digits.load()
        return Origin(Digits(some.images[:ROWS], some.labels[:ROWS]), "digits of scikit-learn")

    @step
    def example(self) -> Any:
        """Return who runs the example."""
        return type(self).example_kind(self.aws, self.settings())

    def close(self) -> None:
        """Have no process to end."""


Example.__name__ = "Sagemaker"  # shared results are recorded under the stage's name


@dataclass
class Environment:
    """A homework that is about to be done: ``subject`` does it, ``submission`` is what is handed in."""

    subject: Reference
    context: Context
    submission: Path

    @property
    def aws(self) -> Aws:
        """Return AWS as the homework's user sees it."""
        return self.subject.account.identity.aws()

    @property
    def owner(self) -> Aws:
        """Return AWS as the account's owner sees it."""
        return Aws(self.context.cloud, self.context.cloud.owner)

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of the homework's user."""
        return self.aws.client(service, region=region)

    @property
    def ec2(self) -> Any:
        """Return the EC2 client of the homework's user."""
        return self.client("ec2")

    def after(self, name: str, work: Callable[[Any], Any]) -> None:
        """Do something once a step (``stage.step``) has been done; what it returns takes the place of its result."""

        def changed(_: Any, original: Callable[[], Any]) -> Any:
            result = original()
            instead = work(result)
            return result if instead is None else instead

        self._replace(name, changed)

    def before(self, name: str, work: Callable[[], Any]) -> None:
        """Do something right before a step is done."""

        def changed(_: Any, original: Callable[[], Any]) -> Any:
            work()
            return original()

        self._replace(name, changed)

    def instead(self, name: str, work: Callable[[], Any]) -> None:
        """Do something in the place of a step."""
        self._replace(name, lambda _, __: work())

    def change(self, stage: str, **members: Any) -> None:
        """Let a stage have other members: a function of the stage becomes a property, any other value is taken."""
        target = getattr(self.subject, stage)
        bodies = {name: property(value) if callable(value) else value for name, value in members.items()}
        target.__class__ = type(type(target).__name__, (type(target),), bodies)

    def _replace(self, name: str, work: Callable[[Any, Callable[[], Any]], Any]) -> None:
        stage, _, own = name.rpartition(".")
        target = operator.attrgetter(stage)(self.subject)
        original = getattr(target, own)

        def once(stage: Any) -> Any:
            return work(stage, original)

        once.__qualname__ = f"{name} {next(numbers)}"
        setattr(target, own, types.MethodType(step(once), target))

    # What many faults do.

    def bash(self, line: str) -> Any:
        """Run a line on the bastion, as its user; it must succeed."""
        done = self.subject.instances.on_bastion(line, timeout=self.context.cloud.patience.build)
        assert done.exit_code == 0, f"{line}: {done.said}"
        return done

    def write(self, name: str, text: str) -> None:
        """Write a file of the submission."""
        (self.submission / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the submission; what is changed must be there."""
        text = (self.submission / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new))


@contextlib.contextmanager
def opened(case: Case, run_dir: Path) -> Iterator[Environment]:
    """Return the environment of a case, in a cloud of its own; nothing of it is left afterwards."""
    run_dir.mkdir(parents=True, exist_ok=True)
    submission = run_dir / "submission"
    shutil.copytree(SUBMISSION, submission)
    if case.scope == "paper":
        yield _environment(case, run_dir, submission, _nowhere(), Workstation(run_dir, {}))
        return
    from harness.offline.cloud import OfflineCloud  # moto takes its time: what is only read needs none of it

    with (
        contextlib.closing(Leash()) as leash,
        OfflineCloud(leash.directory("cloud"), region=case.region, settle=0.02) as offline,
    ):
        made = _environment(case, run_dir, submission, _hasty(offline.cloud, case), set_up(leash, offline.cloud))
        try:
            yield made
        finally:
            settle(10.0)
            made.subject.close()
            made.context.ledger.close()


def _hasty(cloud: Cloud, case: Case) -> Cloud:
    """Return the cloud with less patience for what will never come; a busy machine boots hosts in seconds."""
    if case.scope not in ("control", "hand-in"):
        return cloud
    return replace(cloud, patience=replace(cloud.patience, boot=20.0, instance=15.0))


def _nowhere() -> Cloud:
    return Cloud(name="moto", hosts="embedded", account="0", region="us-east-1", patience=OFFLINE)


def _environment(case: Case, run_dir: Path, submission: Path, cloud: Cloud, workstation: Workstation) -> Environment:
    context = Context(
        run_id=f"f{next(numbers):05}",
        run_dir=run_dir,
        homework=catalogue.load(),
        cloud=cloud,
        workstation=workstation,
        ledger=Ledger(run_dir / "ledger.jsonl"),
        shared=Shared(run_dir / "shared"),
        submission=submission,
        chosen=frozenset(case.judged()),
    )
    subject = Reference(context)
    subject.sagemaker = Example(subject)
    made = Environment(subject, context, submission)
    if "httpd" not in {id.partition(".")[0] for id in context.chosen}:
        made.instead("httpd.before_rule", lambda: None)  # a web server that nobody asks for is not started
    return made
