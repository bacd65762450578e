"""A class is graded by the command, each in an account of their own; killed and called again, it goes on."""

from __future__ import annotations

import csv
import os
import signal
import subprocess

import pytest

from harness.cohort.shelf import Shelf
from harness.leash import Leash
from harness.waiting import until
from tests.cohort.school import ROOT, school

STUDENTS = 2


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Kill a cohort with SIGKILL once its first student is graded, then let another go on."""
    with school(tmp_path_factory.mktemp("school"), STUDENTS) as found, Leash() as leash:
        place = leash.directory("killed-")
        first = subprocess.Popen(
            found.cohort("--jobs=1"), cwd=ROOT, env=found.environment | {"TMPDIR": str(place)},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with first:
            before = next((line for line in first.stdout if line.startswith("1/")), "")
            assert any(place.iterdir()), "the cohort works in directories of its own"
            os.kill(first.pid, signal.SIGKILL)
        until("the killed cohort's directories are gone", lambda: not any(place.iterdir()), timeout=30)
        yield found, before, found.grade("--jobs=1")


def test_a_killed_cohort_goes_on_with_whom_it_has_not_graded(graded) -> None:
    _, before, after = graded
    assert "student00 graded" in before
    assert "2 students, 1 of them graded already (live)" in after.stdout
    assert "student01 graded" in after.stdout
    assert "student00" not in after.stdout.replace(before, "")
    assert (after.returncode, after.stderr) == (0, "")


def test_each_has_the_grade_of_their_own_homework(graded) -> None:
    found, _, _ = graded
    with (found.home / "cohort" / "gradebook.csv").open(newline="") as file:
        lines = {line["student"]: line for line in csv.DictReader(file)}
    assert {name: frozenset(line["not_met"].split()) for name, line in lines.items()} == found.expected()
    assert {line["is_grade"] for line in lines.values()} == {"yes"}


def test_a_student_whose_role_lends_nothing_keeps_nobody_from_a_grade(graded) -> None:
    found, _, _ = graded
    roster = found.roster.read_text()
    found.roster.write_text(f"{roster}eve,arn:aws:iam::999988887777:role/none,student00/submission\n")
    try:
        done = found.grade()
    finally:
        found.roster.write_text(roster)
    assert done.returncode == 1
    assert "eve not graded: arn:aws:iam::999988887777:role/none cannot be assumed" in done.stdout
    assert Shelf(found.home / "cohort").outcome("eve", "live").is_graded is False
