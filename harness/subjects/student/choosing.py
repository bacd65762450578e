"""Which instance is the bastion, which the private one, which the spot one: the best of all ways to say so.

Each instance plays one role at most. What speaks for an instance in a role has points; the roles are given out so that
the points add up to the most. An instance for which too little speaks is somebody else's, and plays none. In which role
each of the chosen ones is, the order of their launches has a say in: where the groups of two were swapped, or their
types, neither tells which was meant for what.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.catalogue import Homework
from harness.facts.instances import Instance
from harness.subjects.student.trials import Life, is_trial, lives

ROLES = ("bastion", "private", "spot")
ENOUGH = 5
"""Points of group, type, key and market without which an instance is nobody's: two of them, about."""
RUNNING, RAN = 4, 2
"""Points of one that runs, while all are to run and after their end; the difference makes up for a wrong type."""
SPOT_RUNNING = 6
"""The same of a spot instance: more than its group, type and key have together, none of which is asked of it."""
SPOT = 6
"""Points of one that is spot, in that role."""
IN_ORDER = 3
"""Points of each two that were launched in the order of the homework, which is that of :data:`ROLES`."""
OF_ITS_TYPE = 2
"""Points of one that is of the type of its role: ids of groups are mistaken for one another sooner than types are."""
TRIAL = 5
"""Points that a trial lacks beside the instance that served: more than a wrong group or a wrong type costs that one."""
MOST = 12
"""Candidates that are tried in all combinations: with three roles, about 2,000 of them."""


@dataclass(frozen=True)
class Claim:
    """What speaks for an instance in a role: ``firm`` points make it a candidate, ``loose`` ones tell them apart."""

    firm: int
    loose: int
    words: tuple[str, ...]

    @property
    def points(self) -> int:
        return self.firm + self.loose


def choose(
    instances: Iterable[Instance], homework: Homework, key_names: Collection[str], roles: Sequence[str] = ROLES,
    *, is_up: bool = True,
) -> dict[str, Instance]:  # fmt: skip
    """Return an instance for each role that can be filled, each with the reason why it was taken.

    ``is_up`` says that they are to run: then one that has ended was a first try, where another runs that will do.
    """
    ordered = sorted(instances, key=lambda instance: instance.launched, reverse=True)
    claims = {
        (role, instance.id): claim
        for instance in ordered
        for role in roles
        if (claim := _claim(role, instance, homework, key_names, _of_running(role, is_up=is_up))).firm >= ENOUGH
    }
    candidates = _promising(ordered, roles, claims)
    known = lives(ordered)
    chosen = max(
        _castings(candidates, len(roles)),
        key=lambda casting: _without_trials(casting, roles, claims, known, is_up=is_up),
    )
    best = max(
        itertools.permutations(chosen),
        key=lambda casting: (
            _points(casting, roles, claims)[0]
            + IN_ORDER * _in_order(casting)
            + OF_ITS_TYPE * _of_their_types(casting, roles, homework)
        ),
    )
    return {
        role: replace(instance, why=_why(role, instance, claims))
        for role, instance in zip(roles, best, strict=True)
        if instance is not None and (role, instance.id) in claims
    }


def rivals(
    role: str, chosen: Mapping[str, Instance], instances: Iterable[Instance], homework: Homework,
    key_names: Collection[str],
) -> list[Instance]:  # fmt: skip
    """Return the running instances for which as much speaks as for the one chosen for a role, and which play none."""
    cast = {instance.id for instance in chosen.values()}
    of_it = _claim(role, chosen[role], homework, key_names, RUNNING).points
    return [
        instance
        for instance in instances
        if instance.id not in cast
        and instance.is_running
        and _claim(role, instance, homework, key_names, RUNNING).points >= of_it
    ]


def _promising(ordered: list[Instance], roles: Sequence[str], claims: dict[tuple[str, str], Claim]) -> list[Instance]:
    """Return those with a claim, at most :data:`MOST`, the strongest first and of equal ones the newest."""
    strength = {
        instance.id: max(
            (claims[role, instance.id].points for role in roles if (role, instance.id) in claims), default=0
        )
        for instance in ordered
    }
    able = [instance for instance in ordered if strength[instance.id]]
    return sorted(able, key=lambda instance: -strength[instance.id])[:MOST]


def _castings(candidates: list[Instance], size: int) -> Iterable[tuple[Instance | None, ...]]:
    """Yield every way to fill the roles; earlier candidates come first, so that they are taken among equals."""
    yield from itertools.permutations((*candidates, *[None] * size), size)


