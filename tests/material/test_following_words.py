"""Words of a document's commands expanded without a shell, and the values that its placeholders stand for."""

from __future__ import annotations

import json

import pytest

from harness.material import shell
from harness.material.following import words
from harness.material.following.filling import is_one_of_several, repeated
from harness.material.following.values import Values, key_of, kind_of, words_of
from harness.material.following.workstation import without_ways_to_show


def expanded(raw: str, **values: str) -> str:
    def fill(text: str) -> str:
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    return words.expanded(raw, lambda name: f"[{name}]", lambda command: f"({command})\n", fill)[0]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain", "plain"),
        ("'single $HOME'", "single $HOME"),
        ('"$PWD":/htdocs/', "[PWD]:/htdocs/"),
        ('"$(date +%s)"', "(date +%s)"),
        ("--start-time=$(date +%s)", "--start-time=(date +%s)"),
        ("a\\ b", "a b"),
        ("~/x", "[HOME]/x"),
        ("'SpotPriceHistory[*].{az:Zone}'", "SpotPriceHistory[*].{az:Zone}"),
    ],
)
def test_a_word_means_what_a_shell_takes_it_for(raw: str, text: str) -> None:
    assert expanded(raw) == text


@pytest.mark.parametrize("raw", ["x;id", "$((1+1))", "<(id)", "x&id", "x|id", "${x:-$(id)}", "x>y", "$'a'", "x\ny"])
def test_what_else_a_shell_would_do_is_not_done(raw: str) -> None:
    with pytest.raises(words.CannotExpand):
        expanded(raw)


@pytest.mark.parametrize("value", ["$(id)", "`id`", "; id", "a b", "'", '"', "*"])
def test_a_value_is_never_read_as_anything_but_text(value: str) -> None:
    assert expanded("YOUR_NAME.pem", YOUR_NAME=value) == f"{value}.pem"
    typed = words.quoted("YOUR_NAME", lambda _: "", lambda text: text.replace("YOUR_NAME", value))
    import shlex

    assert shlex.split(typed) == [value]


def test_angle_brackets_are_placeholders() -> None:
    assert expanded("<container_id>", **{"<container_id>": "abc"}) == "abc"


@pytest.mark.parametrize(
    ("name", "option", "kind"),
    [
        ("YOUR_PUBLIC_GROUP_ID", "--group-id", "group"),
        ("vpc-XXXXXXXX", "", "vpc"),
        ("YOUR_KEY_NAME", "", "key"),
        ("your_keypair", "", "key"),
        ("YOUR_BASTION_IP", "", "ip"),
        ("my_vm_ip", "", "ip"),
        ("<container_id>", "", "container"),
        ("YOUR_PUBLIC_EC2_NAME", "ssh", "name"),
        ("YOUR_BASTION", "ssh", "address"),
        ("YOUR_ENDPOINT_CONFIG", "", "config"),
        ("YOUR_TOKEN", "", "token"),
        ("YOUR_SPOT_ID", "", "instance"),
    ],
)
def test_what_kind_of_value_a_placeholder_wants(name: str, option: str, kind: str) -> None:
    assert kind_of(name, option) == kind


@pytest.fixture
def values() -> Values:
    """Know two groups and two instances, as two launches and a look at both have shown them."""
    known = Values()
    for name, id in (("PublicSG", "sg-0000000a"), ("PrivateSG", "sg-0000000b")):
        made = words_of(f"aws ec2 create-security-group --group-name {name}")
        known.hear(json.dumps({"GroupId": id}), made, words_of("Create Public and Private groups"))
    for title, id in (("bastion", "i-0000000a"), ("private", "i-0000000b")):
        launched = words_of(f"--group-id YOUR_{'PUBLIC' if title == 'bastion' else 'PRIVATE'}_GROUP_ID")
        known.hear(json.dumps({"Instances": [{"InstanceId": id}]}), launched, words_of(f"Launch the {title} instance"))
    seen = [
        {"InstanceId": "i-0000000a", "PublicDnsName": "ec2-1.x.amazonaws.com", "PublicIpAddress": "192.0.2.1"},
        {"InstanceId": "i-0000000b", "PublicDnsName": "ec2-2.x.amazonaws.com", "PublicIpAddress": "192.0.2.2"},
    ]
    known.hear(json.dumps({"Reservations": [{"Instances": seen}]}), frozenset(), words_of("Launch the private one"))
    return known


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("YOUR_PUBLIC_GROUP_ID", "--group-id", "sg-0000000a"),
        ("YOUR_PRIVATE_GROUP_ID", "--group-id", "sg-0000000b"),
        ("YOUR_BASTION_NAME", "ssh", "ec2-1.x.amazonaws.com"),
        ("YOUR_PRIVATE_NAME", "ssh", "ec2-2.x.amazonaws.com"),
        ("YOUR_PUBLIC_EC2_NAME", "ssh", "ec2-1.x.amazonaws.com"),
        ("my_vm_ip", "", "192.0.2.1"),
        ("YOUR_PRIVATE_ID", "--instance-ids", "i-0000000b"),
        ("YOUR_SPOT_ID", "--instance-ids", ""),
    ],
)
def test_which_value_a_placeholder_means(values: Values, name: str, option: str, value: str) -> None:
    assert values.find(kind_of(name, option), words_of(name)) == value


def test_the_text_around_decides_where_the_placeholder_does_not(values: Values) -> None:
    assert values.find("instance", frozenset(), words_of("terminate your private instance")) == "i-0000000b"


def test_a_domain_after_a_whole_name_is_dropped() -> None:
    assert repeated("ec2-1.compute-1.amazonaws.com", ".compute-1.amazonaws.com") == len(".compute-1.amazonaws.com")
    assert repeated("abc", ".pem") == 0


@pytest.mark.parametrize(
    ("query", "key"),
    [("Vpcs[0].VpcId", "VpcId"), ("Role.Arn", "Arn"), ("", ""), ("sort_by(Images, &X)[-1].ImageId", "ImageId")],
)
def test_what_a_query_asks_for(query: str, key: str) -> None:
    assert key_of(query) == key


def test_what_only_version_2_knows_of_showing_is_left_out() -> None:
    argv = ["aws", "--no-cli-pager", "ec2", "describe-vpcs", "--output", "text"]
    assert without_ways_to_show(argv) == ["aws", "ec2", "describe-vpcs", "--output", "text"]


@pytest.mark.parametrize(
    ("line", "word", "option", "is_one"),
    [
        ("aws ec2 terminate-instances --instance-ids YOUR_A YOUR_B", "YOUR_A", "--instance-ids", True),
        ("aws ec2 terminate-instances --instance-ids YOUR_A --output text", "YOUR_A", "--instance-ids", False),
        ("aws ec2 terminate-instances --instance-ids YOUR_A YOUR_B --region YOUR_R", "YOUR_R", "--region", False),
        ("aws ec2 run-instances --image-id YOUR_A", "YOUR_A", "--image-id", False),
    ],
)
def test_an_id_that_nobody_gave_is_left_out_where_others_remain(
    line: str, word: str, option: str, is_one: bool
) -> None:
    (command,) = shell.parse(line).commands
    assert is_one_of_several(command, next(one for one in command.words if one.text == word), option) is is_one
