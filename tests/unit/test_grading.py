"""Judgements add up to a grade, and only to a grade when everything was judged."""

from __future__ import annotations

import itertools

import pytest

from harness.catalogue import load
from harness.errors import UsageError
from harness.evidence import Evidence
from harness.grading.grade import Grade, grade
from harness.verdict import Judgement

HOMEWORK = load()
LIVE = [r.id for r in HOMEWORK.requirement if r.phase == "live"]


def judged(**different: Judgement) -> list[Judgement]:
    """Return *met* for all but the requirements named (dots and dashes written as underscores)."""
    names = {id: id.replace(".", "_").replace("-", "_") for id in HOMEWORK.requirements}
    return [different.get(name, Judgement(id, "met")) for id, name in names.items()]


def graded(**different: Judgement) -> Grade:
    return grade(judged(**different), HOMEWORK)


def test_all_met_is_full_points_and_the_bonus() -> None:
    result = graded()
    assert (result.score, result.possible, result.bonus) == (100.0, 100.0, 1.0)
    assert result.is_grade
    assert result.is_perfect


def test_rows_are_in_the_catalogues_order() -> None:
    result = grade(reversed(judged()), HOMEWORK)
    assert [row.requirement.id for row in result.rows] == list(HOMEWORK.requirements)


def test_what_is_not_met_costs_its_points_and_is_still_a_grade() -> None:
    result = graded(private_agent_forwarding=Judgement("private.agent-forwarding", "not met"))
    assert result.score == 95.0
    assert result.is_grade
    assert not result.is_perfect


def test_a_missed_bonus_costs_nothing() -> None:
    result = graded(account_billing_alert=Judgement("account.billing-alert", "not met"))
    assert (result.score, result.possible, result.bonus) == (100.0, 100.0, 0.0)
    assert result.is_grade


@pytest.mark.parametrize("cause", ["cloud", "suite", "missing"])
def test_what_is_not_judged_makes_it_no_grade(cause) -> None:
    result = graded(bastion_ssh=Judgement("bastion.ssh", "not judged", cause))
    assert not result.is_grade
    assert [row.requirement.id for row in result.with_verdict("not judged", cause)] == ["bastion.ssh"]


def test_an_unjudged_bonus_makes_it_no_grade() -> None:
    assert not graded(account_billing_alert=Judgement("account.billing-alert", "not judged", "cloud")).is_grade


def test_a_leak_makes_it_no_grade() -> None:
    result = grade(judged(), HOMEWORK, leaks=["instance i-0abc is running"])
    assert not result.is_grade
    assert not result.is_perfect
    assert result.score == 100.0


def test_a_selection_is_no_grade_but_adds_up() -> None:
    result = grade([Judgement("bastion.ssh", "met")], HOMEWORK)
    assert (result.score, result.possible) == (3.0, 3.0)
    assert result.unselected == 63
    assert not result.is_grade


def test_one_phase_is_a_grade_of_that_phase() -> None:
    result = grade([Judgement(id, "met") for id in LIVE], HOMEWORK, phase="live")
    assert result.is_grade
    assert result.possible == sum(HOMEWORK.requirements[id].points for id in LIVE) - 1


def test_one_phase_is_no_grade_of_both() -> None:
    assert not grade([Judgement(id, "met") for id in LIVE], HOMEWORK, phase="all").is_grade


def test_what_a_run_did_not_reach_is_not_judged() -> None:
    result = grade([Judgement("bastion.ssh", "met")], HOMEWORK, selected=["spot.price", "bastion.ssh"])
    unreached = result.rows[1].judgement
    assert (unreached.requirement, unreached.verdict, unreached.cause) == ("spot.price", "not judged", "suite")
    assert (result.score, result.possible) == (3.0, 4.0)


def test_the_later_of_two_judgements_counts() -> None:
    met, broken = Judgement("bastion.ssh", "met"), Judgement("bastion.ssh", "not judged", "suite")
    for first, second in itertools.permutations([met, broken]):
        assert grade([first, second], HOMEWORK).rows[0].judgement == second


def test_a_requirement_that_the_catalogue_has_not_is_named() -> None:
    with pytest.raises(UsageError, match=r"no requirement bastion\.telnet"):
        grade([Judgement("bastion.telnet", "met")], HOMEWORK)


def test_a_judgement_survives_the_way_between_processes() -> None:
    seen = (Evidence("ssh", "uname", "Linux"),)
    judgement = Judgement("bastion.ssh", "not judged", "cloud", "message", "hint", seen, 1.5, ("advice",))
    plain = judgement.to_dict()
    assert plain["evidence"] == [{"kind": "ssh", "what": "uname", "saw": "Linux"}]
    assert Judgement.from_dict(plain) == judgement


@pytest.mark.parametrize(("verdict", "cause"), [("met", "suite"), ("not met", "cloud"), ("not judged", None)])
def test_verdict_and_cause_must_agree(verdict, cause) -> None:
    with pytest.raises(ValueError, match=r"bastion\.ssh"):
        Judgement("bastion.ssh", verdict, cause)
