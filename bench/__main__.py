"""Compare the acceptance run with the bare steps: ``python -m bench [RUNS]``.

Each is a whole process, run in turn after a warm-up; of each the median wall time counts, and of the pairs the median
ratio. Then the memory of the whole run, its collection, and how well it overlaps what is slow. Nothing fails here: a
figure is for a person to look at, and means something on a machine that does nothing else.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import overlap
from bench.memory import peak

ROOT = Path(__file__).parent.parent
COMPUTE = ("account", "network", "bastion", "private", "spot", "quota", "answers", "final")
DOCKER = ("docker", "httpd", "jupyter")
SUITE = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
COLLECT_LIMIT, MEMORY_LIMIT, WALL_LIMIT = 1.5, 1e9, 15.0


@dataclass(frozen=True)
class Pair:
    """The suite and the plain script over the same stages, and how many times as long the suite may take."""

    title: str
    suite: list[str]
    plain: list[str]
    allowed: float

    def seconds(self) -> tuple[float, float]:
        """Run both once; returns their wall times."""
        return seconds(self.suite), seconds(self.plain)


def files(*stages: str) -> list[str]:
    """Return the test files of stages."""
    return [f"tests/homework/test_{stage}.py" for stage in stages]


PAIRS = (
    Pair(
        "without Docker and SageMaker", [*SUITE, *files(*COMPUTE)],
        ["-m", "bench.plain", "--without-docker", "--without-sagemaker"], 2.0,
    ),
    Pair("without SageMaker", [*SUITE, *files(*COMPUTE, *DOCKER)], ["-m", "bench.plain", "--without-sagemaker"], 2.0),
    Pair("the whole homework", SUITE, ["-m", "bench.plain"], 1.6),
)  # fmt: skip


def environment() -> dict[str, str]:
    """Return this environment, in which Python keeps what it compiled: a warm start is what is measured."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(arguments: list[str]) -> float:
    """Run Python with these arguments and return its wall time; a failure ends the benchmark."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(
            f"python {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}"
        )
    return time.perf_counter() - begun


def compare(pair: Pair, runs: int) -> tuple[float, float]:
    """Print minimum, median and maximum of both sides, and the ratio; returns the medians."""
    pair.seconds()
    pairs = [pair.seconds() for _ in range(runs)]
    print(f"{pair.title} ({runs} runs each, after a warm-up)")
    suite, plain = zip(*pairs, strict=True)
    for name, values in (("pytest", suite), ("plain script", plain)):
        low, middle, high = min(values), statistics.median(values), max(values)
        print(f"  {name:13} {low:6.2f} s  {middle:6.2f} s  {high:6.2f} s   (min, median, max)")
    print(
        f"  ratio         {statistics.median(a / b for a, b in pairs):6.2f}    {pair.allowed:.2f} allowed", flush=True
    )
    return statistics.median(suite), statistics.median(plain)


def main(runs: int) -> None:
    """Print all figures."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} processors, load {load} before", flush=True)
    medians = [compare(pair, runs) for pair in PAIRS]
    for pair, (less, more) in zip(PAIRS[1:], itertools.pairwise(medians), strict=True):
        print(
            f"{pair.title}: pytest takes {more[0] - less[0]:.2f} s more, the plain script {more[1] - less[1]:.2f} s more"
        )
    print(f"the whole homework, median: {medians[-1][0]:.2f} s; {WALL_LIMIT:.0f} s allowed on two processors")
    memory = peak([sys.executable, *SUITE], ROOT, environment())
    print(f"memory of the whole process tree at its peak: {memory / 1e6:.0f} MB; {MEMORY_LIMIT / 1e6:.0f} MB allowed")
    collecting = statistics.median(seconds(["-m", "pytest", "--collect-only", "-q"]) for _ in range(max(3, runs)))
    print(f"pytest --collect-only: {collecting:.2f} s; {COLLECT_LIMIT} s allowed", flush=True)
    overlap.main([])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
