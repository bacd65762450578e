"""What a run costs, item by item: written into its directory by whoever estimates it, read by the reports."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import cattrs

NAME = "cost.json"


@dataclass(frozen=True)
class Item:
    """One line of the bill: ``quantity`` in words ("0.4 h of ml.m4.xlarge"), ``usd`` what it comes to.

    ``stage`` is the stage of the homework that it belongs to, ``source`` where its price is from.
    """

    what: str
    quantity: str
    usd: float
    stage: str = ""
    source: str = ""


def write(directory: Path, items: Iterable[Item]) -> None:
    """Write a run's items down; without any nothing is written."""
    lines = [asdict(item) for item in items]
    if lines:
        (directory / NAME).write_text(json.dumps({"schema": 1, "items": lines}, indent=1) + "\n", encoding="utf-8")


def read(directory: Path) -> tuple[Item, ...]:
    """Return a run's items, none where none were written or none can be read."""
    try:
        data = json.loads((directory / NAME).read_text(encoding="utf-8"))
        return cattrs.structure(data["items"], tuple[Item, ...])
    except (OSError, ValueError, TypeError, LookupError, cattrs.BaseValidationError):
        return ()
