"""EBS volumes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from harness.aws.answers import absence, filters, pages, tag_filters
from harness.aws.kinds import Kind, Rank
from harness.aws.session import Aws
from harness.facts.final import Volume
from harness.ledger import Entry


def find_volumes(aws: Aws, ids: Iterable[str]) -> tuple[Volume, ...]:
    """Return each volume with its state; one that EC2 does not know is ``deleted``."""
    return tuple(Volume(id, _find_state(aws, id)) for id in ids)


def find_unattached(aws: Aws) -> tuple[tuple[str, datetime.datetime], ...]:
    """Return id and time of creation of every volume that no instance has."""
    return tuple((v["VolumeId"], v["CreateTime"]) for v in _described(aws, filters(status="available")))


def _find_state(aws: Aws, id: str) -> str:
    found = _described(aws, filters(volume_id=id))
    return str(found[0]["State"]) if found else "deleted"


def _described(aws: Aws, wanted: list[dict[str, Any]]) -> list[Any]:
    return pages(aws, "ec2", "describe_volumes", "Volumes", Filters=wanted)


def delete_volume(aws: Aws, id: str) -> None:
    """Delete a volume; EC2 refuses (VolumeInUse) while an instance has it."""
    with absence("InvalidVolume.NotFound"):
        aws.client("ec2").delete_volume(VolumeId=id)


def _none(_aws: Aws, _entry: Entry) -> tuple[str, ...]:
    """Find nothing: a volume comes to be with its instance and is written down with its id."""
    return ()


def _is_gone(aws: Aws, id: str) -> bool:
    return _find_state(aws, id) in ("deleted", "deleting")


def _tagged(aws: Aws, tags: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(volume["VolumeId"] for volume in _described(aws, tag_filters(tags)))


KINDS = (Kind("volume", Rank.VOLUME, _none, delete_volume, _is_gone, tagged=_tagged),)
