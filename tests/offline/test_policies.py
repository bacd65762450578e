"""IAM's decision about an action, apart from any cloud."""

from __future__ import annotations

import pytest

from harness.offline.policies import decide, matches

FACTS = {"aws:sourceip": "203.0.113.7", "aws:username": "ann", "aws:securetransport": "false"}


def statement(**given):
    return [{"Statement": {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"} | given}]


@pytest.mark.parametrize(
    ("given", "decision"),
    [
        ({}, "allowed"),
        ({"Action": "EC2:runinstances"}, "allowed"),
        ({"Action": ["s3:*", "ec2:Run*"]}, "allowed"),
        ({"Action": "ec2:Describe*"}, "implicitDeny"),
        ({"Action": "ec2:RunInstance?"}, "allowed"),
        ({"Effect": "Deny"}, "explicitDeny"),
        ({"Resource": "arn:aws:ec2:*:*:instance/*"}, "allowed"),
        ({"Resource": ["arn:aws:ec2:eu-*:*:*", "arn:aws:s3:::*"]}, "implicitDeny"),
    ],
)
def test_effect_action_and_resource(given, decision) -> None:
    arn = "arn:aws:ec2:us-east-1:123456789012:instance/i-1"
    assert decide(statement(**given), "ec2:RunInstances", arn, FACTS) == decision


@pytest.mark.parametrize(
    ("element", "decision"),
    [
        ({"NotAction": "iam:*"}, "allowed"), ({"NotAction": "ec2:*"}, "implicitDeny"),
        ({"Action": "*", "NotResource": "arn:aws:s3:::b"}, "allowed"),
        ({"Action": "*", "NotResource": "*"}, "implicitDeny"),
    ],
)  # fmt: skip
def test_negated_elements(element, decision) -> None:
    documents = [
        {"Statement": [{"Effect": "Allow", **({"Resource": "*"} if "NotResource" not in element else {}), **element}]}
    ]
    assert decide(documents, "ec2:RunInstances", "*", FACTS) == decision


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "rubbish"]}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, True),
        ({"StringEquals": {"aws:username": ["ann", "bob"]}}, True),
        ({"StringNotEquals": {"aws:username": "ann"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:username": "ANN"}}, True),
        ({"StringLike": {"aws:username": "a*"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:RequestTag/owner": "ann"}}, False),
        ({"StringEqualsIfExists": {"aws:RequestTag/owner": "ann"}}, True),
        ({"StringNotEquals": {"aws:RequestTag/owner": "ann"}}, True),
        ({"Null": {"aws:RequestTag/owner": "true"}}, True),
        ({"Null": {"aws:username": "true"}}, False),
        ({"NumericLessThan": {"aws:username": "3"}}, False),
        ({"StringLike": {"aws:username": "a*"}, "Bool": {"aws:SecureTransport": "true"}}, False),
    ],
)
def test_conditions(condition, holds) -> None:
    decision = decide(statement(Condition=condition), "ec2:RunInstances", "*", FACTS)
    assert decision == ("allowed" if holds else "implicitDeny")


def test_a_deny_anywhere_wins_over_every_allow() -> None:
    documents = [*statement(), *statement(Effect="Deny", Action="ec2:*"), *statement()]
    assert decide(documents, "ec2:RunInstances", "*", FACTS) == "explicitDeny"


def test_brackets_in_patterns_mean_themselves() -> None:
    assert matches("a[b]*", "a[b]c")
    assert not matches("a[b]", "ab")
