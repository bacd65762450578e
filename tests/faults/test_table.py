"""The table of faults itself: nothing without a fault, no fault without a requirement, and a sample that is run."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest

from harness import catalogue
from harness.leash import Leash
from harness.waiting import until
from tests.faults.command import run_all
from tests.faults.registry import cases
from tests.faults.report import problems

KNOWN = catalogue.load().requirements
WRONG = (
    "account/rights-on-the-user-itself", "network/public-ssh-udp", "bastion/bastion-too-small",
    "private/key-of-the-bastion-itself", "docker/debian-for-ubuntu", "httpd/another-port", "jupyter/token-off",
    "sagemaker/notebook-with-an-error", "kmeans/endpoint-of-an-older-model", "spot/no-ceiling", "quota/too-few",
    "answers/two-algorithms", "final/address-left",
)  # fmt: skip
RIGHT = ("network/private-ssh-from-the-bastions-address", "account/user-in-two-groups", "answers/other-headings")
SAMPLE = (*WRONG, *RIGHT)
"""One fault of every stage and a few right homeworks, for the ordinary test run; ``make prove`` runs them all."""


@pytest.mark.parametrize("requirement", KNOWN)
def test_every_requirement_has_two_faults(requirement):
    breaking = [case.id for case in cases() if requirement in case.breaks]
    assert len(breaking) >= 2, f"{requirement} is broken by {', '.join(breaking) or 'no fault'}, expected two or more"


def test_no_fault_names_an_unknown_requirement():
    assert [f"{case.id}: {id}" for case in cases() for id in case.breaks if id not in KNOWN] == []


def test_no_two_cases_have_one_id():
    assert [id for id, count in Counter(case.id for case in cases()).items() if count > 1] == []


def test_what_a_fault_breaks_is_judged():
    assert [f"{case.id}: {id}" for case in cases() for id in case.breaks if id not in case.judged()] == []


def test_every_case_has_a_sentence():
    assert [case.id for case in cases() if not case.sentence.endswith(".")] == []


def test_there_are_enough():
    right = [case for case in cases() if not case.is_fault]
    assert (len(cases()) - len(right) >= 140, len(right) >= 40) == (True, True)


def test_every_stage_is_in_the_sample():
    assert {id.partition("/")[0] for id in WRONG} == {requirement.partition(".")[0] for requirement in KNOWN}


@pytest.fixture(scope="module")
def sample():
    """Run the sample in two processes; returns what came of each case."""
    known = {case.id: case for case in cases()}
    return {one.case.id: one for one in run_all([known[id] for id in SAMPLE], 2)}


@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("id", SAMPLE)
def test_sample_comes_out_as_expected(id, sample):
    assert problems([sample[id]]) == ""


def test_a_command_that_is_killed_leaves_no_process(tmp_path):
    argv = [sys.executable, "-m", "tests.faults", "network/public-ssh-udp", f"--run-dir={tmp_path}"]
    with Leash() as leash:
        command = leash.popen(argv, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running = until(
            "both processes run", psutil.Process(command.pid).children, is_done=lambda seen: len(seen) > 1, timeout=60
        )
        command.kill()
        until("they are gone", lambda: not any(process.is_running() for process in running), timeout=30)
