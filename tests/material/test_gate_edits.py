"""What somebody may change without the gate's word, and what not: each rule beside the edit that it is there for."""

from __future__ import annotations

import pytest

from tests.material.gating import edited, found, near, text

HARMLESS = {
    "options in one letter": edited("-ti ubuntu bash", "-i -t ubuntu bash"),
    "options in words": edited("docker run -d --name jupyter", "docker run --detach --name jupyter"),
    "an option with its value": edited("--instance-type t2.large", "--instance-type=t2.large"),
    "a line in several": edited("run-instances --image-id YOUR_IMAGE_ID", "run-instances \\\n  --image-id YOUR_IMAGE_ID"),
    "a comment": edited("docker pull httpd:2.4\n", "# Get the server first.\ndocker pull httpd:2.4\n"),
    "two blocks for one": edited(
        "docker ps\ndocker rm -f my_ubuntu\n", "docker ps\n```\n\nIt runs. Now force it:\n\n```sh bastion\ndocker rm -f my_ubuntu\n"
    ),
    "quotes": edited('"$PWD":/usr/local/apache2/htdocs/', '"${PWD}:/usr/local/apache2/htdocs/"'),
    "a remark": edited("### Open the web ports\n\n", "### Open the web ports\n\n> Groups are stateful: answers go out.\n\n"),
    "a table": edited("### Questions\n\n", "### Questions\n\n| Question | Words |\n|---|---|\n| each | 30 |\n\n"),
    "a link with a text": edited("<https://hub.docker.com/>", "[Docker Hub](https://hub.docker.com/)"),
    "a heading underlined": edited("## Account\n", "Account\n-------\n"),
    "typographic marks in prose": edited("the account's root", "the account’s root"),
    "a longer sample": edited("94a841d96b07", "0123456789ab"),
    "JSON in one line": edited(
        '  "MarketType": "spot",\n  "SpotOptions": {', '  "MarketType": "spot", "SpotOptions": {'
    ),
    "packages in another order": edited("h5py pandas keras", "pandas keras h5py"),
    "the text of the page": edited("It works on the bastion", "Hello from the bastion"),
    "remarks": edited("### Log in\n\n", "### Log in\n\nTwo remarks:\n\n- Bastions are also called jump hosts.\n- The first login takes longer.\n\n"),
    "a note": edited("### Launch the bastion\n\n", "### Launch the bastion\n\n> **Note** Images differ from region to region.\n\n"),
    "quotes of Python": edited('instance_type="ml.c4.xlarge"', "instance_type='ml.c4.xlarge'"),
    "a placeholder of another name": text().replace("YOUR_BASTION_NAME", "YOUR_JUMPBOX_NAME"),
    "a mode with its zero": edited("chmod 400", "chmod 0400"),
    "line ends of Windows": text().replace("\n", "\r\n"),
}  # fmt: skip

