"""What a stranger changes: edits that look right and are wrong, and the same homework written in yet other ways."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.edits import Edit
from bench.harmful import Harm
from harness import catalogue
from harness.material import gate, markdown
from harness.material.finding import Finding
from harness.material.material import Material
from harness.material.tables import table
from tests.material.gating import TODAY, edited, found, near, text

ARGUMENTS = 'initial_instance_count=1, instance_type="ml.m4.xlarge"'
OUTPUT = 'f"s3://{bucket}/kmeans_example/output"'
PATH = "ENV PATH=/opt/course/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TEST = "-p 8800:8888 test"

HARMLESS = {
    "positional": edited(ARGUMENTS, '1, "ml.m4.xlarge"'),
    "texts added": edited(OUTPUT, '"s3://" + bucket + "/kmeans_example/output"'),
    "a text filled": edited(OUTPUT, '"s3://{}/kmeans_example/output".format(bucket)'),
    "a text filled as in C": edited(OUTPUT, '"s3://%s/kmeans_example/output" % bucket'),
    "a name for the role": edited("role=get_execution_role()", "role=role").replace("kmeans = KMeans(", "role = get_execution_role()\nkmeans = KMeans("),
    "imports in another order": edited("import numpy as np\nfrom sklearn.datasets import load_digits\n", "from sklearn.datasets import load_digits\nimport numpy as np\n"),
    "arguments in another order": edited("    role=get_execution_role(),\n    instance_count=2,\n", "    instance_count=2,\n    role=get_execution_role(),\n"),
    "a value shown": edited("print(answers[0])", "answers[0]"),
    "a virtual environment called venv": text().replace("/opt/course", "/opt/venv"),
    "Jupyter's usual port": edited('"--allow-root"]', '"--allow-root", "--port=8888"]'),
    "the old PATH": edited(PATH, 'ENV PATH="/opt/course/bin:${PATH}"'),
    "a release by its name": edited("FROM ubuntu:24.04", "FROM ubuntu:noble"),
    "the usual tag": edited(TEST, f"{TEST}:latest"),
    "the usual address": edited(TEST, "-p 0.0.0.0:8800:8888/tcp test"),
    "a shell by its path": edited("-ti ubuntu bash", "-ti ubuntu /bin/bash"),
    "a file in this directory": edited("ssh-add YOUR_KEY_NAME.pem", "ssh-add ./YOUR_KEY_NAME.pem"),
    "an agent": edited("ssh-add YOUR_KEY_NAME.pem", 'eval "$(ssh-agent -s)"\nssh-add YOUR_KEY_NAME.pem'),
    "the command's version": edited("aws configure\n", "aws --version\naws configure\n"),
    "an option before the address": edited("s3://YOUR_BUCKET --force", "--force s3://YOUR_BUCKET"),
    "one instance": edited("--instance-type t2.large", "--count 1 --instance-type t2.large"),
    "part of a log": edited("docker logs jupyter", "docker logs jupyter 2>&1 | grep token"),
    "another look": edited("uname -a", "cat /etc/os-release"),
    "nobody, otherwise": edited("Nobody reaches the server yet.", "So far the server is out of everybody's reach."),
    "two announcements": edited("docker ps\ndocker rm -f my_ubuntu\n", "docker ps\n```\n\nNow force it:\n\n```sh bastion\ndocker rm -f my_ubuntu\n"),
}  # fmt: skip

# What is changed, into what, and the rule that explains it to whoever has no record of the clauses.
HARMFUL = [
    ("ssh-add -L", "ssh-add -LL", "PG001"),
    ("WORKDIR /notebook\n", "WORKDIR /notebook\nUSER root\n", "DF024"),
    ('"/hello"', '"/greet"', "SA015"),
    ("Exited (0) 9 seconds ago", "Up 9 seconds", "SA015"),
    ("94a841d96b07   hello-world", "94a841d96b07   ubuntu", "SA015"),
    ('"us-east-1b"', '"eu-west-1b"', "SA016"),
    ('"0.003900"', '"0.039000"', "SA016"),
    ("docker start my_ubuntu\n", "", "PR010"),
    ("docker start my_ubuntu", "docker stop my_ubuntu", "DK001"),
    ("Remove the container, and see", "Start the container, and see", "PR010"),
    ("On your workstation, terminate the spot", "On the bastion, terminate the spot", "MD014"),
    ("file `spot-options.json` on your workstation", "file `spot-options.json` on the bastion", "MD014"),
    ("`-t` gives it a terminal, `-i` connects", "`-i` gives it a terminal, `-t` connects", "NM012"),
    ("Port 80 of the container becomes port 8003 of the", "Port 8003 of the container becomes port 80 of the", "PT006"),
    ("`http://YOUR_BASTION_IP:8800/", "`http://YOUR_BASTION_IP/", "PT007"),
    ("$0.0116\nper hour", "$0.0116\nper minute", "PR011"),
    ("of the P family", "of the G family", "RQ018"),
    ("Attach the policy `AdministratorAccess`", "Attach the policy `ReadOnlyAccess`", "RQ020"),
    ("--group-name PrivateSG", "--group-name PublicSG", "NM002"),
    ("ssh ubuntu@YOUR_PRIVATE_NAME", "ssh ubuntu@YOUR_BASTION_NAME", "LG012"),
    (TEST, f"--network host {TEST}", "DK013"),
    ('"jupyter", "notebook", ', '"jupyter", ', "DF011"),
    ('"jupyter", "notebook", ', '"jupyter", "notebok", ', "DF011"),
    ("kmeans.record_set(", "kmeans.recordset(", "SA017"),
    ("import KMeans,", "import Kmeans,", "SA017"),
    ("-1, 784", "-1, 748", "SA018"),
    ("[:100]", "[:10]", "SA018"),
    ("/var/lib/apt/lists/*", "/var/lib", "SH021"),
    ('"$(date +%s)"', '"$(date +%S)"', "SH020"),
    ("docker rm YOUR_CONTAINER_ID", "docker rm my_ubuntu", "DK001"),
    ("Write this to the file `Dockerfile`", "Write this to the file named `dockerfile`", "DF025"),
    ("tables tensorflow-cpu", "tensorflow-cpu", "RQ007"),
    ("EXPOSE 8888\n", "", "RQ006"),
    ('    "MaxPrice": "0.0100",\n', "", "RQ008"),
    ("--query 'Vpcs[0].VpcId'", "--query 'Vpcs[0].VpcId", "SH001"),
    ("three to four\nhours", "three to four\nminutes", None),
    ("lets nobody in; leave", "lets everybody in; leave", None),
    ("ends in `?token=`", "ends in `?key=`", None),
]  # fmt: skip

LOOSE = """# Homework

