"""What is on a leash ends with it, and leaves nothing, leashes within leashes included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.leash import Leash, environment_of
from harness.waiting import until

ROOT = Path(__file__).parents[2]
INNER = """
import sys
from harness.leash import Leash
leash = Leash()
print(leash.directory("inner-"), leash.popen(["sleep", "600"]).pid, flush=True)
sys.stdin.read()
"""

MARKING = """
import subprocess, sys
from harness.leash import Leash
with Leash() as leash, leash.marking():
    print(subprocess.Popen(["sleep", "600"], start_new_session=True).pid, flush=True)
    sys.stdin.read()
"""
SLOW = """
import os, sys
from harness.leash import Leash
leash = Leash()
leash.at_the_end(["/bin/sh", "-c", 'until [ -e "$0" ]; do :; done', sys.argv[1]], os.environ)
print(leash.directory(), flush=True)
sys.stdin.read()
"""
ENDING = """
import os, sys
from harness.leash import MARKER, Leash
leash = Leash()
with leash.marking():
    write = "import os, sys; open(sys.argv[1], 'w').write(os.environ.get(sys.argv[2], 'on no leash'))"
    leash.at_the_end([sys.executable, "-c", write, sys.argv[1], MARKER], os.environ)
    print(flush=True)
    sys.stdin.read()
"""


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_what_a_library_starts_ends_with_a_process_that_is_killed() -> None:
    with started(MARKING) as run:
        pid = run.stdout.readline().strip()
        assert Path("/proc", pid).is_dir()
        run.kill()
    until("the process has gone", lambda: not Path("/proc", pid).exists(), timeout=10)


def test_a_process_is_recognised_while_it_becomes_another_program(tmp_path) -> None:
    """Between two programs Linux shows neither environment nor command line; one that is missed then lives on."""
    restless = tmp_path / "restless"
    restless.write_text('exec /bin/sh "$0"\n')
    with Leash() as leash:
        process = psutil.Process(leash.popen(["/bin/sh", str(restless)], env={"WHOSE": "ours"}).pid)
        assert {environment_of(process).get("WHOSE") for _ in range(2000)} == {"ours"}


def test_a_process_without_an_environment_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr("harness.leash._EXEC", 60.0)
    with subprocess.Popen(["env", "-i", "cat"], stdin=subprocess.PIPE) as bare:
        process = psutil.Process(bare.pid)
        until("it is cat", process.name, timeout=10, is_done=lambda name: name == "cat")
        assert environment_of(process) == {}
        bare.stdin.close()


def test_command_at_the_end_is_on_no_leash(tmp_path) -> None:
    """Or who keeps a leash around this one would end it as one of the processes that are to end."""
    told = tmp_path / "told"
    with started(ENDING, str(told)) as run:
        run.stdout.readline()
        run.kill()
    until("the command was run", lambda: told.exists() and told.read_text(), timeout=10)
    assert told.read_text() == "on no leash"


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


def test_a_leash_within_a_leash_that_has_much_to_remove_goes_on_after_the_outer_one(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("harness.leash._NESTED", 0.01)
    gate = tmp_path / "gate"
    with Leash() as outer:
        child = outer.popen(
            [sys.executable, "-c", SLOW, str(gate)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        directory = Path(child.stdout.readline().strip())
    assert directory.is_dir()
    gate.touch()
    until("its directory has gone", lambda: not directory.exists(), timeout=10)


@pytest.mark.parametrize("usual", ["/var/folders/with/a/name/as/long/as/those/on/macos", "/home/ann/my tmp", "/tmp/ü"])
def test_directories_have_plain_and_short_paths_wherever_temporary_files_are(monkeypatch, usual) -> None:
    monkeypatch.setattr("tempfile.tempdir", usual)
    with Leash() as leash:
        assert leash.directory("x").parent == Path("/tmp")
