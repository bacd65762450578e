"""Paragraphs above a block, in many people's words: those that only sound like an announcement, and those that are one."""

from __future__ import annotations

import pytest

from tests.material.gating import edited, found


def rules(paragraph: str, commands: str, machine: str = "bastion") -> set[str]:
    """Return the rules that speak on a paragraph and the block below it."""
    document = f"# T\n\n## A\n\n{paragraph}\n\n```sh {machine}\n{commands}\n```\n"
    return {finding.rule for finding in found(document, is_recorded=False)}


DONE = [
    ("Stop the container and start it again:", "docker restart web"),
    ("Stop the container, then remove it:", "docker rm -f web"),
    ("Stop the bastion for good:", "aws ec2 terminate-instances --instance-ids YOUR_ID"),
    ("Terminate it by leaving its shell:", "exit"),
    ("Pull the image of the web server:", "docker image pull httpd"),
    ("Start the container later. First, list it:", "docker ps -a"),
    ("Start an instance only when needed. List those you have:", "docker ps"),
    ("The engine can start containers and build images. See its version:", "docker version"),
    ("We shall go on, and stop the container later on; for now, list what runs:", "docker ps"),
]
UNDONE = [
    ("Start the server:", "docker rm -f web"),
    ("Stop the container:", "docker start web"),
    ("Now you can remove the container:", "docker ps"),
    ("Look at the list. Then, stop it:", "docker start web"),
    ("Terminate the spot instance:", "aws ec2 stop-instances --instance-ids YOUR_ID"),
    ("Build the image; it takes some minutes. Then it is listed:", "docker images"),
]


@pytest.mark.parametrize(("paragraph", "commands"), DONE)
def test_what_is_done_in_another_way_or_later_is_no_gap(paragraph: str, commands: str) -> None:
    assert "PR010" not in rules(paragraph, commands)


@pytest.mark.parametrize(("paragraph", "commands"), UNDONE)
def test_what_is_announced_and_not_done_is_found(paragraph: str, commands: str) -> None:
    assert "PR010" in rules(paragraph, commands)


THERE = [
    ("From your workstation, log in to the service on the bastion:", "workstation"),
    ("Copy the key from your workstation to a directory on the bastion:", "workstation"),
    ("Leave the server running on the bastion. Run this from your laptop:", "workstation"),
    ("The page is served on the bastion. Ask for it:", "workstation"),
    ("Do this on your workstation, not on the bastion:", "workstation"),
    ("Open a second terminal on your workstation, and leave the first one open on the bastion:", "workstation"),
    ("Once Docker runs on the bastion, open its port:", "workstation"),
    ("Both ports are open on the bastion now:", "workstation"),
    ("As you did on your workstation, look at the keys:", "bastion"),
    ("Write the file on your workstation, then copy it to the bastion. There, build:", "bastion"),
    ("Test the server on the bastion:", "workstation"),
]
SENT = [
    ("On your workstation, terminate it:", "bastion"),
    ("Now, on the bastion, ask for the address:", "workstation"),
    ("Write the file on the bastion, with this:", "workstation"),
    ("Run this on the bastion. It takes a minute:", "workstation"),
    ("Make a directory on your workstation:", "bastion"),
    ("Do this on the bastion, not on your workstation:", "workstation"),
]


@pytest.mark.parametrize(("paragraph", "machine"), THERE)
def test_where_something_is_is_not_where_the_reader_is_sent(paragraph: str, machine: str) -> None:
    assert "MD014" not in rules(paragraph, "curl -s http://YOUR_BASTION_IP:8003/", machine)


@pytest.mark.parametrize(("paragraph", "machine"), SENT)
def test_a_reader_who_is_sent_elsewhere_is_found(paragraph: str, machine: str) -> None:
    assert "MD014" in rules(paragraph, "curl -s http://YOUR_BASTION_IP:8003/", machine)


BESIDE = (
    "/usr/local/apache2/htdocs/index.html", "/usr/local/apache2/conf/httpd.conf", "/usr/local/apache2/logs", "/usr/local/apache2/cgi-bin", "/etc/apt/sources.list",
    "/etc/apt/keyrings/docker.gpg", "/etc/apt/sources.list.d/ubuntu.sources", "/opt/course/bin/pip", "/usr/local/bin/aws", "/var/lib/apt/lists/partial",
)  # fmt: skip
SLIPPED = (
    "/usr/local/apache/htdocs",
    "/usr/local/apache2/htdoc",
    "/etc/apt/keyring/docker.asc",
    "/etc/apt/keyrings/doker.asc",
    "/opt/course/bins",
    "/var/lib/apt/list",
)


def test_a_file_beside_those_of_the_commands_is_no_slip() -> None:
    said = " ".join(f"Look at {path}, too." for path in BESIDE)
    assert not [str(f) for f in found(edited("## Docker\n", f"## Docker\n\n{said}\n"), is_recorded=False)]


@pytest.mark.parametrize("path", SLIPPED)
def test_a_slip_in_a_path_is_found(path: str) -> None:
    document = edited("## Docker\n", f"## Docker\n\nThe page lies in {path}.\n")
    assert "NM011" in {finding.rule for finding in found(document, is_recorded=False)}