# What is changed, into what, and the rule that explains it to whoever has no record of the clauses.
HARMFUL = [
    ("-p 8003:80", "-p 80:8003", "PT002"),
    ("docker run hello-world", "docker run --rm hello-world", "DK001"),
    ("docker run --name my_ubuntu", "docker run --rm --name my_ubuntu", "DK001"),
    ("docker attach my_ubuntu", "docker attach my-ubuntu", "DK001"),
    ("docker build -t test notebook-image", "docker build -t test .", "DK005"),
    ("mkdir -p notebook-image\n", "", "MD010"),
    ("mkdir -p site\ncd site\n", "", "MD010"),
    ("--port 8003 --cidr 0.0.0.0/0", "--port 8003 --cidr 10.0.0.0/8", "RQ002"),
    ("chmod 400", "chmod 644", "LG005"),
    ("ssh -A ubuntu@", "ssh -A ec2-user@", "LG002"),
    ("ssh -A ubuntu@", "ssh ubuntu@", "LG001"),
    ("describe-vpcs --filters", "describe-vpcs --region eu-west-1 --filters", "AS016"),
    ("&CreationDate)[-1]", "&CreationDate)[0]", "AS017"),
    ("--owners 099720109477 ", "", "AS008"),
    ("s3://YOUR_BUCKET --force", "s3://YOUR_BUCKET", "AS018"),
    ("```sh workstation optional\naws ec2 create", "```sh workstation\naws ec2 create", None),
    ("--service-code ec2", "--service-code sagemaker", "AS011"),
    ("--no-associate-public-ip-address", "--associate-public-ip-address", "RQ016"),
    ("Ask for 8 vCPUs", "Ask for 4 vCPUs", "NM008"),
    ("name it `kmeans.ipynb`", "name it `k-means.ipynb`", "NM009"),
    ("at least 30 words", "at least 10 words", "RQ017"),
    ("`AdministratorAccess`", "`PowerUserAccess`", "RQ010"),
    ("Work as an IAM user, not as", "Work as", "PR008"),
    ("in `.pem`\nformat", "in `.ppk`\nformat", "PR004"),
    ("sudo apt-get install -y docker-ce", "apt-get install -y docker-ce", "HO001"),
    ("docker.sources\nsudo apt-get update\n", "docker.sources\n", "HO002"),
    ("RUN apt-get update \\\n  && apt-get install", "RUN apt-get install", "DF017"),
    (" python3 python3-venv", " python3", None),
    ("FROM ubuntu:24.04", "FROM ubuntu:18.04", "VR001"),
    ('"--ip=0.0.0.0"', '"--ip=127.0.0.1"', "DF011"),
    ("file://spot-options.json", "file://spot-option.json", None),
    ("--query 'Vpcs[0].VpcId'", "--query ‘Vpcs[0].VpcId’", None),
    ("--query Arn", "—query Arn", None),
    ("aws sagemaker wait notebook-instance-in", "aws sagemakre wait notebook-instance-in", "AW001"),
    ("getting-started-install.html", "install-cliv2.html", "LK001"),
    ('"MaxPrice": "0.0100"', '"MaxPrice": "0.1000"', "SA009"),
    ("Keep the key pair", "Keep the bastion, the key pair", "PR006"),
    ("4. When do you use which algorithm? Name at least three.\n", "", None),
    ("    k=10,", "    k=12,", None),
    ("docker rm jupyter\n", "", None),
    ("  && rm -rf /var/lib", "  rm -rf /var/lib", "DF005"),
    ("docker ps -a\ndocker start", "docker ps a\ndocker start", "PG002"),
    ("### Docker images", "###Docker images", "MD011"),
    ("`http://YOUR_BASTION_IP:8800/?token=YOUR_TOKEN`", "htp://jupyter.example.org/", "LK009"),
]  # fmt: skip


def test_the_default_document_is_clean() -> None:
    assert not [str(finding) for finding in found(text())]
    assert not [str(finding) for finding in found(text(), is_recorded=False)]


@pytest.mark.parametrize("document", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_edit_raises_no_alarm(document: str) -> None:
    assert not [str(finding) for finding in found(document.replace("\r\n", "\n"))]


@pytest.mark.parametrize(("old", "new", "rule"), HARMFUL, ids=[f"{old[:24]}→{new[:24]}" for old, new, _ in HARMFUL])
def test_a_harmful_edit_is_found_where_it_stands(old: str, new: str, rule: str | None) -> None:
    document = edited(old, new)
    findings = found(document)
    assert near(findings, document), [str(finding) for finding in findings]
    assert rule is None or rule in {finding.rule for finding in near(findings, document)}, list(map(str, findings))


def test_a_region_said_everywhere_is_no_fault() -> None:
    lines = ("# T", "", "```sh workstation", "aws ec2 describe-vpcs --region eu-west-1", "aws ec2 describe-images --region eu-west-1 --owners self", "```", "")  # fmt: skip
    assert "AS016" not in {finding.rule for finding in found("\n".join(lines), is_recorded=False)}
