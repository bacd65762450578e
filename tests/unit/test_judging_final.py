"""The tests of ends and hand-in judge right and wrong homeworks as they should; the facts are made up here."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from harness import catalogue
from harness.facts.final import End, Event, Leftovers, PrivateEnd, Thing, Volume, Volumes
from harness.facts.instances import Image
from tests.homework import test_final as final
from tests.homework import test_private as private

OVER = End("i-p", "terminated", "2026-11-23T10:00:00+00:00")
LATER = End("i-b", "terminated", "2026-11-23T11:00:00+00:00")
EVENT = Event("TerminateInstances", "2026-11-23T10:00:00+00:00", "ann", ("i-p",))
BOTH = replace(EVENT, resources=("i-p", "i-b"))
THEN = End("i-b", "terminated", "2026-11-23T10:00:00+00:00")
EARLIER = End("i-b", "terminated", "2026-11-23T09:00:00+00:00")


@pytest.mark.parametrize(
    "end",
    [
        PrivateEnd(OVER, "i-b", "running"),
        PrivateEnd(OVER, "i-b", None, None),
        PrivateEnd(OVER, "i-b", None, LATER),
        PrivateEnd(OVER, "i-b", None, End("i-b", "running")),
        PrivateEnd(replace(OVER, events=(EVENT,)), "i-b", None, THEN),
    ],
)
def test_private_instance_that_ended_first_is_met(end):
    private.test_private_instance_is_terminated_before_the_bastion(end)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (PrivateEnd(End("i-p", "stopped"), "i-b", "running"), "i-p stopped, expected terminated"),
        (PrivateEnd(End("i-p", "running"), "i-b", "running"), "i-p running, expected terminated"),
        (PrivateEnd(OVER, "i-b", "terminated"), "bastion i-b was terminated"),
        (PrivateEnd(OVER, "i-b", "stopped"), "bastion i-b was stopped"),
        (PrivateEnd(OVER, "i-b", None, EARLIER), "expected running"),
        (PrivateEnd(OVER, "i-b", None, THEN), "expected running"),
        (PrivateEnd(replace(OVER, events=(BOTH,)), "i-b", None, THEN), "expected running"),
    ],
)
def test_private_instance_that_lives_or_ended_last_is_not_met(end, said):
    with pytest.raises(AssertionError, match=said):
        private.test_private_instance_is_terminated_before_the_bastion(end)


def test_second_volume_that_was_kept_is_not_met():
    gone, kept = Volume("vol-1", "deleted"), Volume("vol-2", "available")
    private.test_volumes_of_the_private_instance_are_gone(Volumes("i-p", (gone,)))
    with pytest.raises(AssertionError, match=r"vol-2 \(available\)"):
        private.test_volumes_of_the_private_instance_are_gone(Volumes("i-p", (gone, kept)))


ENDED = Thing("instance", "i-1", "terminated", "run")


@pytest.mark.parametrize("state", ["running", "stopped", "stopping", "shutting-down", "pending"])
def test_instance_that_is_not_terminated_is_not_met(state):
    final.test_every_instance_is_terminated(Leftovers("r", (ENDED,), ()))
    with pytest.raises(AssertionError, match=rf"instance i-2 \({state}\)"):
        final.test_every_instance_is_terminated(Leftovers("r", (ENDED, replace(ENDED, id="i-2", state=state)), ()))


@pytest.mark.parametrize("kind", ["volume", "snapshot", "address", "image", "notebook instance", "endpoint", "bucket"])
def test_anything_billed_is_not_met(kind):
    with pytest.raises(AssertionError, match=f"{kind} x-1"):
        final.test_nothing_is_left_that_costs_money(Leftovers("r", (), (Thing(kind, "x-1"),)))


WANTED = catalogue.load().image
NOBLE = Image("ami-1", "099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101", "x86_64")
DAY = datetime.date(2026, 11, 23)


@pytest.mark.parametrize(
    "name",
    [
        NOBLE.name,
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261001",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-amd64-server-20261101",
    ],
)
def test_ubuntu_in_support_has_no_objection(name):
    assert replace(NOBLE, name=name).objection(WANTED, DAY) == ""


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (replace(NOBLE, name="ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20200611"), "Ubuntu 18.04"),
        (replace(NOBLE, name="ubuntu/images/hvm-ssd-gp3/ubuntu-questing-25.10-amd64-server-2026"), "Ubuntu 25.10"),
        (replace(NOBLE, owner="137112412989", name="al2023-ami-2023.9-kernel-6.1-x86_64"), "not an Ubuntu"),
        (replace(NOBLE, owner="111122223333"), "of owner 111122223333"),
        (replace(NOBLE, architecture="arm64"), "for arm64"),
        (Image("ami-1", "", "", ""), "no longer registered"),
    ],
)
def test_other_images_are_objected_to(image, said):
    assert said in image.objection(WANTED, DAY)
