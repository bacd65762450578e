"""The root file system of images: what making it with debootstrap leaves behind, and says when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.offline.images import base
from harness.waiting import until

ROOT = Path(__file__).parents[2]
MAKING = """
import sys
from harness.offline.images import base
base.shutil.which = lambda *_, **__: sys.argv[1]
base.os.geteuid = lambda: 0
base._bootstrapped(None, print)
"""


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_killed_debootstrap_leaves_neither_directory_nor_process(tmp_path) -> None:
    begun = tmp_path / "begun"
    slow = program(tmp_path / "debootstrap", f'mkdir "$TMPDIR/root"; echo $$ "$TMPDIR" > {begun}; exec sleep 600')
    argv = [sys.executable, "-c", MAKING, slow]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ) as making:
        pid, directory = until("it has begun", lambda: begun.exists() and begun.read_text().split(), timeout=30)
        assert Path(directory, "root").is_dir()
        making.kill()
    until("its directory has gone", lambda: not Path(directory).exists(), timeout=20)
    until("its process has gone", lambda: not Path("/proc", pid).exists(), timeout=20)


def test_a_debootstrap_that_fails_is_told_by_its_last_words(tmp_path, monkeypatch) -> None:
    failing = program(tmp_path / "debootstrap", f'echo "$TMPDIR" > {tmp_path / "at"}; echo "E: No such suite"; exit 3')
    monkeypatch.setattr(base.shutil, "which", lambda *_, **__: failing)
    monkeypatch.setattr(base.os, "geteuid", lambda: 0)
    said: list[Any] = []
    with pytest.raises(UsageError, match=r"debootstrap failed \(3\): E: No such suite"):
        base._bootstrapped(None, said.append)
    assert not Path((tmp_path / "at").read_text().strip()).exists()
