"""The tests of spot and quota judge right and wrong homeworks as they should; the facts are made up here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import catalogue
from harness.facts.final import End, SpotEnd
from harness.facts.instances import Image, Instance
from harness.facts.quota import Quota, Request
from harness.facts.spot import Options, Price, Prices
from harness.facts.spot import Request as SpotRequest
from tests.homework import test_quota as quota
from tests.homework import test_spot as spot


class Context:
    homework = catalogue.load()


NOW = "2026-11-23T12:00:00+00:00"
PRICES = Prices(
    "t2.micro", "us-east-1", NOW,
    (
        Price("us-east-1a", "0.0041", "2026-11-23T03:00:00+00:00"),
        Price("us-east-1b", "0.0050", "2026-11-20T03:00:00+00:00"),
    ),
    "0.0116000000",
)  # fmt: skip


def test_one_fresh_zone_is_met():
    spot.test_current_spot_price_can_be_read(PRICES, Context)
    spot.test_spot_is_cheaper_than_on_demand(PRICES)


def test_no_price_and_stale_prices_are_not_met():
    with pytest.raises(AssertionError, match="no spot price"):
        spot.test_current_spot_price_can_be_read(replace(PRICES, spot=()), Context)
    with pytest.raises(AssertionError, match="2026-11-20"):
        spot.test_current_spot_price_can_be_read(replace(PRICES, spot=PRICES.spot[1:]), Context)


def test_spot_as_dear_as_on_demand_is_not_met():
    with pytest.raises(AssertionError, match="expected less than"):
        spot.test_spot_is_cheaper_than_on_demand(replace(PRICES, on_demand="0.0041"))


OPTIONS = Options("spot-options.json", "", "spot", "one-time", "0.0100")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"problem": "spot-options.json is not JSON"}, "not JSON"),
        ({"market_type": "capacity-block"}, "MarketType is capacity-block"),
        ({"market_type": ""}, "MarketType is absent"),
        ({"request_type": "persistent"}, "SpotInstanceType is persistent"),
        ({"max_price": None}, "MaxPrice is absent"),
        ({"max_price": "cheap"}, "MaxPrice is cheap"),
        ({"max_price": "NaN"}, "MaxPrice is NaN"),
        ({"max_price": "Infinity"}, "MaxPrice is Infinity"),
        ({"max_price": "0.0041"}, "expected more than the spot price"),
        ({"max_price": "0.001"}, "expected more than the spot price"),
    ],
)
def test_wrong_options_are_not_met(changes, said):
    with pytest.raises(AssertionError, match=said):
        spot.test_options_ask_for_one_spot_instance_below_a_ceiling(replace(OPTIONS, **changes), PRICES, [].append)


@pytest.mark.parametrize(("price", "advised"), [("0.0100", ""), ("0.05", "above the on-demand"), ("0.0045", "buffer")])
def test_ceiling_is_met_and_advised(price, advised):
    advice: list[str] = []
    spot.test_options_ask_for_one_spot_instance_below_a_ceiling(
        replace(OPTIONS, max_price=price), PRICES, advice.append
    )
    assert advised in "".join(advice)
    assert bool(advised) == bool(advice)


INSTANCE = Instance(
    "i-1", "t2.micro", "running", Image("ami-1", "099720109477", "n", "x86_64"), "k", "vpc-1", "s1", (), "172.31.0.1",
    "ip", "203.0.113.1", "ec2", "spot", "sir-1", (), NOW, "us-east-1",
)  # fmt: skip
REQUEST = SpotRequest("sir-1", "active", "one-time", "fulfilled", "0.0100", "i-1")


@pytest.mark.parametrize(
    ("instance", "request_", "said"),
    [
        (replace(INSTANCE, lifecycle="on-demand"), REQUEST, "i-1 is on-demand"),
        (replace(INSTANCE, state="stopped"), REQUEST, "i-1 is stopped"),
        (INSTANCE, replace(REQUEST, state="open", status="capacity-not-available"), "sir-1 is open"),
        (INSTANCE, replace(REQUEST, type="persistent"), "sir-1 is persistent"),
    ],
)
def test_instance_that_is_no_one_time_spot_is_not_met(instance, request_, said):
    spot.test_instance_really_runs_as_spot(INSTANCE, REQUEST)
    with pytest.raises(AssertionError, match=said):
        spot.test_instance_really_runs_as_spot(instance, request_)


@pytest.mark.parametrize("state", ["closed", "cancelled", "failed", None])
def test_ended_spot_is_met(state):
    spot.test_spot_instance_and_request_are_over(SpotEnd(End("i-1", "terminated"), "sir-1", state))


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (SpotEnd(End("i-1", "stopped"), "sir-1", "closed"), "i-1 stopped"),
        (SpotEnd(End("i-1", "terminated"), "sir-1", "open"), "sir-1 is open"),
        (SpotEnd(End("i-1", "running"), "sir-1", "cancelled"), "i-1 running"),
    ],
)
def test_spot_that_goes_on_is_not_met(end, said):
    with pytest.raises(AssertionError, match=said):
        spot.test_spot_instance_and_request_are_over(end)


QUOTA = Quota("ec2", "L-417A185B", "Running On-Demand P instances", "us-east-1", 0.0, ())


@pytest.mark.parametrize(
    "seen",
    [
        replace(QUOTA, value=8.0),
        replace(QUOTA, value=64.0, requests=(Request("r", 64.0, "CASE_CLOSED"),)),
        replace(QUOTA, requests=(Request("r", 8.0, "PENDING"),)),
        replace(QUOTA, requests=(Request("r", 16.0, "CASE_OPENED"),)),
        replace(QUOTA, requests=(Request("q", 4.0, "DENIED"), Request("r", 8.0, "APPROVED"))),
    ],
)
def test_quota_granted_or_asked_for_is_met(seen):
    quota.test_gpu_vcpus_were_asked_for(seen, Context)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (QUOTA, "no request"),
        (replace(QUOTA, value=4.0), "is 4"),
        (replace(QUOTA, requests=(Request("r", 4.0, "PENDING"),)), "4 PENDING"),
        (replace(QUOTA, requests=(Request("r", 8.0, "DENIED"),)), "8 DENIED"),
        (replace(QUOTA, requests=(Request("r", 8.0, "NOT_APPROVED"), Request("s", 8.0, "CASE_CLOSED"))), "CASE_CLOSED"),
    ],
)
def test_quota_neither_granted_nor_asked_for_is_not_met(seen, said):
    with pytest.raises(AssertionError, match=said):
        quota.test_gpu_vcpus_were_asked_for(seen, Context)
