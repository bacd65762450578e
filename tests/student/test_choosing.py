"""Which instance plays which role, where there are several or not what was asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import catalogue
from harness.facts.instances import GroupRef, Image, Instance
from harness.subjects.student.choosing import choose

HOMEWORK = catalogue.load()


def at(hour: float) -> str:
    """Return a time of the day of the homework."""
    return f"2026-11-23T{int(hour):02}:{round(hour % 1 * 60):02}:00+00:00"


def instance(id: str, type: str, *groups: str, key: str | None = "hw02", hour: float = 1, **given) -> Instance:
    wanted = {"state": "running", "lifecycle": "on-demand", "public_ip": "127.0.0.9"} | given
    return Instance(
        id=id,
        type=type,
        image=Image("ami-1", "", "", ""),
        key_name=key,
        vpc="vpc-1",
        subnet=None,
        groups=tuple(GroupRef(f"sg-{name}", name) for name in groups),
        private_ip=None,
        private_dns=None,
        public_dns=None,
        spot_request=None,
        volumes=(),
        launched=at(hour),
        region="us-east-1",
        **wanted,
    )


BASTION = instance("i-bastion", "t2.large", "PublicSG")
PRIVATE = instance("i-private", "t2.micro", "PrivateSG")
SPOT = instance("i-spot", "t2.micro", "PublicSG", lifecycle="spot")


def roles(*instances: Instance, is_up: bool = True) -> dict[str, str]:
    return {role: found.id for role, found in choose(instances, HOMEWORK, ("hw02",), is_up=is_up).items()}


RIGHT = {"bastion": "i-bastion", "private": "i-private", "spot": "i-spot"}


@pytest.mark.parametrize(
    "instances",
    [
        pytest.param((BASTION, PRIVATE, SPOT), id="as asked"),
        pytest.param((SPOT, PRIVATE, BASTION), id="in any order"),
        pytest.param((instance("i-bastion", "t2.micro", "PublicSG"), PRIVATE, SPOT), id="a small bastion"),
        pytest.param((instance("i-bastion", "t2.large", "default"), PRIVATE, SPOT), id="a bastion in another group"),
        pytest.param((instance("i-bastion", "t2.large", "PublicSG", key="x"), PRIVATE, SPOT), id="with another key"),
        pytest.param((BASTION, instance("i-private", "t2.micro", "PublicSG"), SPOT), id="the private one in public"),
        pytest.param((BASTION, instance("i-private", "t2.large", "PrivateSG"), SPOT), id="a large private one"),
        pytest.param((BASTION, PRIVATE, instance("i-spot", "t2.micro", "PublicSG")), id="the spot one on demand"),
        pytest.param(
            (BASTION, PRIVATE, instance("i-spot", "t2.nano", "default", lifecycle="spot")), id="another spot type"
        ),
        pytest.param((BASTION, PRIVATE, SPOT, instance("i-web", "m5.large", "web", key="other")), id="a stranger"),
        pytest.param(
            (BASTION, PRIVATE, SPOT, instance("i-first", "t2.large", "PublicSG", state="terminated", hour=2)),
            id="a first try that was terminated",
        ),
        pytest.param(
            (BASTION, PRIVATE, SPOT, instance("i-first", "t2.large", "PublicSG", hour=0)), id="the newest of two"
        ),
        pytest.param(
            (
                instance("i-bastion", "t2.large", "PrivateSG", hour=1),
                instance("i-private", "t2.micro", "PublicSG", hour=2),
                replace(SPOT, launched="2026-11-23T03:00:00+00:00"),
            ),
            id="groups swapped",
        ),
        pytest.param(
            (instance("i-bastion", "t2.large", "PrivateSG"), instance("i-private", "t2.micro", "PublicSG"), SPOT),
            id="groups swapped, launched at once",
        ),
        pytest.param(
            (
                instance("i-bastion", "t2.micro", "PublicSG", hour=1),
                instance("i-private", "t2.large", "PrivateSG", hour=2),
                replace(SPOT, launched="2026-11-23T03:00:00+00:00"),
            ),
            id="types swapped",
        ),
        pytest.param(
            (
                BASTION,
                instance("i-private", "t2.micro", "PublicSG", hour=2),
                instance("i-spot", "t2.micro", "PublicSG", hour=3),
            ),
            id="the private one in public, the spot one on demand",
        ),
    ],
)
def test_each_role_has_its_instance(instances) -> None:
    assert roles(*instances) == RIGHT


@pytest.mark.parametrize("missing", RIGHT)
def test_a_role_that_nobody_plays_is_left_out(missing) -> None:
    there = [one for one in (BASTION, PRIVATE, SPOT) if one.id != f"i-{missing}"]
    assert roles(*there) == {role: id for role, id in RIGHT.items() if role != missing}


def test_strangers_play_no_role() -> None:
    assert roles(instance("i-web", "m5.large", "web", key="other"), instance("i-db", "t3.small", "db")) == {}


def test_the_choice_says_why() -> None:
    rival = instance("i-rival", "t2.large", "PublicSG", hour=0)
    why = choose((BASTION, PRIVATE, SPOT, rival), HOMEWORK, ("hw02",))["bastion"].why
    assert "for the bastion: it is in PublicSG, it is a t2.large, its key is hw02" in why
    assert "i-rival (16)" in why


def test_a_later_try_that_still_runs_does_not_take_the_place_of_one_that_was_right() -> None:
    ended = [replace(one, state="terminated", public_ip=None) for one in (BASTION, PRIVATE, SPOT)]
    assert roles(*ended, instance("i-spare", "t2.micro", "PublicSG", hour=9), is_up=False) == RIGHT


@pytest.mark.parametrize(
    ("first", "again"),
    [
        pytest.param(BASTION, instance("i-again", "t2.large", "launch-wizard-1"), id="bastion in another group"),
        pytest.param(BASTION, instance("i-again", "t2.micro", "PublicSG"), id="bastion of another type"),
        pytest.param(SPOT, instance("i-again", "t2.large", "default", lifecycle="spot"), id="another spot instance"),
    ],
)
def test_while_all_is_up_a_first_try_that_has_ended_does_not_take_the_place_of_one_that_runs(first, again) -> None:
    others = [one for one in (BASTION, PRIVATE, SPOT) if one is not first]
    ended = replace(first, state="terminated", public_ip=None)
    found = roles(*others, ended, again)
    assert (first.id in found.values(), "i-again" in found.values()) == (False, True)


def test_a_private_instance_that_was_terminated_in_time_keeps_its_role() -> None:
    ended = replace(PRIVATE, state="terminated")
    assert roles(BASTION, ended, SPOT, instance("i-spare", "t2.micro", "PublicSG", hour=9)) == RIGHT


def test_many_candidates_are_chosen_from_in_a_moment() -> None:
    crowd = [instance(f"i-{n}", "t2.micro", "PublicSG", hour=9) for n in range(60)]
    assert roles(BASTION, PRIVATE, SPOT, *crowd) == RIGHT


def lived(one: Instance, hour: float, until: float, id: str | None = None, **given) -> Instance:
    """Return an instance that was launched and ended at these hours of the day."""
    changed = {"launched": at(hour), "ended": at(until), "state": "terminated", "public_ip": None} | given
    return replace(one, id=id or one.id, **changed)


ALIKE = {"bastion": BASTION, "private": PRIVATE, "spot": SPOT}
SERVED = {"bastion": lived(BASTION, 1, 6), "private": lived(PRIVATE, 1.1, 5), "spot": lived(SPOT, 2, 4)}
FLAWED = {
    "bastion": ({"type": "t2.micro"}, {"key_name": "other"}),
    "private": ({"type": "t2.nano"}, {"key_name": "other"}, {"groups": BASTION.groups}),
    "spot": ({"type": "m5.large"}, {"key_name": "other"}, {"groups": ()}),
}


@pytest.mark.parametrize("role", ALIKE)
@pytest.mark.parametrize("span", [(8, 8.1), (2, 2.1), (5.9, 6.2)], ids=["after all", "meanwhile", "towards the end"])
def test_a_trial_does_not_take_the_place_of_the_one_that_served(role, span) -> None:
    trial = lived(ALIKE[role], *span, "i-trial")
    for flaw in ({}, *FLAWED[role]):
        served = {**SERVED, role: replace(SERVED[role], **flaw)}
        assert roles(*served.values(), trial, is_up=False) == RIGHT, flaw


@pytest.mark.parametrize("role", ["bastion", "private"])
@pytest.mark.parametrize("state", ["running", "stopped"])
def test_one_that_came_when_its_partner_had_ended_served_nothing(role, state) -> None:
    late = replace(ALIKE[role], id="i-trial", launched=at(8), state=state)
    assert roles(*SERVED.values(), late, is_up=False) == RIGHT


def test_a_private_instance_that_was_not_terminated_keeps_its_role() -> None:
    left = replace(PRIVATE, launched=at(1.1))
    assert roles(SERVED["bastion"], left, SERVED["spot"], lived(PRIVATE, 7, 7.1, "i-trial"), is_up=False) == RIGHT


@pytest.mark.parametrize("role", ALIKE)
@pytest.mark.parametrize("state", ["running", "stopped", "pending"])
def test_while_all_is_up_a_trial_that_has_ended_does_not_take_the_place_of_one_that_was_there_before(
    role, state
) -> None:
    running = {name: replace(one, launched=at(hour)) for hour, (name, one) in enumerate(ALIKE.items(), 1)}
    trial = lived(ALIKE[role], 8, 8.1, "i-trial")
    for flaw in ({}, *FLAWED[role]):
        found = {**running, role: replace(running[role], state=state, **flaw)}
        assert roles(*found.values(), trial) == RIGHT, flaw


@pytest.mark.parametrize(
    "others",
    [
        pytest.param((lived(PRIVATE, 1, 2, "i-first"),), id="a first try before it"),
        pytest.param((lived(PRIVATE, 0, 0.9, "i-first"),), id="a first try before the bastion"),
        pytest.param((lived(BASTION, 0, 1, "i-first"),), id="a first bastion"),
        pytest.param((lived(BASTION, 0, 4.9, "i-first"),), id="a bastion that was replaced"),
        pytest.param((lived(BASTION, 0, 1, "i-a"), lived(PRIVATE, 0, 1, "i-b")), id="all done again"),
        pytest.param((lived(SPOT, 1, 1.5, "i-first"),), id="a first spot instance"),
        pytest.param((lived(PRIVATE, 1, 1.1, "i-first", ended=None),), id="one whose end nobody knows"),
    ],
)
def test_the_last_of_several_that_served_counts(others) -> None:
    assert roles(*SERVED.values(), *others, is_up=False) == RIGHT
