"""How well a graded run overlaps what is slow: ``python -m bench.overlap [--time-scale F] [--seed N]``.

The whole homework is run in an offline cloud in this process, by pytest in another, once in calm weather, where nothing
has to be waited for, and once in typical weather. What the typical run must wait for was drawn by the weather. A chain
is what really needs one another: durations drawn, and the work between them, as long as the calm run's timeline says it
took there. The longest chain is the critical path; no run on this machine can be quicker. Where a kind was drawn more
than once (instances), the shortest draw counts, which makes the path shorter and the ratio worse.
"""

from __future__ import annotations

import argparse
import contextlib
import fractions
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from harness import isolation, timeline
from harness.commands.accounts import made_user
from harness.commands.cloud import shell_variables
from harness.leash import Leash
from harness.offline.cloud import OfflineCloud
from harness.offline.weather import Calm, Weather
from harness.timeline import Span

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = 1.10

TRAIN = ("iam.role-visible", "job.starting", "job.downloading", "job.uploading")


@dataclass(frozen=True)
class Chain:
    """What needs one another: kinds of draws, and the work.

    The work is that of the calm run until the step ``until`` was done, and from the hand-in on; without ``until``, all.
    """

    name: str
    waits: tuple[str, ...]
    until: str = ""


CHAINS = (
    Chain(
        "train, deploy, predict, delete", (*TRAIN, "endpoint.creating", "endpoint.deleting"), "sagemaker.predictions"
    ),
    Chain(
        "notebook instance up and down",
        ("iam.role-visible", "notebook.pending", "notebook.stopping", "notebook.deleting"),
        "sagemaker.notebook_created",
    ),
    Chain(
        "bastion up, containers, all instances down",
        ("instance.pending", "host.boot", "instance.shutting-down", "instance.shutting-down", "interface.lingering"),
    ),
)
HAND_IN = "final.leftovers"


@dataclass(frozen=True)
class Outcome:
    """A run: its begin and end in seconds since the epoch, and what its timeline says."""

    begun: float
    ended: float
    spans: tuple[Span, ...]

    @property
    def wall(self) -> float:
        """Return how long the whole process took, in seconds."""
        return self.ended - self.begun

    def work(self, until: str) -> float:
        """Return the seconds until a step was done and from the hand-in to the end; without a step, all."""
        if not until:
            return self.wall
        done = next(span.ended for span in self.spans if span.kind == "step" and span.name == until)
        handed_in = next(span.begun for span in self.spans if span.kind == "step" and span.name == HAND_IN)
        return done - self.begun + self.ended - max(done, handed_in)


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; the exit code is 1 where the ratio is over what is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.overlap", description=__doc__)
    parser.add_argument("--time-scale", type=fractions.Fraction, default=fractions.Fraction(1, 60), metavar="F")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args(arguments)
    calm, weather = run(Calm(), "offline"), Weather(options.seed, float(options.time_scale))
    typical = run(weather, str(float(options.time_scale)))
    return show(weather, options.time_scale, calm, typical)


def run(weather: Calm, patience: str) -> Outcome:
    """Run the homework in that weather. A run without the full grade ends this."""
    with isolation.offline(), contextlib.closing(Leash()) as leash:
        state = leash.directory("cloud-")
        with OfflineCloud(state, weather=weather) as offline:
            variables = shell_variables(offline.cloud, state, made_user(offline.cloud))
            weather.begin()
            environment = {**isolation.without_aws(os.environ), **variables, "ACCEPTANCE_PATIENCE": patience}
            begun = time.time()
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--aws=real",
                 "--run-dir", str(state / "run")],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            ended = time.time()
        if done.returncode:
            raise SystemExit(f"the run in {weather.name} weather ended with {done.returncode}:\n{done.stdout[-3000:]}")
        return Outcome(begun, ended, tuple(timeline.read(state / "run")))


def show(weather: Weather, scale: fractions.Fraction, calm: Outcome, typical: Outcome) -> int:
    """Print what was drawn, the chains, and the ratio."""
    drawn: dict[str, list[float]] = {}
    for each in weather.drawn:
        drawn.setdefault(each.what, []).append(each.seconds)
    total = sum(each.seconds for each in weather.drawn if not each.what.endswith("visible"))
    chains = sorted(
        ((waited(c.waits, drawn), calm.work(c.until), c.name) for c in CHAINS), key=lambda c: -(c[0] + c[1])
    )
    path, waits = sum(chains[0][:2]), max(chain[0] for chain in chains)
    print(f"overlap in typical weather, seed {weather.seed}, time scale {scale}")
    for drawn_seconds, work, name in chains:
        print(f"  {drawn_seconds + work:7.1f} s  {name}: {drawn_seconds:.1f} s drawn, {work:.1f} s of work")
    print(f"  {total:7.1f} s  the sum of all that is waited for")
    print(f"  {calm.wall:7.1f} s  wall time in calm weather: nothing but work")
    print(f"  {typical.wall:7.1f} s  wall time in typical weather")
    print(f"  {typical.wall / path:7.2f}    of the critical path; {ALLOWED} allowed")
    print(f"  {typical.wall / waits:7.2f}    of the longest chain's draws alone: work is not scaled with the time")
    print(f"  {typical.wall / (total + calm.wall):7.2f}    of the sum and the work")
    return 0 if typical.wall / path <= ALLOWED else 1


def waited(kinds: tuple[str, ...], drawn: dict[str, list[float]]) -> float:
    """Return what a chain waits for; of several draws of one kind the shortest counts, each once."""
    left = {kind: sorted(seconds, reverse=True) for kind, seconds in drawn.items()}
    return sum(left[kind].pop() if left.get(kind) else 0.0 for kind in kinds)


if __name__ == "__main__":
    sys.exit(main())
