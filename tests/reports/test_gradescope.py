"""``gradescope.json`` is what Gradescope's documentation says a results file is."""

from __future__ import annotations

import json

import pytest

from harness.grading import gradescope
from harness.grading.gradescope import document, validate, write
from harness.grading.reportjson import InvalidReport
from harness.verdict import Judgement
from tests.reports.support import CANARIES, HOMEWORK, HOSTILE, report_of

UNMET = Judgement("network.public-ssh", "not met", None, "port 22 is closed", "Open it.")
OPEN = Judgement("kmeans.predicts", "not judged", "cloud", "throttled")


def test_of(results: dict, id: str) -> dict:
    return next(test for test in results["tests"] if test["extra_data"]["id"] == id)


test_of.__test__ = False


def test_scores_add_up_and_bonus_comes_on_top() -> None:
    results = document(report_of(UNMET), HOMEWORK)
    assert results["score"] == 99.0
    assert sum(test["score"] for test in results["tests"]) == results["score"]
    assert sum(test["max_score"] for test in results["tests"]) == 100.0
    bonus = test_of(results, "account.billing-alert")
    assert (bonus["score"], bonus["max_score"]) == (1.0, 0.0)


def test_a_test_says_what_is_and_what_to_do() -> None:
    test = test_of(document(report_of(UNMET), HOMEWORK), "network.public-ssh")
    assert test["status"] == "failed"
    assert test["name"].startswith("network.public-ssh: PublicSG lets tcp/22 in")
    assert test["output"].splitlines()[:3] == ["Not met", "port 22 is closed", "Hint: Open it."]
    assert test["tags"] == ["network", "not met"]


def test_what_is_not_judged_earns_nothing_and_is_said_to_be_no_grade() -> None:
    results = document(report_of(OPEN), HOMEWORK)
    assert results["output"].startswith("Not a grade: 95 of 100 points")
    assert "has to be judged again" in results["output"]
    test = test_of(results, "kmeans.predicts")
    assert (test["score"], test["status"], test["extra_data"]["cause"]) == (0.0, "failed", "cloud")
    assert results["extra_data"]["is_grade"] is False


def test_numbers_are_those_of_the_chapters() -> None:
    tests = document(report_of(), HOMEWORK)["tests"]
    assert [test["number"] for test in tests[:2]] == ["1.1", "1.2"]
    assert len({test["number"] for test in tests}) == len(tests) == 64


def test_students_see_no_standard_output_and_no_leaderboard_unless_asked() -> None:
    results = document(report_of(), HOMEWORK)
    assert results["stdout_visibility"] == "hidden"
    assert "leaderboard" not in results
    asked = document(report_of(), HOMEWORK, visibility="after_published", leaderboard=True)
    assert asked["leaderboard"] == [{"name": "Points", "value": 101.0, "order": "desc"}]
    assert {test["visibility"] for test in asked["tests"]} == {asked["visibility"]} == {"after_published"}


def test_time_is_that_of_the_run() -> None:
    about = {"started": "2026-11-23T09:00:00+00:00", "finished": "2026-11-23T09:01:30.500+00:00"}
    assert document(report_of(**about), HOMEWORK)["execution_time"] == 90.5


def test_file_stays_small_whatever_was_printed(tmp_path) -> None:
    from harness.evidence import Evidence

    long = HOSTILE + "x" * 200_000
    loud = [
        Judgement(r.id, "not met", None, long, long, tuple(Evidence("ssh", long, long) for _ in range(20)))
        for r in HOMEWORK.requirement[:10]
    ]
    path = write(tmp_path / gradescope.NAME, report_of(*loud, leaks=(long,) * 30), HOMEWORK)
    assert path.stat().st_size < 500_000
    validate(json.loads(path.read_text()))
    assert "characters cut]" in path.read_text()


@pytest.mark.parametrize("name", CANARIES)
def test_no_secret_is_in_it(name) -> None:
    printed, secret = CANARIES[name]
    text = json.dumps(document(report_of(Judgement("bastion.ssh", "not met", None, printed, printed)), HOMEWORK))
    assert secret not in text


@pytest.mark.parametrize("change", [
    {"score": -1}, {"visibility": "secret"}, {"output": None}, {"tests": [{}]}, {"surprise": 1},
    {"stdout_visibility": 1},
])  # fmt: skip
def test_schema_refuses_what_gradescope_does_not_know(change) -> None:
    with pytest.raises(InvalidReport):
        validate(document(report_of(), HOMEWORK) | change)
