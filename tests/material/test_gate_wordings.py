"""One deed written in many ways, and what a document may have beside its steps: none of it is a finding."""

from __future__ import annotations

import re

import pytest

from tests.material.gating import edited, found, text


def each_aws(options: str) -> str:
    """Give every ``aws`` command these options, right after the program's name."""
    return re.sub(r"(?m)^aws ", f"aws {options} ", text())


ARGUMENTS = "initial_instance_count=1, instance_type"
SSH = ("ssh -A ubuntu@YOUR_BASTION_NAME", "usermod -aG docker ubuntu")
RULE = "--protocol tcp --port 22 --cidr 0.0.0.0/0"
PERMISSIONS = '[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]'
INSTANCES = "aws ec2 describe-instances --query 'Reservations[].Instances[].[InstanceId, State.Name]' --output table"

WRITTEN = {
    "no pager": each_aws("--no-cli-pager"),
    "a profile of one's own": each_aws("--profile homework"),
    "a region said everywhere": re.sub(r"(?m)^aws (?=ec2|sage|service)", "aws --region us-east-1 ", text()),
    "docker's groups of commands": edited("docker run hello-world", "docker container run hello-world"),
    "docker's lists": edited("docker ps\ndocker ps -a\n", "docker container ls\ndocker container ls --all\n"),
    "docker's images": edited("docker images", "docker image ls"),
    "a name with an equals sign": edited("--name my-apache-app", "--name=my-apache-app"),
    "the directory's name": edited('"$PWD":/usr/local/apache2/htdocs/', '"$(pwd):/usr/local/apache2/htdocs"'),
    "apt for apt-get": text().replace("sudo apt-get", "sudo apt"),
    "quiet apt": edited("install -y ca-certificates curl", "install -yq curl ca-certificates"),
    "flags one by one": edited(SSH[1], "usermod -a -G docker ubuntu"),
    "flags in words": edited(SSH[1], "usermod --append --groups docker ubuntu"),
    "whoever is logged in": edited(SSH[1], 'usermod -aG docker "$USER"'),
    "Debian's own program": edited(SSH[1], "adduser ubuntu docker"),
    "a login that stays": edited(SSH[0], "ssh -A -o ServerAliveInterval=60 ubuntu@YOUR_BASTION_NAME"),
    "a login with its key": edited(SSH[0], "ssh -A -i YOUR_KEY_NAME.pem ubuntu@YOUR_BASTION_NAME"),
    "a login with the user apart": edited(SSH[0], "ssh -A -l ubuntu YOUR_BASTION_NAME"),
    "forwarding in words": edited(SSH[0], "ssh -o ForwardAgent=yes ubuntu@YOUR_BASTION_NAME"),
    "a key that its owner may write": edited("chmod 400", "chmod 600"),
    "fingerprints": edited("ssh-add -L", "ssh-add -l"),
    "keys with a plus": edited("Ctrl-P Ctrl-Q", "Ctrl+p, Ctrl+q"),
    "a verbose answer": edited("curl -s http", "curl -i http"),
    "a file in this directory": edited("file://spot-options.json", "file://./spot-options.json"),
    "a rule in JSON": edited(RULE, f"--ip-permissions '{PERMISSIONS}'"),
    "one id at a time": edited(
        "terminate-instances --instance-ids YOUR_SPOT_ID YOUR_BASTION_ID",
        "terminate-instances --instance-ids YOUR_SPOT_ID\naws ec2 terminate-instances --instance-ids YOUR_BASTION_ID",
    ),
    "ids in another order": text().replace("YOUR_SPOT_ID YOUR_BASTION_ID", "YOUR_BASTION_ID YOUR_SPOT_ID"),
    "packages in one line": edited(
        " scikit-learn tables tensorflow-cpu\nRUN pip install --no-cache-dir jupyter",
        " \\\n    scikit-learn tables tensorflow-cpu jupyter",
    ),
    "pip as a module": edited("RUN pip install --no-cache-dir jupyter", "RUN python -m pip install --no-cache-dir jupyter"),
    "a label of the image": edited("VOLUME /notebook\n", 'LABEL org.opencontainers.image.title="homework"\nVOLUME /notebook\n'),
    "words of a list apart": edited('"--ip=0.0.0.0"', '"--ip", "0.0.0.0"'),
    "a list of one": edited('"sagemaker.amazonaws.com"', '["sagemaker.amazonaws.com"]'),
    "a call in several lines": edited(f'{ARGUMENTS}="ml.m4.xlarge")', '\n    initial_instance_count=1,\n    instance_type="ml.m4.xlarge",\n)'),
    "one look more": edited("### Clean up SageMaker\n", "```sh workstation\naws s3 ls s3://YOUR_BUCKET\n```\n\n### Clean up SageMaker\n"),
    "a look at all instances": edited("## Docker\n", f"See what runs:\n\n```sh workstation\n{INSTANCES}\n```\n\n## Docker\n"),
    "a look on a host": edited("hostname\nexit\n", "whoami\nhostname\nexit\n"),
    "folders of other names": text().replace("notebook-image", "course-image"),
    "a file of another name": text().replace("trust.json", "sagemaker-trust.json"),
    "a role of another name": text().replace("homework-sagemaker", "hw2-role"),
    "a thing of another name": text().replace("--notebook-instance-name homework", "--notebook-instance-name hw2"),
    "a variable of another name": text().replace("small", "tiny"),
    "groups without their words": text().replace("YOUR_PRIVATE_GROUP_ID", "YOUR_INNER_GROUP_ID").replace("YOUR_PUBLIC_GROUP_ID", "YOUR_OUTER_GROUP_ID"),
    "a comment in HTML": edited("## Docker\n", "<!-- try `docker compose up` -->\n\n## Docker\n"),
    "an old edition in a comment": edited("## Docker\n", "<!--\nBefore:\n\n    docker run -p 80:80 nginx\n-->\n\n## Docker\n"),
    "an anchor": edited("### Clean up\n", '<a id="cleanup"></a>\n\n### Clean up\n'),
    "details to unfold": edited("### Questions\n", "<details>\n<summary>Why?</summary>\n\nYou learn what it costs.\n\n</details>\n\n### Questions\n"),
    "a picture": edited("## Network\n", "## Network\n\n![Two groups](https://example.org/network.png)\n"),
    "a table of ports": edited("Make a directory for the page", "| port | what |\n|---|---|\n| 8800 | Jupyter |\n\nMake a directory for the page"),
    "this semester's dates": edited("You build a small", "Spring 2028. Due on 14 February at 23:59.\n\nYou build a small"),
    "another language": edited("## Docker\n", "## Docker\n\nEin Prozess startet in einem Augenblick und braucht wenig Speicher, das ist der Grund.\n"),
    "another announcement": edited("Leave without stopping it, by pressing these keys one after the other:", "Now detach: the container is to go on running. Press, in this order:"),
}  # fmt: skip


