"""The turn-in message is understood as people write it, denials included."""

from __future__ import annotations

import pytest

from harness import rubric
from harness.turn_in import read_message, read_turn_in

SAID = [
    "I was able to set up the above instances and have them terminated.",
    "Hi, I set up the bastion and the private instance, and both have been terminated.",
    "All instances were launched successfully; afterwards I terminated everything. No instance is left running.",
    "Not only did I set up the instances, I also terminated them.",
    "The EC2 instances (bastion t2.large, private t2.micro, spot) were created and later deleted, no problems.",
    "I had no trouble setting up the VMs. They have all been terminated, SageMaker is cleaned up as well.",
    "I have set everything up as described; all of it is terminated now.",
    "Instances set up & terminated",
    "I did not forget to terminate the instances that I had set up",
    "I launched the instances, tested ssh, and then terminated both of them without any issues",
    "I've set up both instances and they're terminated.",
    "Set up: done. Terminated: yes.",
    "At first I could not launch the t2.large but then I launched it. All are terminated.",
    "Homework 2 is complete: bastion, private and spot instances were set up, used and terminated.",
]
SAID.append("I set up the instances. Are they terminated? Yes, all of them are terminated.")
NOT_SAID = [
    "",
    "I did the homework.",
    "Set up done.",
    "Terminated.",
    "I set up the instances but have not terminated them yet.",
    "I set up all instances. They will be terminated tomorrow.",
    "I haven't set up the instances and terminated them",
    "I terminated the private instance but the bastion isn't terminated.",
    "I couldn’t terminate the instances, but I set them up",
    "I was unable to set up the instances, so nothing was terminated",
    "Instances were stopped after setup",
    "Instances have been set up and need to be terminated",
    "I set up the instances. Please terminate them.",
    "none of the instances I launched were terminated",
    "Set up: done. Terminated: no.",
    "Set up? Yes. Terminated? Not yet.",
    "I set up the instances. Are they terminated?",
]


def says_both(text: str) -> bool:
    message = read_message("turn-in.md", text, rubric.load().turn_in)
    return message.says_set_up and message.says_terminated


@pytest.mark.parametrize("text", SAID)
def test_message_that_says_both_is_understood(text):
    assert says_both(text)


@pytest.mark.parametrize("text", NOT_SAID)
def test_message_that_lacks_or_denies_one_is_understood(text):
    assert not says_both(text)


def test_denial_is_quoted():
    message = read_message("t", "I set up everything. The bastion is not terminated.", rubric.load().turn_in)
    assert message.not_terminated == ("The bastion is not terminated",)


@pytest.mark.parametrize("name", ["turn-in.md", "TurnIn.txt", "turn_in.md", "message.txt"])
def test_message_is_found_by_its_usual_names(tmp_path, name):
    (tmp_path / name).write_text("Set up and terminated.\n")
    assert read_turn_in(tmp_path, rubric.load()).source == name


def test_absent_message_is_empty_and_a_comment_is_no_message(tmp_path):
    assert read_turn_in(tmp_path, rubric.load()).source == ""
    (tmp_path / "turn-in.md").write_text("<!-- set up and terminated -->\n")
    message = read_turn_in(tmp_path, rubric.load())
    assert message.source
    assert not message.says_set_up
