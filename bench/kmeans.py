"""How good, how quick and how large the offline cloud's k-means is: ``python -m bench.kmeans``.

Trains on the digits again and again, each time without a seed, and prints the purity of the clusters that the model
makes of them; then trains once on 5,000 x 784 values and prints the time and the worker's peak memory.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from harness import digits, recordio
from harness.offline.sagemaker.geometry import nearest
from harness.offline.sagemaker.hyperparameters import Settings
from harness.offline.sagemaker.tasks import Channel, Task
from harness.offline.sagemaker.trainer import Worker

ROWS = 5000
LEAST_PURITY = 0.70
LARGEST_MB = 500


def main() -> int:
    """Print the figures; 1 where one misses its mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="trainings on the digits (default 20)")
    runs = parser.parse_args().runs
    worker = Worker()
    try:
        purities = sorted(_purity(worker) for _ in range(runs))
        print(f"purity of {runs} trainings: {purities[0]:.3f} to {purities[-1]:.3f}, mean {np.mean(purities):.3f}")
        seconds, megabytes = _large(worker)
    finally:
        worker.end()
    print(f"{ROWS} x {digits.FEATURES}: {seconds:.2f} s, worker's peak {megabytes:.0f} MB")
    return int(purities[0] < LEAST_PURITY or megabytes > LARGEST_MB)


def _purity(worker: Worker) -> float:
    shown = digits.load()
    clusters, _ = nearest(shown.images, _train(worker, shown.images))
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (clusters, shown.labels), 1)
    return float(counts.max(axis=1).sum() / len(clusters))


def _large(worker: Worker) -> tuple[float, float]:
    rows = np.random.default_rng().random((ROWS, digits.FEATURES), dtype=np.float32)
    begun = time.perf_counter()
    _train(worker, rows)
    return time.perf_counter() - begun, _peak(worker)


def _train(worker: Worker, rows: Any) -> Any:
    data = Channel("train", recordio.CONTENT_TYPE, ((recordio.encode_matrix(rows),),))
    return worker.run(Task(Settings(k=10, feature_dim=digits.FEATURES), data), lambda _: None).centroids


def _peak(worker: Worker) -> float:
    """Return the most memory the worker has held, in MB; where the system does not tell, what it holds now."""
    status = Path(f"/proc/{worker.pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    high = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return high[0] if high else float(psutil.Process(worker.pid).memory_info().rss / 2**20)


if __name__ == "__main__":
    sys.exit(main())
