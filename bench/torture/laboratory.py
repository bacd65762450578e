"""A cloud, its bystanders, and runs in other processes that are killed in it and swept."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from bench.torture import accidents, bystanders, inventory
from bench.torture.accidents import Accident
from bench.torture.executioner import Executioner, Point
from harness import isolation
from harness.commands.accounts import made_user
from harness.commands.cloud import shell_variables
from harness.leash import Leash
from harness.offline.cloud import OfflineCloud
from harness.waiting import until

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 5 * 60
STAGES: dict[str, tuple[str, ...]] = {
    "account": ("account", "quota"),
    "compute": ("network", "bastion", "private", "spot"),
    "sagemaker": ("sagemaker", "kmeans"),
}
"""The tests of a run, by what of the homework they need; none of these needs Docker."""


@dataclass
class Outcome:
    """What became of a run that was to be killed at a point."""

    point: Point | Accident
    was_struck: bool
    sweep_code: int
    sweep_output: str
    leaked: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Say whether the run was swept to nothing, and nothing else was touched."""
        return not (self.leaked or self.touched or self.sweep_code)


class Laboratory:
    """One offline cloud in this process, entered by :func:`laboratory`."""

    def __init__(self, offline: OfflineCloud, variables: Mapping[str, str], leash: Leash) -> None:
        self.executioner = Executioner()
        offline.inner.append(self.executioner)
        self.offline = offline
        self._cloud = offline.cloud
        self._quotas = offline.quotas
        self._environment = {**isolation.without_aws(os.environ), **variables}
        self._leash = leash
        self._runs = leash.directory("runs-")
        self.usual = 0
        """How many calls the last run made that was left alone."""
        owner = offline.cloud.owner
        assert owner is not None
        self._session = boto3.Session(owner.access_key, owner.secret_key, region_name=offline.cloud.region)
        bystanders.stand_by(self._client, offline.cloud.account, offline.cloud.region)

    @functools.cache  # noqa: B019 - one laboratory per process
    def _client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._cloud.endpoint_url)

    def look(self) -> inventory.Found:
        """Return what the account holds once nothing of it is changing."""
        return inventory.take(self._session, self._cloud.endpoint_url or "", self._cloud.account)

    def calls(self, stages: Sequence[str]) -> list[str]:
        """Run the tests of some stages unharmed; returns the operations that changed something, in order."""
        directory = self._directory()
        self.executioner.watch(None, os.getpid)
        with self._run(stages, directory) as victim:
            output, _ = victim.communicate(timeout=MINUTES)
        self.usual = self.executioner.calls
        self.executioner.look_away()
        if victim.returncode:
            raise RuntimeError(f"the reference run of {', '.join(stages)} failed:\n{output[-4000:]}")
        return list(self.executioner.in_order)

    def strike(self, point: Point, stages: Sequence[str]) -> Outcome:
        """Kill a run of some stages' tests at a point, sweep after it, and compare the account with what it was."""
        self._quotas.forget()  # nobody can take a request back, and while it is open nobody asks again
        before = self.look()
        directory = self._directory()
        victims: list[subprocess.Popen[str]] = []
        self.executioner.watch(point, lambda: victims[0].pid)
        with self._run(stages, directory) as victim:
            victims.append(victim)
            victim.communicate(timeout=MINUTES)
        self.executioner.look_away()
        return self._swept(point, directory, before)

    def suffer(self, accident: Accident, stages: Sequence[str]) -> Outcome:
        """Let an accident befall a run, sweep after it, and look for anything left: in the account, and on this machine."""
        self._quotas.forget()
        before, doors = self.look(), accidents.listening()
        directory, temporary = self._directory(), self._leash.directory("t")
        self.executioner.watch(None, os.getpid)
        with self._run(stages, directory, *accident.arguments, temporary=temporary) as victim:
            moment = accident.share * self.usual
            until(
                f"the moment of {accident}", lambda: self.executioner.calls >= moment or victim.poll() is not None,
                timeout=MINUTES, every=0.01,
            )  # fmt: skip
            try:
                victim.communicate(timeout=accident.delay)
            except subprocess.TimeoutExpired:
                accident.befall(victim)
                self.executioner.struck.set()
                victim.communicate(timeout=MINUTES)
        running = accidents.left_running(temporary)
        self.executioner.look_away()
        outcome = self._swept(accident, directory, before)
        outcome.leaked += running + accidents.left_lying(temporary) + accidents.left_listening(doors)
        return outcome

    def _swept(self, point: Point | Accident, directory: Path, before: inventory.Found) -> Outcome:
        struck = self.executioner.struck.is_set()
        if not (directory / "run.json").exists():  # it ended before it began: there is nothing to sweep by
            return Outcome(point, struck, 0, "", *inventory.differences(before, self.look()))
        run_id = json.loads((directory / "run.json").read_text())["run_id"]
        namesakes = bystanders.Namesakes(self._client, self._cloud.account, self._cloud.region, run_id)
        namesakes.make()
        code, output = self.sweep(directory)
        try:
            namesakes.remove()
            gone = []
        except Exception as error:  # noqa: BLE001 - whatever is missing was swept away with the run
            gone = [f"namesake of the run: {error}"]
        leaked, touched = inventory.differences(before, self.look())
        return Outcome(point, struck, code, output, leaked, touched + gone)

    def sweep(self, directory: Path) -> tuple[int, str]:
        """Sweep a run from another process; returns its exit code and what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "harness", "sweep", "--run-dir", str(directory)], cwd=ROOT, env=self._environment,
            capture_output=True, text=True, timeout=MINUTES, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def _directory(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._runs)) / "run"

    def _run(
        self, stages: Sequence[str], directory: Path, *arguments: str, temporary: Path | None = None
    ) -> subprocess.Popen[str]:
        here = {"TMPDIR": str(temporary)} if temporary else {}
        files = [f"tests/homework/test_{stage}.py" for stage in stages]
        return self._leash.popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--aws=real",
             "--run-dir", str(directory), *arguments, *files],
            cwd=ROOT, env=self._environment | here, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip


@contextlib.contextmanager
def laboratory() -> Iterator[Laboratory]:
    """Serve a cloud with bystanders for as long as the context lasts."""
    with isolation.offline(), contextlib.closing(Leash()) as leash:
        state = leash.directory("cloud-")
        with OfflineCloud(state) as offline:
            variables = shell_variables(offline.cloud, state, made_user(offline.cloud))
            yield Laboratory(offline, variables, leash)


def numbered(calls: Sequence[str]) -> list[tuple[str, int]]:
    """Return each call with its number among those of its operation, from 1."""
    counts: Counter[str] = Counter()
    result = []
    for call in calls:
        counts[call] += 1
        result.append((call, counts[call]))
    return result
