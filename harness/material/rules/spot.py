"""Spot instances: the options file, and the price that is looked up."""

from __future__ import annotations

import json
from collections.abc import Iterator

from harness.material.document import Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.words import meant


@rule("RQ008", "error")
def spot_options(material: Material) -> Iterator[Found]:
    """The options file asks for a one-time spot instance, under the name that is judged."""
    name = material.homework.spot.options_file
    for block in material.blocks("json"):
        if '"MarketType"' not in block.text and "SpotOptions" not in block.text:
            continue
        if block.path and block.path != name:
            yield Found(
                Place(block.place.line - 1),
                f"the file is judged under the name {name}, not {block.path}",
                f"write {name}",
            )
        try:
            data = json.loads(block.text)
        except (ValueError, RecursionError):
            continue
        inner = data.get("SpotOptions") if isinstance(data, dict) else None
        if not isinstance(inner, dict):
            yield Found(block.place, "spot.options asks for SpotOptions with a MaxPrice", "add them")
            continue
        for holder, key, wanted in ((data, "MarketType", "spot"), (inner, "SpotInstanceType", "one-time")):
            if holder.get(key) != wanted:
                place = _line_of(block.text, f'"{key}"')
                yield Found(
                    block.at(place), f"spot.options asks for {key} {wanted}, not {holder.get(key)}", f'write "{wanted}"'
                )
        if "MaxPrice" not in inner:
            row = _line_of(block.text, '"SpotOptions"')
            yield Found(block.at(row), "spot.options asks for a ceiling: MaxPrice is missing", "add it")


def _line_of(text: str, part: str) -> int:
    return text[: max(text.find(part), 0)].count("\n")


@rule("RQ009", "error")
def prices_of_what_is_launched(material: Material) -> Iterator[Found]:
    """The price that is looked up is that of the type that is launched as spot."""
    asked = material.homework.spot
    for line in material.aws:
        for word in line.options.get("--instance-types", ()) if line.operation == "describe-spot-price-history" else ():
            if word.text not in (asked.instance_type, *asked.accepted_types):
                yield Found(
                    word.place,
                    f"the spot instance is a {asked.instance_type}, the price looked up is that of a {word.text}",
                    f"write {asked.instance_type}",
                )
        if line.operation == "describe-spot-price-history" and line.options.get("--region"):
            word = line.options["--region"][0]
            launches = [other for other in material.aws if "--instance-market-options" in other.options]
            is_there = all(word.text in [one.text for one in launch.values("--region")] for launch in launches)
            if word.is_literal and "YOUR" not in word.text and not (launches and is_there):
                yield Found(
                    word.place,
                    f"the price of {word.text} is looked up, the instance is launched in the reader's region",
                    "leave --region out",
                )
        for word in line.options.get("--product-descriptions", ()):
            if word.is_literal and word.text not in _PRODUCTS:
                yield Found(
                    word.place,
                    f"no prices: there is no product {word.text!r}",
                    meant(word.text, _PRODUCTS, "write Linux/UNIX"),
                )


_PRODUCTS = (
    "Linux/UNIX",
    "Linux/UNIX (Amazon VPC)",
    "SUSE Linux",
    "SUSE Linux (Amazon VPC)",
    "Windows",
    "Windows (Amazon VPC)",
    "Red Hat Enterprise Linux",
)
