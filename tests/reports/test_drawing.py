"""The drawing: every box in its place, every element with its verdict, whatever was seen and whatever was not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from harness.facts.network import Rule
from harness.grading.html.boxes import Arrow, Box, Placed, place
from harness.grading.html.drawing import Builder
from harness.grading.html.page import NARROW, WIDE
from harness.verdict import Verdict
from tests.reports.support import HOMEWORK, HOSTILE, seen


def drawn(facts: dict[str, object] | None = None, **verdicts: Verdict) -> list[Box]:
    """Return all boxes of the drawing of the recorded run, with facts replaced and requirements judged otherwise."""
    known: dict[str, Verdict] = dict.fromkeys(HOMEWORK.requirements, "met")
    known |= {name.replace("__", ".").replace("_", "-"): verdict for name, verdict in verdicts.items()}
    return flat(Builder(HOMEWORK, {**seen().facts, **(facts or {})}, known).all())


def flat(box: Box) -> list[Box]:
    return [box, *(inner for one in box.inside for inner in flat(one))]


def titled(boxes: list[Box], title: str) -> Box:
    (box,) = (one for one in boxes if one.title.startswith(title))
    return box


def test_every_requirement_of_what_is_built_has_its_place() -> None:
    shown = {id for box in drawn() for id in box.requirements}
    absent = {id for id in HOMEWORK.requirements if id not in shown}
    assert {id.partition(".")[0] for id in absent} <= {"answers", "final"}


def test_what_was_seen_is_shown() -> None:
    boxes = drawn()
    vpc, bastion = seen().facts["default_vpc"], seen().facts["bastion"]
    assert titled(boxes, "Default VPC").title == f"Default VPC {vpc.id}"
    assert f"{bastion.id}, {bastion.type}" in titled(boxes, "Bastion").lines
    assert titled(boxes, "my-apache-app").lines == ("from httpd:2.4", "8003 → 80")
    assert titled(boxes, "tcp 8800").lines == ("from anywhere",)
    assert "10 centroids × 784" in titled(boxes, "Training job").lines


@pytest.mark.parametrize(("requirement", "title"), [
    ("network__public_8003", "tcp 8003"), ("bastion__ssh", "Bastion"), ("httpd__live_edit", "my-apache-app"),
    ("kmeans__predicts", "Endpoint"), ("private__volumes_deleted", "Private instance"),
    ("spot__options", "Spot instance"),
])  # fmt: skip
@pytest.mark.parametrize("verdict", ["not met", "not judged"])
def test_an_element_carries_the_worst_that_is_said_of_it(requirement, title, verdict) -> None:
    boxes = drawn(**{requirement: verdict})
    assert titled(boxes, title).verdict == verdict
    others = [box for box in boxes if box.verdict == verdict and not box.title.startswith(title)]
    assert others == []


def test_not_met_weighs_more_than_not_judged() -> None:
    assert titled(drawn(bastion__ssh="not met", bastion__launched="not judged"), "Bastion").verdict == "not met"


def test_a_rule_is_shown_as_it_is() -> None:
    group = seen().facts["web_group"]
    narrow = replace(group, rules=(Rule("tcp", 22, 22, ("203.0.113.7/32",), ()),))
    boxes = drawn({"web_group": narrow})
    assert next(box.lines for box in boxes if box.title == "tcp 22") == ("open to 203.0.113.7/32 only",)
    assert titled(boxes, "tcp 8003").lines == ("not open to anybody",)


@pytest.mark.parametrize("name", sorted(seen().facts))
def test_a_fact_that_is_missing_leaves_the_rest_as_it_is(name) -> None:
    facts = {other: fact for other, fact in seen().facts.items() if other != name}
    verdicts: dict[str, Verdict] = dict.fromkeys(HOMEWORK.requirements, "met")
    without = flat(Builder(HOMEWORK, facts, verdicts).all())
    assert len(without) == len(drawn())


def test_nothing_seen_is_drawn_by_the_names_of_the_catalogue() -> None:
    boxes = flat(Builder(HOMEWORK, {}, {}).all())
    titles = {box.title for box in boxes}
    assert {"PublicSG", "PrivateSG", "Bastion", "my-apache-app", "jupyter", "Endpoint"} <= titles
    assert all(box.verdict is None for box in boxes)


@pytest.mark.parametrize("width", [NARROW, WIDE, 600])
@pytest.mark.parametrize("facts", [{}, {"bastion": None}], ids=["seen", "missing"])
def test_boxes_lie_in_one_another_and_not_upon_one_another(width, facts) -> None:
    verdicts: dict[str, Verdict] = dict.fromkeys(HOMEWORK.requirements, "met")
    whole = place(Builder(HOMEWORK, {**seen().facts, **facts}, verdicts).all(), width)
    assert whole.width == width
    for outer in whole.all():
        for inner in outer.inside:
            assert outer.x <= inner.x
            assert inner.x + inner.width <= outer.x + outer.width + 0.01
            assert outer.y <= inner.y
            assert inner.y + inner.height <= outer.y + outer.height + 0.01
            assert all(text.y < inner.y for text in outer.texts)
        assert not any(_overlap(one, other) for one, other in itertools.combinations(outer.inside, 2))


def _overlap(one: Placed, other: Placed) -> bool:
    beside = one.x + one.width <= other.x + 0.01 or other.x + other.width <= one.x + 0.01
    below = one.y + one.height <= other.y + 0.01 or other.y + other.height <= one.y + 0.01
    return not (beside or below)


def test_boxes_stand_side_by_side_where_there_is_room() -> None:
    box = Box("x", "All", direction="row", inside=tuple(Box("x", str(n)) for n in range(4)))
    wide, narrow = place(box, 700).inside, place(box, 250).inside
    assert len({one.y for one in wide}) == 1
    assert [one.y for one in narrow] == sorted(one.y for one in narrow)
    assert len({one.x for one in narrow}) == 1


def test_an_arrow_leads_from_the_box_before() -> None:
    box = Box("x", "All", inside=(Box("x", "a"), Box("x", "b", arrow=Arrow("to", "met"))))
    first, second = place(box, 300).inside
    assert first.arrow is None
    _, begin, _, end = second.arrow
    assert (begin, end) == (first.y + first.height, second.y)


def test_what_a_host_calls_itself_is_cut_and_shown_as_it_is() -> None:
    bastion = replace(seen().facts["bastion"], id=HOSTILE, type="x" * 10_000)
    box = titled(drawn({"bastion": bastion}), "Bastion")
    assert all(len(line) < 120 for line in box.lines)
    assert "(cut)" in box.lines[0]
    assert not any(sign in line for line in box.lines for sign in ("\x1b", "\u202e", "\x00"))
