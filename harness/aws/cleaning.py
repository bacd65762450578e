"""Deleting what the k-means example made, and looking for it afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from botocore.exceptions import ClientError

from harness.aws import sagemaker_kinds as kinds
from harness.aws.kinds import Kind
from harness.aws.session import Aws
from harness.evidence import Evidence
from harness.facts.sagemaker import Cleaned, Thing
from harness.waiting import until

KINDS = {kind.name: kind for kind in kinds.KINDS}
WORDS = {
    kinds.ENDPOINT: "endpoint",
    kinds.CONFIG: "endpoint configuration",
    kinds.MODEL: "model",
    kinds.NOTEBOOK: "notebook instance",
    kinds.OBJECTS: "objects at",
    kinds.BUCKET: "bucket",
}
NOT_YET = frozenset({"IncorrectState", "BucketNotEmpty", "ResourceInUse"})

Known = tuple[str, str]
"""A kind of the ledger and an id."""


def delete(aws: Aws, thing: Known) -> None:
    """Delete one thing, stopping it first where that is needed, and wait until it was looked for and is absent.

    Raises :class:`~harness.errors.TimedOut` and botocore's errors.
    """
    kind, id = KINDS[thing[0]], thing[1]
    patience = aws.cloud.patience
    kind.prepare(aws, id)
    until(
        f"{WORDS[kind.name]} {id} is gone",
        lambda: _delete(aws, kind, id) and kind.is_gone(aws, id),
        timeout=kind.patience(patience),
        every=patience.poll,
    )


def _delete(aws: Aws, kind: Kind, id: str) -> bool:
    """Ask for the deletion; says whether AWS took the request or has done it already."""
    try:
        kind.delete(aws, id)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_YET:
            return False
        raise
    return True


def observe(aws: Aws, things: Sequence[Known]) -> Cleaned:
    """Look for each of these things."""
    looked_for = tuple(Thing(WORDS[kind], id) for kind, id in things)
    is_gone = [KINDS[kind].is_gone(aws, id) for kind, id in things]
    return Cleaned(
        looked_for=looked_for,
        remaining=tuple(thing for thing, gone in zip(looked_for, is_gone, strict=True) if not gone),
        evidence=tuple(
            Evidence("api", f"look for {thing}", "absent" if gone else "still there")
            for thing, gone in zip(looked_for, is_gone, strict=True)
        ),
    )
