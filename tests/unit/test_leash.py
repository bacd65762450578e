"""What is on a leash ends with it, and leaves nothing, leashes within leashes included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.leash import Leash
from harness.waiting import until

ROOT = Path(__file__).parents[2]
INNER = """
import sys
from harness.leash import Leash
leash = Leash()
print(leash.directory("inner-"), leash.popen(["sleep", "600"]).pid, flush=True)
sys.stdin.read()
"""


def test_a_leash_within_a_leash_removes_its_directories_and_processes() -> None:
    with Leash() as outer:
        child = outer.popen(
            [sys.executable, "-c", INNER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        directory, pid = child.stdout.readline().split()
        assert Path(directory).is_dir()
        assert Path("/proc", pid).is_dir()
    assert not Path(directory).exists()
    until("the process has gone", lambda: not Path("/proc", pid).exists(), timeout=5)


@pytest.mark.parametrize("usual", ["/var/folders/with/a/name/as/long/as/those/on/macos", "/home/ann/my tmp", "/tmp/ü"])
def test_directories_have_plain_and_short_paths_wherever_temporary_files_are(monkeypatch, usual) -> None:
    monkeypatch.setattr("tempfile.tempdir", usual)
    with Leash() as leash:
        assert leash.directory("x").parent == Path("/tmp")
