"""Broken editions of the default document: each fails the requirements that its edits break, and no other.

An edition has several edits, whose requirements do not depend on one another, and only the chapters that they need: to
follow a chapter takes seconds.
"""

from __future__ import annotations

from tests.material.following import MET, Followed, edition, follow

NOT_MET, MISSING = "not met", "not judged (missing)"
NO_WEB = (
    ("docker stop jupyter\ndocker rm jupyter\ndocker rm -f my-apache-app\nexit\n", ""),
    ("terminate-instances --instance-ids YOUR_SPOT_ID YOUR", "terminate-instances --instance-ids YOUR"),
    ("instance-terminated --instance-ids YOUR_SPOT_ID YOUR", "instance-terminated --instance-ids YOUR"),
)
NO_HOP = (("```sh bastion\nssh ubuntu@YOUR_PRIVATE_NAME\n```\n", ""), ("```sh private\nhostname\nexit\n```\n", ""))
PRIVATE = ("Launch the private instance", "Delete the private instance")
GROUPS = ("network.public-sg", "network.private-sg", "network.public-ssh", "network.private-ssh")
PRIVATE_RULE = (
    "aws ec2 authorize-security-group-ingress --group-id YOUR_PRIVATE_GROUP_ID --protocol tcp --port 22"
    " --source-group YOUR_PUBLIC_GROUP_ID\n"
)
QUOTA = (
    "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-417A185B --desired-value 8\n"
)


def instances(*edits: tuple[str, str]) -> Followed:
    """Follow the chapters up to the private instance's end, and the clean-up."""
    text = edition(without=("Docker", "SageMaker", "Prices and quotas"), edits=(*NO_WEB, *edits))
    return follow(text, "account", "bastion", "private", *GROUPS)


def web(*edits: tuple[str, str]) -> Followed:
    """Follow what is done on the bastion, without the private instance."""
    text = edition(without=(*PRIVATE, "SageMaker", "Prices and quotas"), edits=(*NO_WEB[1:], *NO_HOP, *edits))
    return follow(text, "network", "bastion", "docker", "httpd", "jupyter")


def prices(*edits: tuple[str, str]) -> Followed:
    """Follow the spot instance and the quota, with the network that they need."""
    text = edition(without=(*PRIVATE, "Docker", "SageMaker"), edits=(*NO_WEB[:1], *NO_HOP, *edits))
    return follow(text, "spot", "quota", "bastion")


def sagemaker(*edits: tuple[str, str]) -> Followed:
    """Follow the account and SageMaker, and hand nothing in."""
    cut = ("Network", "Instances", "Docker", "Prices and quotas", "Clean up")
    return follow(edition(without=cut, edits=edits), "sagemaker", "kmeans")


def test_rules_types_modes_and_rights_that_are_wrong() -> None:
    followed = instances(
        (PRIVATE_RULE, ""),
        ("--instance-type t2.large", "--instance-type t2.nano"),
        ("chmod 400 YOUR_KEY_NAME.pem\n", ""),
        (" Attach the policy `AdministratorAccess` to it.", ""),
    )
    assert followed.broken == {
        "account.admin-group": NOT_MET,
        "account.key-mode": NOT_MET,
        "network.private-ssh": NOT_MET,
        "bastion.launched": NOT_MET,
    }
    assert len(followed.found("follow.fails")) == 3, followed.findings


def test_a_group_of_another_name_and_a_command_that_nobody_configures() -> None:
    followed = instances(
        ("--group-name PrivateSG", "--group-name PrivSG"), ("```sh workstation\naws configure\n```\n", "")
    )
    assert followed.broken == {
        "account.cli": NOT_MET,
        "network.private-sg": NOT_MET,
        "network.private-ssh": MISSING,
        "private.launched": MISSING,
    }


def test_a_ceiling_that_is_too_low_and_a_quota_that_is_not_asked_for() -> None:
    followed = prices(('"MaxPrice": "0.0100"', '"MaxPrice": "0.0001"'), (QUOTA, ""))
    assert followed.broken == {
        "spot.options": NOT_MET,
        "spot.launched": NOT_MET,
        "spot.terminated": MISSING,
        "quota.gpu-vcpus": NOT_MET,
    }


def test_clusters_that_are_too_many_and_an_endpoint_that_stays() -> None:
    followed = sagemaker(("k=10", "k=12"), ("aws sagemaker delete-endpoint --endpoint-name YOUR_ENDPOINT\n", ""))
    assert followed.broken == {
        "kmeans.trained": NOT_MET,
        "kmeans.predicts": NOT_MET,
        "sagemaker.cleaned": NOT_MET,
    }


