"""What somebody at a terminal sees while a run goes on, and what somebody sees who is not at one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reports.support import RECORDED

ROOT = Path(__file__).parents[2]


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    path = tmp_path / "facts.json"
    path.write_bytes((RECORDED / "facts.json").read_bytes())
    return path


def command(facts: Path, *options: str) -> list[str]:
    run = [
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--recorded",
        str(facts),
        "--run-dir",
        str(facts.parent / "run"),
    ]
    return [sys.executable, "-m", "pytest", "tests/homework", *run, *options]


def environment(**more: str) -> dict[str, str]:
    cleared = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "CI")}
    return {**cleared, "TERM": "xterm-256color", "COLUMNS": "100", **more}


def at_a_terminal(arguments: list[str], **more: str) -> str:
    """Run a command at a pseudo-terminal, and return all that it wrote there."""
    master, slave = pty.openpty()
    with subprocess.Popen(arguments, cwd=ROOT, env=environment(**more), stdout=slave, stderr=slave, stdin=slave) as run:
        os.close(slave)
        written = b""
        while chunk := _read(master):
            written += chunk
    os.close(master)
    assert run.returncode == 0, written.decode()
    return written.decode().replace("\r\n", "\n").replace("\r", "\n")  # either begins a line


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def into_a_pipe(arguments: list[str]) -> str:
    done = subprocess.run(arguments, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    return done.stdout


def test_terminal_shows_a_line_per_stage_and_then_the_table(facts) -> None:
    said = at_a_terminal(command(facts))
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said)
    assert re.search(r"^Network +9/9 +7 met$", plain, re.MULTILINE)
    assert re.search(r"^Hand-in +5/5 +3 met$", plain, re.MULTILINE)
    assert "\x1b[32mNetwork" in said
    assert "......" not in plain
    assert "[100%]" not in plain
    assert plain.index("7 met") < plain.index("network.public-sg")
    assert "64 passed" in plain
    assert "Grade: 100 of 100 points" in plain


def test_terminal_without_colour_has_the_same_lines_and_no_escape_sequence(facts) -> None:
    said = at_a_terminal(command(facts), NO_COLOR="1")
    assert re.search(r"^Network +9/9 +7 met$", said, re.MULTILINE)
    assert "\x1b[" not in said


def test_pipe_gets_plain_lines(facts) -> None:
    said = into_a_pipe(command(facts))
    assert "\x1b" not in said
    assert "tests/homework/test_network.py ......." in said
    assert not re.search(r"^Network +9/9 +7 met$", said, re.MULTILINE)
    assert "Grade: 100 of 100 points" in said


def test_quiet_says_what_is_not_met_and_the_grade(facts) -> None:
    said = into_a_pipe(command(facts, "-q"))
    assert "network.public-sg" not in said
    assert "Grade: 100 of 100 points and 1 bonus." in said
    assert len(said.splitlines()) < 10
