"""The table of faults itself: nothing without a fault, no fault without a requirement, and a sample that is run."""

from __future__ import annotations

from collections import Counter

import pytest

from harness import catalogue
from tests.faults.model import account
from tests.faults.registry import cases
from tests.faults.running import run

KNOWN = catalogue.load().requirements
SAMPLE = (
    "account/rights-on-the-user-itself", "account/key-file-of-another-pair", "network/public-ssh-udp",
    "network/private-ssh-from-the-bastions-address",
    "private/key-of-the-bastion-itself", "spot/persistent-request", "quota/too-few",
    "answers/two-algorithms", "answers/other-headings", "final/turn-in-one-left", "final/address-left",
    "sagemaker/notebook-with-an-error", "kmeans/endpoint-of-an-older-model",
    "docker/debian-for-ubuntu", "httpd/nothing-mounted", "jupyter/token-off",
)  # fmt: skip
"""A few of every stage, for the ordinary test run; ``make prove`` runs them all."""


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


@pytest.mark.parametrize("id", SAMPLE)
def test_sample_comes_out_as_expected(id):
    case = next(case for case in cases() if case.id == id)
    done = account(case, run(case))
    assert (done.missed, done.collateral, done.outcome.trouble) == ((), (), "")
