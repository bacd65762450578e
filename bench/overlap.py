"""How well a graded run overlaps what is slow: ``python -m bench.overlap [--time-scale F] [--seed N]``.

The whole homework is run in an offline cloud in this process, by pytest in another, once in calm weather, where nothing
has to be waited for, and once in typical weather. What the typical run must wait for was drawn by the weather: the
sum of it, and the longest chain of it in which each thing needs the one before. A run that overlaps well takes as long
as that chain and the work that it has to do anyway, which is what the calm run takes.
"""

from __future__ import annotations

import argparse
import contextlib
import fractions
import os
import subprocess
import sys
import time
from pathlib import Path

from harness import isolation
from harness.commands.cloud import made_user, shell_variables
from harness.leash import Leash
from harness.offline.cloud import OfflineCloud
from harness.offline.weather import Calm, Weather

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = 1.10

# What needs what, by kind and number of its draw: the chains of the homework that somebody has to wait for.
TRAIN = ("iam.role-visible", "job.starting", "job.downloading", "job.uploading")
CHAINS: dict[str, tuple[str, ...]] = {
    "train, deploy, predict, delete": (*TRAIN, "endpoint.creating", "endpoint.deleting"),
    "notebook instance up and down": (
        "iam.role-visible", "notebook.pending", "notebook.stopping", "notebook.deleting",
    ),
    "bastion up, private instance and bastion down": (
        "instance.pending", "host.boot", "instance.shutting-down", "instance.shutting-down", "interface.lingering",
    ),
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; the exit code is 1 where the ratio is over what is allowed."""
    parser = argparse.ArgumentParser(prog="python -m bench.overlap", description=__doc__)
    parser.add_argument("--time-scale", type=fractions.Fraction, default=fractions.Fraction(1, 60), metavar="F")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    options = parser.parse_args(arguments)
    calm, weather = run(Calm(), "offline"), Weather(options.seed, float(options.time_scale))
    typical = run(weather, str(float(options.time_scale)))
    return show(weather, options.time_scale, calm, typical)


def run(weather: Calm, patience: str) -> float:
    """Run the homework in that weather; returns its wall time in seconds. A run without the full grade ends this."""
    with isolation.offline(), contextlib.closing(Leash()) as leash:
        state = leash.directory("cloud-")
        with OfflineCloud(state, weather=weather) as offline:
            variables = shell_variables(offline.cloud, state, made_user(offline.cloud))
            weather.begin(offline)
            environment = {**isolation.without_aws(os.environ), **variables, "ACCEPTANCE_PATIENCE": patience}
            begun = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--aws=real",
                 "--run-dir", str(state / "run")],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            wall = time.monotonic() - begun
    if done.returncode:
        raise SystemExit(f"the run in {weather.name} weather ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return wall


def show(weather: Weather, scale: fractions.Fraction, calm: float, typical: float) -> int:
    """Print what was drawn, the chains, and the ratio."""
    drawn: dict[str, list[float]] = {}
    for each in weather.drawn:
        drawn.setdefault(each.what, []).append(each.seconds)
    total = sum(each.seconds for each in weather.drawn if not each.what.endswith("visible"))
    chains = {name: length(kinds, drawn) for name, kinds in CHAINS.items()}
    longest = max(chains.values())
    print(f"overlap in typical weather, seed {weather.seed}, time scale {scale}")
    for name, seconds in sorted(chains.items(), key=lambda chain: -chain[1]):
        print(f"  {seconds:7.1f} s  {name}")
    print(f"  {total:7.1f} s  the sum of all that is waited for")
    print(f"  {calm:7.1f} s  wall time in calm weather: the work itself")
    print(f"  {typical:7.1f} s  wall time in typical weather")
    ratio = typical / (longest + calm)
    print(
        f"  {ratio:7.2f}    of the critical path: {longest:.1f} s of waiting, {calm:.1f} s of work; {ALLOWED} allowed"
    )
    print(f"  {typical / (total + calm):7.2f}    of the sum and the work")
    return 0 if ratio <= ALLOWED else 1


def length(kinds: tuple[str, ...], drawn: dict[str, list[float]]) -> float:
    """Return the length of a chain; of several draws of one kind the longest counts, each once."""
    left = {kind: sorted(seconds) for kind, seconds in drawn.items()}
    return sum(left[kind].pop() if left.get(kind) else 0.0 for kind in kinds)


if __name__ == "__main__":
    sys.exit(main())
