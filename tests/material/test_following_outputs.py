"""What the reader looks for in an output, and whether it is there."""

from __future__ import annotations

import json

import pytest

from harness.material.following import outputs

GROUPS = json.dumps(
    {"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "default"}, {"GroupId": "sg-2", "GroupName": "PublicSG"}]},
    indent=4,
)


def pipeline(*lines: str) -> list[list[str]]:
    return [line.split() for line in lines]


@pytest.mark.parametrize("output", ["", "\n", "None\n", "[]", "null"])
def test_nothing_is_nothing_in_every_form(output: str) -> None:
    assert outputs.prints_nothing(output)


def test_a_member_without_a_value_is_not_found() -> None:
    assert outputs.prints_nothing(outputs.with_values('   "PublicDnsName": "",\n'))
    assert not outputs.prints_nothing(outputs.with_values('   "PublicDnsName": "x",\n'))


def test_the_value_must_be_that_of_the_thing_that_was_named() -> None:
    asked = pipeline("aws ec2 describe-security-groups", "grep -B3 PublicSG", "grep GroupId")
    assert outputs.wrong_value(GROUPS, asked, '"GroupId": "sg-1",') == "sg-2"
    assert not outputs.wrong_value(GROUPS, asked, '"GroupId": "sg-2",')


def test_several_values_are_told_from_one() -> None:
    asked = pipeline("aws ec2 describe-instances", "grep PublicDnsName")
    same = '"PublicDnsName": "a",\n"PublicDnsName": "a",\n'
    assert not outputs.different_values(asked, same)
    assert outputs.different_values(asked, same + '"PublicDnsName": "b",\n') == ["a", "b"]


@pytest.mark.parametrize(
    ("sample", "output", "missing"),
    [
        ('[{"az": "x", "price": "1"}]', '[{"az": "y", "price": "2"}]', []),
        ('[{"az": "x", "cost": "1"}]', '[{"az": "y", "price": "2"}]', ["cost"]),
        ("CONTAINER ID   IMAGE   NAMES\nabc  x  y", "CONTAINER ID   IMAGE   COMMAND   NAMES", []),
        ("CONTAINER ID   IMAGE   SIZE\nabc  x  y", "CONTAINER ID   IMAGE   COMMAND   NAMES", ["SIZE"]),
        ("  http://127.0.0.1:8888/?token=x", "anything", []),
    ],
)
def test_a_sample_has_what_the_output_has(sample: str, output: str, missing: list[str]) -> None:
    assert outputs.missing_of_sample(sample, output) == missing