def _points(
    casting: tuple[Instance | None, ...], roles: Sequence[str], claims: dict[tuple[str, str], Claim]
) -> tuple[int, int]:
    """Return the points and, of castings with as many, those that no running instance of a later try can get."""
    cast = [(role, instance.id) for role, instance in zip(roles, casting, strict=True) if instance is not None]
    points = sum(claims[part].points if part in claims else -1 for part in cast)
    return points, sum(claims[part].firm for part in cast if part in claims)


def _without_trials(
    casting: tuple[Instance | None, ...], roles: Sequence[str], claims: dict[tuple[str, str], Claim],
    known: Mapping[str, Life], *, is_up: bool,
) -> tuple[int, int]:  # fmt: skip
    """Return the points of a casting, less those of each that was only a trial beside one that it leaves out."""
    cast = {
        role: one.id for role, one in zip(roles, casting, strict=True) if one is not None and (role, one.id) in claims
    }
    points, firm = _points(casting, roles, claims)
    trials = sum(
        is_trial(role, id, cast, _left_out(role, id, cast, claims), known, is_up=is_up) for role, id in cast.items()
    )
    return points - TRIAL * trials, firm


def _left_out(role: str, id: str, cast: Mapping[str, str], claims: dict[tuple[str, str], Claim]) -> Iterable[str]:
    """Yield those that would do in a role as well: that play none, or one that such a one would do better in."""
    free = {part: claim for part, claim in claims.items() if part[1] not in cast.values()}
    plays = {other: part for part, other in cast.items() if other != id}
    for (wanted, other), claim in claims.items():
        # Spot is what that instance is first of all.
        is_alike = role != "spot" or (claim.firm >= SPOT) == (claims[role, id].firm >= SPOT)
        if wanted == role and other != id and is_alike:
            own = plays.get(other)
            least = claims[own, other].points if own else 0
            if own is None or any(part == own and rival.points > least for (part, _), rival in free.items()):
                yield other


def _in_order(casting: Sequence[Instance | None]) -> int:
    """Return how many pairs of a casting were launched one after the other, as their roles are."""
    launches = [instance.launched for instance in casting if instance is not None]
    return sum(earlier <= later for earlier, later in itertools.combinations(launches, 2))


def _of_their_types(casting: Sequence[Instance | None], roles: Sequence[str], homework: Homework) -> int:
    """Return how many of a casting are of a type that was asked for in their role."""
    cast = zip(roles, casting, strict=True)
    return sum(instance is not None and instance.type in _types(role, homework) for role, instance in cast)


def _claim(role: str, instance: Instance, homework: Homework, key_names: Collection[str], running: int) -> Claim:
    group = homework.network.private_group if role == "private" else homework.network.public_group
    asked = _types(role, homework)
    is_spot = instance.is_spot == (role == "spot")
    # Of the spot instance no group and no type is asked, so that these say less of it.
    firm = (
        (4 if role != "spot" else 1, group in instance.group_names, f"it is in {group}"),
        (3 if role != "spot" else 2, instance.type in asked, f"it is a {instance.type}"),
        (2, instance.key_name in key_names, f"its key is {instance.key_name}"),
        (SPOT, role == "spot" and instance.is_spot, "it runs as spot"),
    )
    loose = (
        (running, instance.is_running, f"it is {instance.state}"),
        (2, role != "spot" and is_spot, "it is on demand"),
        (1, role == "bastion" and instance.public_ip is not None, "it has a public address"),
    )
    words = tuple(word for _, is_so, word in (*firm, *loose) if is_so)
    return Claim(sum(p for p, is_so, _ in firm if is_so), sum(p for p, is_so, _ in loose if is_so), words)


def _of_running(role: str, *, is_up: bool) -> int:
    """Return the points of an instance that runs."""
    if not is_up:
        return RAN
    return SPOT_RUNNING if role == "spot" else RUNNING


def _types(role: str, homework: Homework) -> tuple[str, ...]:
    if role == "bastion":
        return homework.bastion.instance_type, *homework.bastion.accepted_types
    if role == "private":
        return homework.private.instance_type, *homework.private.accepted_types
    return homework.spot.instance_type, *homework.spot.accepted_types


def _why(role: str, instance: Instance, claims: dict[tuple[str, str], Claim]) -> str:
    claim = claims[role, instance.id]
    rivals = [f"{id} ({rival.points})" for (other, id), rival in claims.items() if other == role and id != instance.id]
    seen = f" ({claim.points} points); others: {', '.join(rivals)}" if rivals else ""
    return f"for the {role}: {', '.join(claim.words)}{seen}"
