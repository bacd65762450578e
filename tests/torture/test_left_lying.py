"""A run in several processes whose controller is killed leaves no process and no file, whatever its workers are at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from bench.torture import accidents
from bench.torture.laboratory import ROOT
from harness.leash import Leash
from harness.waiting import until


@pytest.fixture
def leash():
    with Leash() as leash:
        yield leash


def test_workers_end_with_their_controller(leash):
    """Stopped ones, that cannot see it go: a busy one sees it late, and works on in directories that were removed."""
    temporary = leash.directory("t")
    controller = leash.popen(
        [sys.executable, "-m", "pytest", "-q", "-n2", f"--run-dir={temporary / 'pytest-of-nobody'}",
         "tests/homework/test_answers.py", "tests/homework/test_account.py"],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    workers = until("there are workers", lambda: accidents.workers(controller.pid), timeout=60, is_done=lambda w: w[1:])
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    controller.kill()
    controller.wait()
    try:
        assert accidents.left_running(temporary) == []
        assert accidents.left_lying(temporary) == []
    finally:
        for worker in filter(psutil.pid_exists, workers):
            os.kill(worker, signal.SIGKILL)