def test_a_trust_policy_that_is_no_json_and_a_method_that_the_sdk_does_not_have() -> None:
    followed = sagemaker(('"Effect": "Allow",', '"Effect": "Allow"'), ("kmeans.record_set(", "kmeans.recordset("))
    assert {id for id, verdict in followed.broken.items() if verdict == NOT_MET} == {
        "sagemaker.notebook-instance",
        "kmeans.trained",
    }
    assert set(followed.broken.values()) == {NOT_MET, MISSING}
    said = [finding.message for finding in followed.findings if finding.rule == "follow.fails"]
    assert any("MalformedPolicyDocument" in one for one in said)
    assert any("no attribute 'recordset'" in one for one in said)


def test_sources_groups_forwarding_and_an_end_that_are_wrong() -> None:
    followed = instances(
        ("--port 22 --cidr 0.0.0.0/0", "--port 22 --cidr 10.0.0.0/8"),
        ("ssh -A ubuntu", "ssh ubuntu"),
        (
            "--instance-type t2.micro --security-group-ids YOUR_PRIVATE",
            "--instance-type t2.micro --security-group-ids YOUR_PUBLIC",
        ),
        ("aws ec2 terminate-instances --instance-ids YOUR_PRIVATE_ID\n", ""),
        ("aws ec2 wait instance-terminated --instance-ids YOUR_PRIVATE_ID\n", ""),
    )
    assert followed.broken == {
        "network.public-ssh": NOT_MET,
        "private.launched": NOT_MET,
        "private.agent-forwarding": NOT_MET,
        "private.terminated": NOT_MET,
        "private.volumes-deleted": MISSING,
    }


def test_ports_names_and_removals_that_are_wrong() -> None:
    followed = web(
        ("--port 8003 --cidr", "--port 8030 --cidr"),
        ("--name my-apache-app -p", "--name my-apache -p"),
        ("-p 8800:8888", "-p 8801:8888"),
        ("docker rm jupyter\n", ""),
        ("docker rm YOUR_CONTAINER_ID\n", ""),
    )
    assert followed.broken == {
        "network.public-8003": NOT_MET,
        "docker.remove": NOT_MET,
        "httpd.container": NOT_MET,
        "jupyter.container": NOT_MET,
        "jupyter.removed": NOT_MET,
    }


def test_a_public_group_of_another_name_leaves_what_is_done_on_the_bastion_to_be_judged() -> None:
    followed = web(("--group-name PublicSG", "--group-name PublicGroup"))
    assert [id for id, verdict in followed.broken.items() if verdict == NOT_MET] == ["network.public-sg"]
    assert not {id for id in followed.broken if id.startswith(("docker", "httpd"))}


def test_keys_that_do_not_detach_break_nothing_after_them() -> None:
    followed = web(("Ctrl-P Ctrl-Q", "Ctrl-C"))
    assert followed.broken == {"docker.detach": NOT_MET, "docker.attach-exit": MISSING}
    assert any("the container was left" in finding.message for finding in followed.findings)


def test_a_bastion_that_ends_before_its_time_ends_no_run() -> None:
    """What is done on it afterwards is missing, and nothing of it wrong."""
    followed = web(
        (
            "### Install Docker\n",
            "```sh workstation\naws ec2 terminate-instances --instance-ids YOUR_BASTION_ID\n```\n\n### Install Docker\n",
        )
    )
    assert {id: verdict for id, verdict in followed.broken.items() if verdict == NOT_MET}.keys() == {"docker.engine"}
    assert followed.broken["docker.detach"] == MISSING
    assert followed.verdicts["network.public-8003"] == MET


def test_document_without_a_word_is_followed_to_its_end() -> None:
    followed = follow("", "account")
    assert followed.broken["account.iam-user"] == NOT_MET
    assert set(followed.broken.values()) <= {NOT_MET, MISSING}


def test_a_bastion_that_nobody_can_log_in_to_does_not_stop_what_follows() -> None:
    """It was launched into the private group, which lets in members of the public one: there are none."""
    followed = web(("t2.large --security-group-ids YOUR_PUBLIC", "t2.large --security-group-ids YOUR_PRIVATE"))
    assert followed.broken == {"bastion.launched": NOT_MET, "network.private-ssh": NOT_MET}
    (finding,) = [one for one in followed.findings if one.rule == "follow.fails"]
    assert "the bastion was put into PublicSG as well" in finding.message