Containers on the bastion.

```sh bastion
docker run hello-world
docker ps -a
```

The -x flag connects the terminal. Pages lie in /usr/local/apache/htdocs, prices are those of Europe (Frankfurt), eu-west-1.

```sh bastion
docker run -d --name my-apache-app -p 8003:80 -v /home/ubuntu/site:/usr/local/apache2/htdocs/ httpd:2.4
curl -fsSL https://download.docker.com/linux/ubuntu/gpg | sudo apt-key add
sudo add-apt-repository -y "deb [arch=arm64] https://download.docker.com/linux/ubuntu $(lsb_release -a) stabel"
```

Let's get a debian container going:

```sh bastion
docker run --name my_ubuntu -ti ubuntu bash
```

Use a Windows AMI. Raise the limit to 4 vCPUs.
"""  # fmt: skip


def test_the_same_homework_written_otherwise_raises_no_alarm() -> None:
    alarms = {name: [str(f) for f in found(document)] for name, document in HARMLESS.items() if found(document)}
    assert not alarms


@pytest.mark.parametrize(("old", "new", "rule"), HARMFUL, ids=[f"{old[:24]}→{new[:24]}" for old, new, _ in HARMFUL])
def test_what_looks_right_and_is_wrong_is_found_where_it_stands(old: str, new: str, rule: str | None) -> None:
    document = edited(old, new)
    findings = near(found(document, is_recorded=rule is None), document)
    assert findings
    assert rule is None or rule in {finding.rule for finding in findings}, list(map(str, findings))


@pytest.mark.parametrize("rule", ["NM010", "NM011", "AW011", "PG012", "VR007", "PR012", "RQ018", "RQ019"])
def test_what_a_text_says_of_commands_is_held_against_them(rule: str) -> None:
    assert rule in {finding.rule for finding in found(LOOSE, is_recorded=False)}


QUIET = """# Homework

Build the network:

```sh workstation
aws ec2 describe-vpcs --query 'Vpcs[0].VpcId' --output text
```

Start your work in the new directory, and connect the dots:

```sh bastion
mkdir -p work
cd work
```

Copy the page from the bastion, so that it is on the bastion no more:

```sh workstation
aws sts get-caller-identity
```
"""


@pytest.mark.parametrize("rule", ["PR010", "PR012", "MD014", "MD015", "NM010", "NM011"])
def test_words_that_only_sound_like_a_deed_are_no_announcement(rule: str) -> None:
    assert rule not in {finding.rule for finding in found(QUIET, is_recorded=False)}


def test_a_type_or_a_number_that_nobody_judges_is_no_fault() -> None:
    for given in ('1, "ml.t2.medium"', '2, instance_type="ml.m5.large"'):
        assert not found(edited(ARGUMENTS, given), is_recorded=False)


def test_a_comment_without_its_command_is_found() -> None:
    document = "# T\n\nDo it:\n\n```sh\n# First this.\n\n# Then that.\ndocker ps\n```\n\n```sh\n# Only this:\n```\n"
    lines = [finding.line for finding in found(document, is_recorded=False) if finding.rule == "MD015"]
    assert lines == [6, 13]


def test_a_step_in_words_is_a_step() -> None:
    rules = {finding.rule for finding in _of(LOOSE + "\n\nStop and remove the container running the notebook.\n")}
    assert "RS010" not in rules


def test_a_long_dockerfile_is_read_once(tmp_path: Path) -> None:
    """Its time grows with its length, and an engine would not build it."""
    lines = ["# T", "", "```dockerfile", "FROM ubuntu:24.04", *["RUN apt-get update"] * 5_500, "```", ""]
    begun = time.process_time()
    findings = _of("\n".join(lines))
    assert "DF023" in {finding.rule for finding in findings}
    assert time.process_time() - begun < 10


def test_every_kind_of_harm_is_drawn() -> None:
    kinds = {edit.kind for edit in Harm(text(), 7).edits(60)}
    assert kinds == {name for name, _ in Harm(text(), 7).kinds()}
    assert all(isinstance(edit, Edit) and edit.text != text() for edit in Harm(text(), 8).edits(20))


def test_the_table_of_the_sdk_is_that_of_the_installed_one() -> None:
    """Asked of another process: the import takes seconds and much memory."""
    asked = "; ".join(
        f"print(*(one for one in {table('sdk')['methods'][name]!r} if not hasattr(sagemaker.{name}, one)))"
        for name in ("KMeans", "Predictor")
    )
    environment = {**os.environ, "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, "-c", f"import sagemaker; {asked}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-2:] == ["", ""]


def _of(document: str) -> list[Finding]:
    return gate.check(Material(markdown.parse(re.sub(r"\r", "", document)), catalogue.load(), TODAY, None))
