"""What is found in accounts that are not as they should be, where no host needs to be reached."""

from __future__ import annotations

import contextlib
import datetime
import os
from dataclasses import replace
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from harness.aws import iam
from harness.aws.session import Aws
from harness.offline.cloud import OfflineCloud
from harness.subjects.student import Student
from harness.waiting import until
from tests.offline.support import RecordingHosts
from tests.student.builder import Builder, building
from tests.student.judging import graded, judge, judged

WITHOUT_HOSTS = (
    "make_user", "make_key", "make_public_group", "make_private_group", "open_public_ssh", "open_private_ssh",
    "launch_bastion", "launch_private", "write_submission", "launch_spot",
)  # fmt: skip
EXAMPLE = ("make_bucket", "make_notebook", "upload", "train", "deploy")
ENDS = ("terminate_private", "terminate_spot", "terminate_bastion")
LAUNCHED = ("bastion.launched", "private.launched", "spot.launched")
DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
ENDED = ("private.terminated", "spot.terminated", "jupyter.removed", "final.instances-terminated")


class Account:
    """An account in an offline cloud whose hosts only write down what they are told."""

    def __init__(self, directory, offline, work) -> None:
        self.directory, self.offline, self.work = directory, offline, work
        self.runs = 0

    def verdicts(self, *ids: str, phase: str | None = None) -> dict[str, str]:
        """Judge as the student and return each verdict with its cause."""
        return {id: judged.cause or judged.verdict for id, judged in self.judge(*ids, phase=phase).items()}

    def judge(self, *ids: str, phase: str | None = None):
        self.runs += 1
        cloud, environment = self.work.seen_by()
        directory = self.directory / f"run{self.runs}"
        with (
            mock.patch.dict(os.environ, environment),
            judged(Student, cloud, self.work.submission, directory) as subject,
        ):
            return judge(subject, ids or None, phase)

    def forget(self, role: str) -> None:
        """Let EC2 forget a terminated instance, as it does after an hour."""
        reservations = self.offline.backend("ec2").reservations
        for id, reservation in list(reservations.items()):
            if any(instance.id == self.work.ids[role] for instance in reservation.instances):
                del reservations[id]

    def earlier(self) -> None:
        """Let all that was done until now have been done a minute earlier: CloudTrail tells whole seconds."""
        events = self.offline.trail._events
        for number, event in enumerate(list(events)):
            events[number] = replace(event, time=event.time - MINUTE)

    def own_shutdown(self, role: str) -> None:
        """Let an instance end by its own shutdown, of which EC2 does not tell the time."""
        instance = self.offline.backend("ec2").get_instance(self.work.ids[role])
        instance.terminate()
        instance._reason = ""
        self.work.until_state(role, "terminated")

    def age(self) -> None:
        """Let the buckets and volumes that there are be a day older: AWS tells their age in whole seconds."""
        for bucket in self.offline.backend("s3", "aws").buckets.values():
            bucket.creation_date -= DAY
        for volume in self.offline.backend("ec2").volumes.values():
            volume.create_time -= DAY


@pytest.fixture
def account(tmp_path):
    with contextlib.ExitStack() as stack:
        offline = stack.enter_context(OfflineCloud(tmp_path / "cloud", hosts=RecordingHosts(), settle=0.01))
        work = stack.enter_context(building(offline.cloud, tmp_path / "home"))
        yield Account(tmp_path, offline, work)


@pytest.mark.parametrize("phase", ["live", "final"])
def test_an_empty_account_is_judged_without_a_fault_of_ours(account, phase) -> None:
    account.work.do("make_user")
    found = account.judge(phase=phase)
    assert {id: one.message for id, one in found.items() if one.cause not in (None, "missing")} == {}
    if phase == "live":
        unmet = {id for id, judged in found.items() if judged.verdict == "not met"}
        assert {"account.key-pair", "network.public-sg", "network.private-sg", *LAUNCHED, "kmeans.trained"} <= unmet
    else:
        assert all(one.verdict == "not judged" for id, one in found.items() if id != "final.turn-in")


def test_what_was_there_and_is_gone_is_not_judged_live_and_met_in_the_end(account) -> None:
    account.work.do(*WITHOUT_HOSTS, *EXAMPLE, *ENDS, *Builder.CLEAN_UP[4:])
    live = account.judge(*LAUNCHED, "bastion.ssh", "kmeans.endpoint", "kmeans.predicts", "sagemaker.notebook-instance")
    assert {judged.cause for judged in live.values()} == {"missing"}
    assert "was terminated by ann" in live["bastion.launched"].message
    assert "which ann created" in live["kmeans.endpoint"].message
    final = account.verdicts(phase="final")
    assert set(final.values()) == {"met"}


def test_instances_that_ec2_has_forgotten_are_judged_by_their_history(account) -> None:
    account.work.do(*WITHOUT_HOSTS, *ENDS)
    for role in ("private", "spot", "bastion"):
        account.forget(role)
    assert set(account.verdicts(*ENDED, "private.volumes-deleted").values()) == {"met"}
    assert account.verdicts("bastion.launched") == {"bastion.launched": "missing"}