@pytest.mark.parametrize("document", WRITTEN.values(), ids=WRITTEN)
def test_another_way_to_write_it_raises_no_alarm(document: str) -> None:
    assert document != text()
    assert not [str(finding) for finding in found(document)]


ALL_THE_SAME = {
    "arguments in their order": edited(f'{ARGUMENTS}="ml.m4.xlarge"', '1, "ml.m4.xlarge"'),
    "a tag": edited("--key-name YOUR_KEY_NAME", "--tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=b}]' --key-name YOUR_KEY_NAME"),
    "a group of its own": edited("GroupId --output text\n\n", "GroupId --output text\n\naws ec2 describe-instances --query 'Reservations[].Instances[].SecurityGroups[].GroupId'\n"),
}  # fmt: skip


@pytest.mark.parametrize("document", ALL_THE_SAME.values(), ids=ALL_THE_SAME)
def test_what_aws_and_the_sdk_take_is_no_fault(document: str) -> None:
    assert not [str(finding) for finding in found(document, is_recorded=False)]


STILL = {
    "one command in another region": edited("aws ec2 describe-vpcs", "aws --region eu-west-1 ec2 describe-vpcs"),
    "one command with a profile": edited("aws ec2 describe-vpcs", "aws --profile other ec2 describe-vpcs"),
    "half a rename": edited("mkdir -p site", "mkdir -p website"),
    "half a list": edited("YOUR_SPOT_ID YOUR_BASTION_ID", "YOUR_BASTION_ID"),
    "a package less": edited("seaborn ", ""),
    "a comment that nothing closes": edited("### Questions\n", "### Questions\n\n<!-- to be written\n"),
    "a member less": edited(", and add it to the group.", "."),
    "the opposite": edited("at least 30 words", "at most 30 words"),
}


@pytest.mark.parametrize("document", STILL.values(), ids=STILL)
def test_what_reads_alike_and_does_something_else_is_found(document: str) -> None:
    assert found(document)
