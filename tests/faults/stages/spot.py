"""Spot: prices, options, the instance and its end gone wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.facts.final import End
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("spot")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown
FILE = "spot-options.json"
SPOT: dict[str, Any] = {
    "MaxPrice": "0.0100",
    "SpotInstanceType": "one-time",
    "InstanceInterruptionBehavior": "terminate",
}


def _file(text: str) -> Callable[[Environment], None]:
    return lambda env: env.write(FILE, text)


def _options(**spot: Any) -> Callable[[Environment], None]:
    wanted = {name: value for name, value in {**SPOT, **spot}.items() if value is not None}
    return _file(json.dumps({"MarketType": "spot", "SpotOptions": wanted}))


for name, sentence, text in (
    ("options-not-json", "spot-options.json has single quotes.", "{'MarketType': 'spot'}"),
    ("options-without-market", "MarketType was left out.", json.dumps({"SpotOptions": SPOT})),
    ("options-unknown-key", "The ceiling is written as maxPrice.",
     json.dumps({"MarketType": "spot", "SpotOptions": {"maxPrice": "0.01"}})),
    ("options-price-as-number", "The ceiling is a number, which the aws command does not take.",
     json.dumps({"MarketType": "spot", "SpotOptions": {**SPOT, "MaxPrice": 0.01}})),
    ("options-of-capacity-blocks", "MarketType is capacity-block.",
     json.dumps({"MarketType": "capacity-block", "SpotOptions": SPOT})),
):  # fmt: skip
    TABLE.add(name, sentence, _file(text), "control", "spot.options")
TABLE.add("ceiling-below-the-price", "The ceiling is below the spot price, so nothing is launched.",
          _options(MaxPrice="0.0001"), "control", "spot.options")  # fmt: skip
TABLE.add("no-ceiling", "MaxPrice was left out.", _options(MaxPrice=None), "control", "spot.options")
TABLE.add("persistent-request", "The request is persistent.",
          _options(SpotInstanceType="persistent", InstanceInterruptionBehavior="stop"), "control",
          "spot.options", "spot.launched")  # fmt: skip


@fault("control", "spot.options")
def no_options_file(env: Environment) -> None:
    """spot-options.json was not handed in."""
    (env.submission / FILE).unlink()


@shown("control", "spot.options")
def ceiling_in_words(env: Shown) -> None:
    """The ceiling says "cheap"; the instance was launched with other options."""
    env.seen("spot_options", lambda seen: replace(seen, max_price="cheap"))


@fault("control", "spot.launched")
def launched_on_demand(env: Environment) -> None:
    """The instance was launched without --instance-market-options."""

    def launch() -> str:
        instances = env.subject.instances
        return str(instances._launched("spot", "t2.micro", env.subject.network.public_id(), public=True))

    env.instead("spot.launched", launch)


@fault("control", "spot.launched")
def spot_instance_gone_early(env: Environment) -> None:
    """The spot instance was terminated before it was looked at."""

    def ended(instance: Any) -> Any:
        from harness.aws import instances

        instances.terminate(env.aws, instance.id)
        return instances.until_terminated(env.aws, instance.id)

    env.after("spot.instance", ended)


@fault("control", "spot.launched")
def request_cancelled(env: Environment) -> None:
    """The spot request was cancelled, which leaves the instance running."""
    env.after(
        "spot.instance",
        lambda instance: env.ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[instance.spot_request]) and None,
    )


@fault("control", "spot.launched")
def on_demand_beside_a_request(env: Environment) -> None:
    """The instance looked at is an on-demand one, beside a spot request that is active."""
    env.after("spot.request", lambda _: None)
    env.after("spot.instance", lambda instance: replace(instance, lifecycle="on-demand"))


@shown("control", "spot.price", "spot.cheaper")
def no_price_in_the_region(env: Shown) -> None:
    """The region has no spot price of the instance type."""
    env.seen("prices", lambda seen: replace(seen, spot=()))


@shown("control", "spot.price")
def old_prices(env: Shown) -> None:
    """The prices are those of last year."""
    env.seen(
        "prices",
        lambda seen: replace(seen, spot=tuple(replace(one, since="2025-01-01T00:00:00+00:00") for one in seen.spot)),
    )


@shown("control", "spot.cheaper", "spot.options")
def dear_spot(env: Shown) -> None:
    """Spot is dearer than on demand in this region, and than the ceiling."""
    env.seen("prices", lambda seen: replace(seen, spot=tuple(replace(one, usd="0.0200") for one in seen.spot)))


@shown("control", "spot.cheaper")
def spot_as_dear_as_on_demand(env: Shown) -> None:
    """Spot costs as much as on demand."""
    env.seen(
        "prices",
        lambda seen: replace(seen, on_demand="0.0042", spot=tuple(replace(one, usd="0.0042") for one in seen.spot)),
    )


TABLE.add("ceiling-above-on-demand", "The ceiling is above the on-demand price.", _options(MaxPrice="0.05"), "control")
TABLE.add("one-time-by-default", "The file names no type of request, which is one-time.",
          _options(SpotInstanceType=None, InstanceInterruptionBehavior=None), "control")  # fmt: skip
TABLE.add("ceiling-with-few-digits", "The ceiling is written as .01.", _options(MaxPrice=".01"), "control")


# Its end.


def _not_ended(env: Environment, work: Callable[[str], str]) -> None:
    final = env.subject.final
    terminate = final._terminated

    def ended(id: str) -> End:
        return End(id, work(id)) if id == env.subject.spot.instance().id else terminate(id)

    final._terminated = ended  # type: ignore[method-assign]


@fault("hand-in", "spot.terminated", "final.instances-terminated", "final.nothing-billed")
def spot_instance_left_running(env: Environment) -> None:
    """The spot instance was forgotten."""
    _not_ended(env, lambda _: "running")


@fault("hand-in", "spot.terminated", "final.instances-terminated", "final.nothing-billed")
def only_the_request_cancelled(env: Environment) -> None:
    """The spot request was cancelled, and its instance left running."""

    def cancelled(_: str) -> str:
        request = env.subject.spot.instance().spot_request
        env.ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[request])
        return "running"

    _not_ended(env, cancelled)


@shown("hand-in", "spot.terminated")
def request_left_open(env: Shown) -> None:
    """The instance is terminated, but its request is open and will launch another."""
    env.seen("spot_end", lambda seen: replace(seen, request_state="open"))


# What students also do.

for name, sentence, given in (
    ("ceiling-with-a-sign", "The ceiling is written as $0.01.", {"MaxPrice": "$0.01"}),
    ("ceiling-with-a-comma", "The ceiling is written as 0,01.", {"MaxPrice": "0,01"}),
    ("one-time-misspelt", "The type of request is written as onetime.", {"SpotInstanceType": "onetime"}),
    ("ceiling-of-nothing", "The ceiling is empty.", {"MaxPrice": ""}),
    ("ceiling-with-a-blank", "There is a blank before the ceiling.", {"MaxPrice": " 0.01"}),
    ("ceiling-with-an-underscore", "The ceiling is written as 0_1.", {"MaxPrice": "0_1"}),
    ("ceiling-in-other-digits", "The ceiling is written in Arabic digits.", {"MaxPrice": "\u0660.\u0660\u0661"}),
    ("ceiling-with-its-unit", "The ceiling is written as 0.01 USD.", {"MaxPrice": "0.01 USD"}),
    ("ceiling-below-zero", "The ceiling is negative.", {"MaxPrice": "-0.01"}),
    (
        "one-time-that-stops",
        "A one-time request is to stop its instance, which EC2 refuses.",
        {"InstanceInterruptionBehavior": "stop"},
    ),
    (
        "interruption-misspelt",
        "What becomes of the instance is written as Terminate.",
        {"InstanceInterruptionBehavior": "Terminate"},
    ),
    (
        "one-time-with-an-end",
        "A one-time request has an end, which EC2 takes for persistent ones only.",
        {"ValidUntil": "2030-01-01T00:00:00Z"},
    ),
):
    TABLE.add(name, sentence, _options(**given), "control", "spot.options")
TABLE.add("ceiling-in-scientific-form", "The ceiling is written as 1e-2.", _options(MaxPrice="1e-2"), "control")
TABLE.add("options-from-windows", "spot-options.json has a byte order mark and the line ends of Windows.",
          _file("\ufeff" + json.dumps({"MarketType": "spot", "SpotOptions": SPOT}, indent=1).replace("\n", "\r\n")),
          "control")  # fmt: skip
TABLE.add("options-for-the-whole-command", "The options stand below InstanceMarketOptions, as in a skeleton.",
          _file(json.dumps({"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": SPOT}})), "control",
          "spot.options")  # fmt: skip
TABLE.add("options-twice", "The options stand in a list.", _file(json.dumps([{"MarketType": "spot"}])), "control",
          "spot.options")  # fmt: skip
TABLE.add("options-side-by-side", "The options stand beside MarketType, not below SpotOptions.",
          _file(json.dumps({"MarketType": "spot", **SPOT})), "control", "spot.options")  # fmt: skip
TABLE.add("options-with-a-comment", "The file has a comment.",
          _file(json.dumps({"MarketType": "spot", "SpotOptions": SPOT}, indent=1).replace("\n", " // mine\n", 1)),
          "control", "spot.options")  # fmt: skip
TABLE.add("options-empty", "spot-options.json is empty.", _file(""), "control", "spot.options")
TABLE.add("options-with-interruption", "The file says that the instance is terminated when it is interrupted.",
          _options(InstanceInterruptionBehavior="terminate"), "control")  # fmt: skip


@shown("control", "spot.launched")
def shutting_down(env: Shown) -> None:
    """The spot instance is shutting down, and its request is not closed yet."""
    env.seen("spot_instance", lambda seen: replace(seen, state="shutting-down"))
