"""Compare the acceptance run with the bare steps: ``python -m bench [RUNS]``.

Each is a whole process, run in turn after a warm-up; of each the median wall time counts, and of the pairs the median
ratio. Nothing fails here: a figure is for a person to look at.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import overlap

ROOT = Path(__file__).parent.parent
COMPUTE = "account or network or bastion or private or spot or quota or answers or final"

PAIRS: dict[str, tuple[list[str], list[str]]] = {
    "without Docker and SageMaker": (
        ["-m", "pytest", "-q", *(f"tests/homework/test_{name}.py" for name in COMPUTE.split(" or "))],
        ["-m", "bench.plain", "--without-docker", "--without-sagemaker"],
    ),
    "the whole homework": (["-m", "pytest", "-q"], ["-m", "bench.plain"]),
}


def seconds(arguments: list[str]) -> float:
    """Run Python with these arguments and return its wall time; a failure ends the benchmark."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(
            f"python {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}"
        )
    return time.perf_counter() - begun


def main(runs: int) -> None:
    """Print minimum, median and maximum of both sides of each pair, and the ratio."""
    for title, (suite, plain) in PAIRS.items():
        seconds(suite)
        seconds(plain)
        pairs = [(seconds(suite), seconds(plain)) for _ in range(runs)]
        print(f"{title} ({runs} runs each, after a warm-up)")
        for name, values in zip(("pytest", "plain script"), zip(*pairs, strict=True), strict=True):
            low, middle, high = min(values), statistics.median(values), max(values)
            print(f"  {name:13} {low:6.2f} s  {middle:6.2f} s  {high:6.2f} s   (min, median, max)")
        print(f"  ratio         {statistics.median(a / b for a, b in pairs):6.2f}")
    overlap.main([])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
