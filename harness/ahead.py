"""Programs whose start takes seconds, begun before anybody can say what they are to do.

A run's first seconds keep one processor busy: pytest, and an offline cloud's imports. What is begun here uses another.
Such a program is a module of this project that reads requests from standard input and ends with it, so it never
outlives this process.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_begun: dict[tuple[str, Path], subprocess.Popen[str]] = {}


def begin(module: str, directory: Path) -> None:
    """Start a program in a directory that is made for it; who takes it tells it the environment to work in."""
    if (module, directory) not in _begun:
        directory.mkdir(parents=True, exist_ok=True)
        bare = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(directory)}
        _begun[module, directory] = start(module, bare, directory)


def start(module: str, environment: Mapping[str, str], directory: Path) -> subprocess.Popen[str]:
    """Start a program with pipes for requests and answers; what it says besides is in a log of its name."""
    name = module.rpartition(".")[2].removesuffix("_worker")
    with (directory / f"{name}.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module], env={**environment, "PYTHONPATH": str(ROOT)}, cwd=directory,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
        )  # fmt: skip


def take(module: str, directory: Path) -> subprocess.Popen[str] | None:
    """Return the program that was begun, once; whoever takes it ends it."""
    return _begun.pop((module, directory), None)


def end_all() -> None:
    """End what was begun and nobody took."""
    while _begun:
        _, process = _begun.popitem()
        end(process)
        assert process.stdout is not None
        process.stdout.close()


def end(process: subprocess.Popen[str]) -> None:
    """Close a program's standard input, by which it ends; its answers are for whoever took it to read to their end."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it ended by itself, with something unsaid
        process.stdin.close()
    process.wait()
