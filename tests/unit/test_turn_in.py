"""The turn-in message is understood as people write it, denials included."""

from __future__ import annotations

import pytest

from harness import rubric
from harness.turn_in import read_message, read_turn_in

SAID = [
    "I set up both instances, terminated the private one first, then the bastion.",
    "Set up: bastion, private. Terminated: bastion, private.",
    "EC2 instances, notebook and endpoint have been deleted. I had set everything up before.",
    "I set up all instances. I removed the endpoint and terminated all instances.",
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
SAID += [
    "This is to certify that I stood up the EC2 instances as described and tore them all down when I was done.",
    "I got the bastion and private VM up and running, and I've since terminated both of them.",
    "Instances launched: 3. Instances terminated: 3. Instances still running: 0.",
    "I was able to setup the above instances and have terminated them to avoid any extra charges.",
    "The instances are terminated. Before that I had them set up exactly as in the instructions.",
    "I would like to confirm that I was able to set up the above instances and that I have terminated them.",
    "I want to confirm that all of the instances were set up and have been terminated.",
    "I could set up all instances and terminate them.",
    "Able to set up and terminate all instances.",
    "I set up the instances and they have been terminated. I will not forget to set up a budget alert next time.",
    "I did not have any problem to set up the instances, and all are terminated.",
    "I spun the instances up and killed them when finished (terminated, not just stopped).",
    "Instances terminated, not stopped. They were set up per instructions.",
    "Launched the instances, done with the lab, instances gone (terminated). No leftovers.",
    "I had some trouble with the quota (my first request was denied), but I could launch all the instances, and they're all terminated now.",
    "I set up the instances. I didn't terminate the bastion right away because I needed it for Docker, but it is terminated now.",
    "The private instance was terminated first, the bastion was not terminated until the Docker part was finished; it's terminated now as well. Both had been launched from the CLI.",
    "- [x] bastion set up\n- [x] private instance set up\n- [x] spot instance set up\n- [x] all terminated",
    "| instance | set up | terminated |\n|---|---|---|\n| bastion | yes | yes |\n| private | yes | yes |\n| spot | yes | yes |",
    "Hello! HW2 is finished: both VMs were created with the CLI and I removed them when done. Nothing is running in my account now.",
    "Set up + tear-down complete: bastion, private and spot instances launched, then terminated.",
    "I did the setup twice because the first time I chose the wrong region. Everything in both regions has been terminated.",
    "I couldn't resist leaving them on for a day, but the instances I set up are terminated now.",
    "I had to start over once, but I finally set up all instances, and have terminated them.",
    "Although the p3 quota was not approved, I set up the other instances and terminated them.",
    "I set up the instances; none of them is running any more, all were terminated.",
    "I set up all three. I terminated one of them on Monday and the others on Tuesday.",
]
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
    "I set up the instances. They'll terminate automatically after 3 hours.",
    "I set up the instances and left them running for homework 3.",
    "I terminated the private instance. I launched the bastion and it's still up.",
    "My instances were set up. I don't know how to terminate them.",
    "Instances set up: yes. Instances terminated: will do tomorrow.",
    "I set up the instances, but terminating them gives me an UnauthorizedOperation error.",
    "instances are being terminated after I hand this in",
    "I set up the instances. Terminated? I believe not.",
    "I set up the instances; all but one have been terminated.",
    "I'd have set up the instances and terminated them if my account had been activated.",
    "Everything except the bastion is terminated. I set up all three.",
    "I set up the instances; termination is pending.",
    "I set up the instances and plan on terminating them tomorrow.",
    "I set up the instances. I terminated one of them.",
    "- [x] bastion set up\n- [x] private instance set up\n- [ ] all terminated",
    "TODO: set up instances, terminate instances",
    "Set up the instances. Terminate the instances.",
    "I launched the instances. The termination failed with an error.",
    "I set up the instances. Two of the three instances are terminated.",
    "I set up all instances. The private instance is terminated, the bastion is still running.",
    "I set up the instances. After the grading they get terminated.",
    "Instances: set up. Termination: tomorrow.",
    "I was able to set up the instances but AWS did not let me terminate them.",
    "I set up the instances. They should be terminated by now.",
    "Lorem ipsum dolor sit amet.",
    "I set up the bastion and the private instance. The private instance was terminated.",
    "The instances were set up and the bastion was terminated.",
    "I set up the instances as asked and deleted the notebook and endpoint.",
    "I set up the instances and deleted the endpoint, the notebook instance and the bucket.",
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


@pytest.mark.parametrize("name", ["turn-in.md", "TurnIn.txt", "turn_in.md", "message.txt", "HW2 turn-in.md"])
def test_message_is_found_by_its_usual_names(tmp_path, name):
    (tmp_path / name).write_text("Set up and terminated.\n")
    assert read_turn_in(tmp_path, rubric.load()).source == name


def test_absent_message_is_empty_and_a_comment_is_no_message(tmp_path):
    assert read_turn_in(tmp_path, rubric.load()).source == ""
    (tmp_path / "turn-in.md").write_text("<!-- set up and terminated -->\n")
    message = read_turn_in(tmp_path, rubric.load())
    assert message.source
    assert not message.says_set_up


def test_message_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "turn-in.pages").write_bytes(b"PK")
    assert read_turn_in(tmp_path, rubric.load()).problem.startswith("turn-in.pages is not read, expected Markdown")
    (tmp_path / "turn-in.txt").write_text("Set up, and terminated. " * 5000)
    assert "turn-in.txt has" in read_turn_in(tmp_path, rubric.load()).problem
    (tmp_path / "turn-in.txt").write_text("Set up, and terminated.")
    assert read_turn_in(tmp_path, rubric.load()).says_terminated


def test_answers_are_not_taken_for_the_message(tmp_path):
    (tmp_path / "submission-answers.md").write_text("## Algorithms")
    (tmp_path / "turn-in.md").write_text("Set up and terminated.")
    assert read_turn_in(tmp_path, rubric.load()).source == "turn-in.md"
