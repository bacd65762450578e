"""The bill: what a run will cost, item by item, and what it has cost in the end."""

from __future__ import annotations

import contextlib
import datetime
import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.aws.asking import find_ml_price
from harness.aws.errors import ANY
from harness.aws.prices import find_on_demand
from harness.aws.session import Aws
from harness.costs import Item
from harness.ledger import Life
from harness.preflight.needs import Needs, Use

LISTED = "price list"


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Price:
    """US dollars an hour, and where that is from."""

    usd: float
    source: str


@dataclass(frozen=True)
class Line:
    """One item: what is used and what an hour of it costs."""

    use: Use
    price: Price

    @property
    def item(self) -> Item:
        """Return it as the reports have it."""
        use = self.use
        number = f"{use.count} × " if use.count > 1 else ""
        usd = round(use.count * use.hours * self.price.usd, 4)
        return Item(use.what, f"{number}{use.hours:.2g} h of {use.type}", usd, use.stage, self.price.source)


class Bill:
    """What is needed, priced."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = tuple(lines)

    @classmethod
    def of(cls, aws: Aws, needs: Needs) -> Bill:
        """Price what is needed: by the price list, and by the built-in table where that cannot be asked."""
        compute = (*needs.on_demand, *needs.spot)
        lines = [Line(use, _instance_price(aws, use.type)) for use in compute]
        lines += [Line(use, _ml_price(aws, use)) for use in needs.learning]
        small = [replace(use, what=f"volume of the {use.what}", type="a volume of 8 GB") for use in compute]
        lines += [Line(use, _of_table(aws.region, "volume")) for use in small]
        public = [use for use in compute if use.stage != "private"]
        small = [replace(use, what=f"address of the {use.what}", type="a public address") for use in public]
        lines += [Line(use, _of_table(aws.region, "address")) for use in small]
        return cls(lines)

    @property
    def items(self) -> tuple[Item, ...]:
        """Return the items."""
        return tuple(line.item for line in self.lines)

    @property
    def total(self) -> float:
        """Return what it comes to in US dollars."""
        return sum(item.usd for item in self.items)

    @property
    def by_stage(self) -> dict[str, float]:
        """Return what each stage comes to."""
        result: dict[str, float] = {}
        for item in self.items:
            result[item.stage] = result.get(item.stage, 0.0) + item.usd
        return result

    def spent(self, lives: Iterable[Life], now: datetime.datetime) -> Bill:
        """Return the bill for the hours that things really existed, by what the ledger says of them."""
        hours = dict(_hours(lives, now))
        return Bill(
            replace(line, use=replace(line.use, hours=hours[line.use.stage, _kind(line.use)]))
            for line in self.lines
            if (line.use.stage, _kind(line.use)) in hours
        )


# What the ledger calls what is billed by the hour, and for which stage; instances tell it by their client token.
_LEDGER = {
    "notebook-instance": ("sagemaker", "notebook instance"),
    "training-job": ("kmeans", "training job"),
    "endpoint": ("kmeans", "endpoint"),
}


def _kind(use: Use) -> str:
    return use.what if use.component else "instance"


def _hours(lives: Iterable[Life], now: datetime.datetime) -> Iterable[tuple[tuple[str, str], float]]:
    for life in lives:
        entry = life.entry
        if entry.id is None:
            continue
        seconds = ((life.ended or now) - life.begun).total_seconds()
        if entry.kind == "instance":
            yield (entry.find.get("token", "").rpartition("-")[2], "instance"), seconds / 3600
        elif entry.kind in _LEDGER:
            yield _LEDGER[entry.kind], seconds / 3600


def _instance_price(aws: Aws, instance_type: str) -> Price:
    found = _asked(lambda: find_on_demand(aws, instance_type))
    return Price(float(found), LISTED) if found else _of_table(aws.region, instance_type)


def _ml_price(aws: Aws, use: Use) -> Price:
    found = _asked(lambda: find_ml_price(aws, use.type, use.component))
    return Price(float(found), LISTED) if found else _of_table(aws.region, f"{use.type} {use.component}")


def _asked(question: Any) -> Any:
    """Return the answer, or ``None`` where the price list may not or cannot be asked."""
    with contextlib.suppress(*ANY):
        return question()
    return None


def _of_table(region: str, name: str) -> Price:
    table: Mapping[str, Any] = _table()
    usd = float(table["hourly"].get(name, table["hourly"]["other"]))
    where = 1.0 if region == "us-east-1" else float(table["elsewhere"])
    return Price(usd * where, f"approximate, table of {table['written']}")
