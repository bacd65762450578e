"""What a kind of resource must offer so that a run can be swept to nothing.

The sweep itself is :mod:`harness.sweep`; modules of this package that create things export a tuple of kinds
(``KINDS``) for its table.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.aws.session import Aws
from harness.cloud import Patience
from harness.ledger import Entry

RUN_TAG = "acceptance-run"
"""The tag by which everything that a run creates is known."""


class Rank(enum.IntEnum):
    """When a kind is deleted: what uses another thing goes before the thing that it uses."""

    TRAINING_JOB = 10
    ENDPOINT = 20
    ENDPOINT_CONFIG = 30
    MODEL = 40
    NOTEBOOK_INSTANCE = 50
    OBJECTS = 60
    BUCKET = 70
    LOG_GROUP = 80
    ROLE = 90
    SPOT_REQUEST = 100
    INSTANCE = 110
    ADDRESS = 120
    VOLUME = 130
    IMAGE = 140
    SECURITY_GROUP = 160
    KEY_PAIR = 170
    BUDGET = 180
    USER = 190
    USER_GROUP = 200


def _nothing(_aws: Aws, _id: str) -> None:
    pass


def _untagged(_aws: Aws, _tags: Mapping[str, str]) -> tuple[str, ...]:
    return ()


def _instance(patience: Patience) -> float:
    return patience.instance


@dataclass(frozen=True)
class Kind:
    """A kind of resource, as the ledger names it in ``Entry.kind``.

    Every function raises botocore's errors as they come, except that a thing already gone is no error.
    """

    name: str
    rank: Rank
    find: Callable[[Aws, Entry], tuple[str, ...]]
    """Look an intent without an id up by ``Entry.find``; returns the ids of what this run made, and of nothing else."""
    delete: Callable[[Aws, str], None]
    """Ask for the deletion; need not wait for its end."""
    is_gone: Callable[[Aws, str], bool]
    """Look for the thing; true once it is absent (for an instance: terminated)."""
    prepare: Callable[[Aws, str], None] = _nothing
    """Done for every thing of the kind before the first is deleted: stop it, cut what ties it to another."""
    tagged: Callable[[Aws, Mapping[str, str]], tuple[str, ...]] = _untagged
    """Find by the run's tags, for what the ledger does not know, where the kind has tags."""
    patience: Callable[[Patience], float] = _instance
    """Which of the cloud's limits the wait for its absence has."""
