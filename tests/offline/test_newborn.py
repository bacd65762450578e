"""What was created a moment ago is asked for again, and lost answers are taken for what they were."""

from __future__ import annotations

import pytest

from harness.aws import groups, instances, keys, s3, vpc
from harness.aws.session import Aws
from harness.cloud import OFFLINE
from harness.offline.cloud import OfflineCloud
from harness.offline.weather import Weather
from tests.offline.support import HOMEWORK_IMAGE, RecordingHosts

TAGS = {"acceptance-run": "k3f9qz"}


class Young(Weather):
    """Weather in which what is new stays unknown for the first few questions."""

    def seconds(self, what: str) -> float:
        return 0.15 if what.endswith("visible") else 0.0


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    weather = Young(1, 1)
    with OfflineCloud(tmp_path_factory.mktemp("cloud"), hosts=RecordingHosts(), weather=weather) as offline:
        weather.begin()
        import dataclasses

        patient = dataclasses.replace(offline.cloud, patience=dataclasses.replace(OFFLINE, unseen=30))
        yield Aws(patient, offline.cloud.owner)


@pytest.fixture(scope="module")
def inside(aws):
    return vpc.find_default_vpc(aws).id


def test_new_group_is_found_at_once_and_can_be_used(aws, inside):
    id = groups.create_group(aws, "one", "for a test", inside, TAGS)
    groups.admit(aws, id, 22, "0.0.0.0/0")
    assert groups.find_group(aws, id).name == "one"


def test_new_instance_has_a_state_at_once(aws, inside):
    group = groups.create_group(aws, "two", "for a test", inside, TAGS)
    keys.create_key_pair(aws, "pair", TAGS)
    id, _ = instances.launch(
        aws, image=HOMEWORK_IMAGE, instance_type="t2.micro", key_name="pair", groups=[group], public=False,
        token="abc-one", tags=TAGS, minutes=60,
    )  # fmt: skip
    assert instances.find_state(aws, id) in ("pending", "running")


def test_what_never_was_is_told_absent_at_once(aws):
    assert groups.find_group(aws, "sg-00000000000000000") is None
    assert instances.find_state(aws, "i-00000000000000000") == "unknown"


def test_second_creation_finds_the_first_where_its_answer_was_lost(aws, inside):
    first = groups.create_group(aws, "lost", "for a test", inside, TAGS)
    assert groups.find_group(aws, first) is not None
    assert groups.create_group(aws, "lost", "for a test", inside, TAGS) == first
    s3.create_bucket(aws, "lost-bucket", TAGS)
    s3.create_bucket(aws, "lost-bucket", TAGS)


def test_key_whose_answer_was_lost_is_made_anew(aws):
    first = keys.create_key_pair(aws, "lost", TAGS)
    second = keys.create_key_pair(aws, "lost", TAGS)
    assert first != second
    assert "PRIVATE KEY" in second