def test_an_account_that_was_not_cleaned_up_is_not_met_in_the_end(account) -> None:
    account.work.do(*WITHOUT_HOSTS, *EXAMPLE)
    final = account.verdicts(phase="final")
    expected = dict.fromkeys(final, "not met") | {
        "final.turn-in": "met", "private.volumes-deleted": "missing", "jupyter.removed": "missing",
    }  # fmt: skip
    assert final == expected


def test_a_bastion_that_ended_with_the_private_instance_was_not_kept(account) -> None:
    account.work.do(*WITHOUT_HOSTS)
    ids = [account.work.ids["private"], account.work.ids["bastion"]]
    account.work.ec2.terminate_instances(InstanceIds=ids)
    account.work.until_state("bastion", "terminated")
    account.work.until_state("private", "terminated")
    assert account.verdicts("private.terminated") == {"private.terminated": "not met"}


@pytest.mark.parametrize(("is_started_again", "verdict"), [(False, "not met"), (True, "met")])
def test_a_bastion_that_was_stopped_was_not_kept_whenever_it_was_terminated(account, is_started_again, verdict) -> None:
    account.work.do(*WITHOUT_HOSTS)
    bastion = [account.work.ids["bastion"]]
    account.work.until_state("bastion", "running")
    account.work.ec2.stop_instances(InstanceIds=bastion)
    account.work.until_state("bastion", "stopped")
    if is_started_again:
        account.work.ec2.start_instances(InstanceIds=bastion)
        account.work.until_state("bastion", "running")
    account.earlier()
    account.work.do(*ENDS)
    assert account.verdicts("private.terminated") == {"private.terminated": verdict}


def test_an_attempt_to_terminate_the_bastion_is_not_its_end(account) -> None:
    account.work.do(*WITHOUT_HOSTS)
    with contextlib.suppress(ClientError):
        account.work.ec2.terminate_instances(InstanceIds=[account.work.ids["bastion"]], DryRun=True)
    account.earlier()
    account.work.do(*ENDS)
    assert account.verdicts("private.terminated") == {"private.terminated": "met"}


def test_an_end_of_which_nobody_knows_when_it_came_is_not_judged(account) -> None:
    account.work.do(*WITHOUT_HOSTS)
    account.work.until_state("private", "running")
    account.own_shutdown("private")
    account.work.do("terminate_spot", "terminate_bastion")
    assert account.verdicts("private.terminated") == {"private.terminated": "missing"}


def test_a_volume_that_stayed_behind_is_the_private_instances(account) -> None:
    class Careless(Builder):
        def launch_private(self) -> None:
            kept = {"DeviceName": "/dev/sda1", "Ebs": {"DeleteOnTermination": False, "VolumeSize": 8}}
            self.launch("private", self.private_type, "private-group", BlockDeviceMappings=[kept])

    account.work.__class__ = Careless
    account.work.do(*WITHOUT_HOSTS, *ENDS)
    expected = {
        "private.terminated": "met", "private.volumes-deleted": "not met", "final.nothing-billed": "not met",
    }  # fmt: skip
    assert account.verdicts(*expected) == expected


def test_what_was_there_before_and_what_others_make_does_not_count(account) -> None:
    owner = Aws(account.offline.cloud, account.offline.cloud.owner)
    owner.client("s3").create_bucket(Bucket="holidays")
    owner.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
    account.age()
    account.work.do(*WITHOUT_HOSTS, *ENDS)
    iam.create_user(owner, "ben", {})
    iam.add_to_group(owner, "ben", account.work.group)
    ben = Aws(account.offline.cloud, iam.create_access_key(owner, "ben"))
    ben.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
    final = account.judge("final.instances-terminated", "final.nothing-billed")
    assert {id: judged.message for id, judged in final.items() if judged.verdict != "met"} == {}
    account.work.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)
    assert account.verdicts("final.nothing-billed") == {"final.nothing-billed": "not met"}


def test_endpoint_of_an_older_of_two_jobs_alike_does_not_serve_the_model(account) -> None:
    account.work.do(*WITHOUT_HOSTS, *EXAMPLE)
    account.work.job = "trained-again"
    account.work.do("train")
    client = account.work.aws.client("sagemaker")
    until(
        "it has ended", lambda: client.describe_training_job(TrainingJobName="trained-again")["TrainingJobStatus"],
        timeout=60, is_done=lambda status: status == "Completed",
    )  # fmt: skip
    assert account.verdicts("kmeans.trained", "kmeans.endpoint") == {
        "kmeans.trained": "met",
        "kmeans.endpoint": "not met",
    }


def test_of_two_notebook_instances_the_one_in_service_counts(account) -> None:
    account.work.do(*WITHOUT_HOSTS, "make_notebook")
    account.work.notebook = "second"
    account.work.do("make_notebook")
    client = account.work.aws.client("sagemaker")

    def until_status(wanted: str) -> None:
        until(
            f"it is {wanted}", lambda: client.describe_notebook_instance(NotebookInstanceName="second"), timeout=30,
            is_done=lambda seen: seen["NotebookInstanceStatus"] == wanted,
        )  # fmt: skip

    until_status("InService")
    client.stop_notebook_instance(NotebookInstanceName="second")
    until_status("Stopped")
    assert account.verdicts("sagemaker.notebook-instance") == {"sagemaker.notebook-instance": "met"}


