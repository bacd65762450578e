"""Programs whose start takes seconds, begun before anybody can say what they are to do.

A run's first seconds keep one processor busy: pytest, and an offline cloud's imports. What is begun here uses another.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from harness import worker

_begun: dict[tuple[str, Path], subprocess.Popen[str]] = {}


def begin(module: str, directory: Path) -> None:
    """Start a program in a directory that is made for it; who takes it tells it the environment to work in."""
    if (module, directory) not in _begun:
        directory.mkdir(parents=True, exist_ok=True)
        bare = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(directory)}
        _begun[module, directory] = worker.start(module, bare, directory, log_of(module, directory))


def log_of(module: str, directory: Path) -> Path:
    """Return where such a program's own words are kept."""
    return directory / f"{module.rpartition('.')[2].removesuffix('_worker')}.log"


def take(module: str, directory: Path) -> subprocess.Popen[str] | None:
    """Return the program that was begun, once; whoever takes it ends it."""
    return _begun.pop((module, directory), None)


def end_all() -> None:
    """End what was begun and nobody took."""
    while _begun:
        _, process = _begun.popitem()
        worker.end(process)
        assert process.stdout is not None
        process.stdout.close()
