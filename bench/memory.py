"""How much memory a process and all that it starts take together."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

EVERY = 0.1
"""Seconds between two looks."""


def peak(arguments: list[str], directory: Path, environment: Mapping[str, str]) -> int:
    """Run a command to its end and return the most bytes that it and its descendants held at a time.

    Pages that processes share are shared out among them (PSS, where the system says it; else what each holds counts).
    """
    most = 0
    with subprocess.Popen(
        arguments, cwd=directory, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        whole = psutil.Process(process.pid)
        family: dict[int, psutil.Process] = {process.pid: whole}
        while process.returncode is None:
            with contextlib.suppress(psutil.Error):
                family |= {child.pid: child for child in whole.children(recursive=True)}
            most = max(most, sum(held(member) for member in list(family.values())))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(EVERY)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return most


def held(process: psutil.Process) -> int:
    """Return a process's share of memory in bytes; nothing for one that is gone."""
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    except (OSError, StopIteration):
        with contextlib.suppress(psutil.Error):
            return int(process.memory_info().rss)
    return 0