def test_what_is_being_deleted_is_given_the_time(account) -> None:
    account.work.do(*WITHOUT_HOSTS, *EXAMPLE, *ENDS, *Builder.CLEAN_UP[5:])
    slow = account.offline.backend("sagemaker")
    slow.platform.durations = replace(slow.platform.durations, endpoint_deleting=3.0)
    account.work.aws.client("sagemaker").delete_endpoint(EndpointName=account.work.endpoint)
    assert account.verdicts("sagemaker.cleaned") == {"sagemaker.cleaned": "met"}


def test_work_done_as_root_is_found_out_whoever_grades(account) -> None:
    account.work.do("make_user", "make_key", "make_public_group", "make_private_group")
    account.work.ec2 = account.work.owner.client("ec2")
    account.work.do("launch_bastion")
    found = account.judge("account.not-root", "account.cli")
    assert found["account.not-root"].verdict == "not met"
    assert found["account.cli"].verdict == "met"


@pytest.mark.parametrize(
    ("change", "unmet"),
    [
        pytest.param({"public_group": "Public"}, {"network.public-sg"}, id="another name"),
        pytest.param({"key_mode": 0o644}, {"account.key-mode"}, id="an open key file"),
        pytest.param({"bastion_type": "t2.micro"}, {"bastion.launched"}, id="another type"),
        pytest.param({"private_type": "t2.nano"}, {"private.launched"}, id="another type of the private one"),
    ],
)
def test_one_thing_wrong_is_one_requirement_not_met(account, change, unmet) -> None:
    for name, value in change.items():
        setattr(account.work, name, value)
    account.work.do(*WITHOUT_HOSTS)
    ids = (
        "account.key-pair", "account.key-mode", "account.ssh-agent", "network.public-sg", "network.private-sg",
        "network.public-ssh", "network.private-ssh", *LAUNCHED,
    )  # fmt: skip
    assert {id for id, verdict in account.verdicts(*ids).items() if verdict != "met"} == unmet


def test_a_key_file_of_another_pair_is_one_requirement_not_met(account) -> None:
    account.work.do(*WITHOUT_HOSTS)
    other = account.work.ec2.create_key_pair(KeyName="other", KeyType="ed25519")["KeyMaterial"]
    account.work.ec2.delete_key_pair(KeyName="other")
    account.work.key.chmod(0o600)
    account.work.key.write_text(other)
    found = account.verdicts("account.key-pair", "bastion.launched", "bastion.ssh", "network.public-sg")
    assert found == {
        "account.key-pair": "not met", "bastion.launched": "met", "bastion.ssh": "missing", "network.public-sg": "met",
    }  # fmt: skip


def test_a_run_of_the_suite_in_the_same_account_is_not_the_students(account) -> None:
    account.work.do(*WITHOUT_HOSTS)
    tagged = {"ResourceType": "instance", "Tags": [{"Key": "acceptance-run", "Value": "k3f9qz"}]}
    student = account.work.ids["bastion"]
    account.work.launch("bastion", "t2.large", "public-group", TagSpecifications=[tagged])
    account.work.ec2.terminate_instances(InstanceIds=[student])
    account.work.until_state("bastion", "running")
    found = account.judge("bastion.launched")["bastion.launched"]
    assert found.cause == "missing"
    assert student in found.message


def test_a_graded_run_leaves_nothing_behind(account) -> None:
    account.work.do(*WITHOUT_HOSTS)
    cloud, environment = account.work.seen_by()
    with mock.patch.dict(os.environ, environment):
        graded(cloud, account.work.submission, account.directory / "run", "final")


def test_a_trial_after_the_clean_up_is_not_the_private_instance_of_the_homework(account) -> None:
    account.work.do(*WITHOUT_HOSTS, *ENDS)
    account.earlier()
    for role in ("bastion", "private", "spot"):
        account.forget(role)
    account.work.do("launch_private", "terminate_private")
    found = account.judge(*ENDED, "private.volumes-deleted")
    assert {id: one.message for id, one in found.items() if one.verdict != "met"} == {}


def test_what_containers_a_stopped_bastion_has_cannot_be_seen_until_it_is_terminated(account) -> None:
    account.work.do(*WITHOUT_HOSTS, "terminate_private", "terminate_spot")
    account.work.until_state("bastion", "running")
    account.work.ec2.stop_instances(InstanceIds=[account.work.ids["bastion"]])
    account.work.until_state("bastion", "stopped")
    found = account.judge(*ENDED)
    assert {id: one.cause or one.verdict for id, one in found.items()} == {
        "private.terminated": "met", "spot.terminated": "met", "jupyter.removed": "missing",
        "final.instances-terminated": "not met",
    }  # fmt: skip
    assert "is stopped: nothing answers there" in found["jupyter.removed"].message
    account.work.do("terminate_bastion")
    assert set(account.verdicts(*ENDED).values()) == {"met"}
