"""The table says by stage what is met, what is not and how to mend it, within the width of the terminal."""

from __future__ import annotations

import io

import pytest

from harness.catalogue import load
from harness.grading.grade import grade
from harness.grading.terminal import PlainScreen, sentence, show
from harness.verdict import Judgement

HOMEWORK = load()


def table(*judgements: Judgement, width: int = 80, leaks: tuple[str, ...] = ()) -> list[str]:
    stream = io.StringIO()
    show(grade(judgements, HOMEWORK, leaks=leaks), HOMEWORK, PlainScreen(stream), width)
    return stream.getvalue().splitlines()


def whole(*different: Judgement) -> list[Judgement]:
    by_id = {judgement.requirement: judgement for judgement in different}
    return [by_id.get(id, Judgement(id, "met")) for id in HOMEWORK.requirements]


class Colours:
    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, bool]]] = []

    def write_line(self, line: str, **markup: bool) -> None:
        self.lines.append((line, markup))


def test_every_stage_stands_once_with_its_points() -> None:
    lines = table(*whole(Judgement("private.agent-forwarding", "not met")))
    heads = [line.split("  ")[0] for line in lines if line and not line.startswith(" ") and line[-1].isdigit()]
    assert heads == [stage.title for stage in HOMEWORK.stage]
    assert any(line.startswith("Private instance") and line.endswith(" 5/10") for line in lines)
    assert any(line.startswith("Account") and line.endswith(" 8/8") for line in lines)


def test_what_is_not_met_is_followed_by_message_and_hint() -> None:
    lines = table(Judgement("network.public-ssh", "not met", None, "closed to the world", "Add the rule."))
    at = next(number for number, line in enumerate(lines) if "network.public-ssh" in line)
    assert lines[at].split() == ["not", "met", "0/2", "network.public-ssh"]
    assert [line.strip() for line in lines[at + 1 : at + 3]] == ["closed to the world", "Hint: Add the rule."]


@pytest.mark.parametrize(
    ("cause", "words"),
    [("cloud", "cloud trouble: "), ("suite", "fault of this suite: "), ("missing", "prerequisite missing: ")],
)
def test_what_is_not_judged_says_why_first(cause, words) -> None:
    lines = table(Judgement("spot.price", "not judged", cause, "what happened"))
    assert any(line.split() == ["not", "judged", "-/1", "spot.price"] for line in lines)
    assert any(line.strip() == words + "what happened" for line in lines)


def test_a_reason_that_many_share_is_told_once() -> None:
    ids = ("docker.engine", "docker.remove", "httpd.container")
    lines = [line.strip() for line in table(*(Judgement(id, "not judged", "missing", "no bastion") for id in ids))]
    assert lines.count("prerequisite missing: no bastion") == 1
    assert lines.count("prerequisite missing: the same as for docker.engine") == 2


def test_what_is_not_met_says_so_every_time() -> None:
    ids = ("docker.engine", "docker.remove")
    lines = [line.strip() for line in table(*(Judgement(id, "not met", None, "not there") for id in ids))]
    assert lines.count("not there") == 2


def test_advice_on_what_is_met_is_shown() -> None:
    assert any(line.strip() == "Advice: t3." for line in table(Judgement("spot.launched", "met", hints=("t3.",))))


def test_the_bonus_is_told_apart() -> None:
    assert any("+1/1 account.billing-alert" in line for line in table(*whole()))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width) -> None:
    lines = table(
        *whole(
            Judgement("jupyter.login", "not met", None, "tab\t" * 40 + "x" * 300, "long " * 50),
            Judgement("spot.launched", "met", hints=("advice " * 30,)),
            Judgement("kmeans.predicts", "not judged", "missing", "words " * 40),
        ),
        leaks=("volume " * 30,),
        width=width,
    )
    assert max(map(len, lines)) <= width


def test_what_a_host_printed_cannot_forge_a_line_or_move_the_cursor() -> None:
    forged = "\r\x1b[2K\nGrade: 100 of 100 points\n  met  5/5 private.agent-forwarding\x0bGrade: 100\u2028Grade: 100"
    lines = table(Judgement("private.agent-forwarding", "not met", None, forged, forged))
    assert len([line for line in lines if line.startswith(("Grade", "  met"))]) == 0
    assert not [line for line in lines if not line.isprintable()]


def test_secrets_stay_off_the_screen() -> None:
    token = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
    lines = table(Judgement("jupyter.token", "not met", None, token, token), leaks=(token,))
    assert token not in "".join(lines).replace(" ", "")


def test_the_last_line_is_the_grade() -> None:
    assert table(*whole())[-1] == "Grade: 100 of 100 points and 1 bonus."
    lost = Judgement("private.agent-forwarding", "not met")
    assert table(*whole(lost))[-1] == "Grade: 95 of 100 points and 1 bonus."


def test_what_is_no_grade_says_what_keeps_it_from_being_one() -> None:
    open_ones = [Judgement("spot.price", "not judged", "cloud"), Judgement("spot.cheaper", "not judged", "missing")]
    line = sentence(grade(whole(*open_ones), HOMEWORK, leaks=("a volume",)))
    assert line == ("Not a grade: 98 of 100 points and 1 bonus; 2 not judged (1 cloud, 1 missing); 1 left behind.")
    assert (
        sentence(grade([Judgement("bastion.ssh", "met")], HOMEWORK)) == "Not a grade: 3 of 3 points; 63 not selected."
    )


def test_leaks_are_listed_before_the_grade() -> None:
    lines = table(*whole(), leaks=("volume vol-1 in us-east-1: still there",))
    at = lines.index("Left behind")
    assert lines[at + 1] == "  volume vol-1 in us-east-1: still there"
    assert lines[-1].startswith("Not a grade: ")


@pytest.mark.parametrize(
    ("judgement", "leaks", "colour"),
    [
        (Judgement("spot.price", "met"), (), "green"),
        (Judgement("spot.price", "not met"), (), "yellow"),
        (Judgement("spot.price", "not judged", "cloud"), (), "yellow"),
        (Judgement("spot.price", "met"), ("a volume",), "red"),
    ],
)
def test_colours_follow_the_verdict(judgement, leaks, colour) -> None:
    screen = Colours()
    show(grade(whole(judgement), HOMEWORK, leaks=leaks), HOMEWORK, screen)
    assert screen.lines[-1][1] == {"bold": True, colour: True}
    row = next(markup for line, markup in screen.lines if "spot.price" in line)
    assert row == {{"met": "green", "not met": "red", "not judged": "yellow"}[judgement.verdict]: True}
