"""Whatever is killed, at whatever it is, leaves no process and no file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.torture import accidents
from bench.torture.laboratory import ROOT
from harness.grading import bundle
from harness.leash import Leash
from harness.material import DEFAULT
from harness.waiting import until
from tests.reports.support import recorded_run


@pytest.fixture
def leash():
    with Leash() as leash:
        yield leash


@pytest.fixture
def temporary(leash) -> Path:
    return leash.directory("t")


def started(leash: Leash, temporary: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return leash.popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def left(temporary: Path) -> list[str]:
    return accidents.left_running(temporary) + accidents.left_lying(temporary)


def test_workers_end_with_their_controller(leash, temporary):
    """Stopped ones, that cannot see it go: a busy one sees it late, and works on in directories that were removed."""
    run_dir = temporary / "pytest-of-nobody"
    files = ("tests/homework/test_answers.py", "tests/homework/test_account.py")
    controller = started(leash, temporary, "pytest", "-q", "-n2", f"--run-dir={run_dir}", *files)
    workers = until("there are workers", lambda: accidents.workers(controller.pid), timeout=60, is_done=lambda w: w[1:])
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    controller.kill()
    controller.wait()
    try:
        assert left(temporary) == []
    finally:
        for worker in filter(psutil.pid_exists, workers):
            os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["regrade", "gate"])
def test_command_removes_what_it_made_for_a_while(leash, temporary, tmp_path, command, number):
    sealed = bundle.pack(recorded_run(tmp_path / "run")).path if command == "regrade" else DEFAULT
    run = started(leash, temporary, "harness", command, str(sealed))
    until("it has a directory", lambda: run.poll() is not None or any(temporary.iterdir()), timeout=60, every=0.002)
    run.send_signal(number)
    said, _ = run.communicate(timeout=60)
    assert (run.returncode, said.decode()) == (-number, "")
    assert left(temporary) == []
