"""Spot: what it costs, what is asked for, what runs, and its end."""

import pytest


@pytest.mark.requirement("spot.price")
def test_current_spot_price_can_be_read(prices, context):
    """The region's current spot price of the instance type can be read."""
    hours, what = context.homework.spot.fresh_hours, f"{prices.instance_type} in {prices.region}"
    newest = max((f"the newest is of {price.since}" for price in prices.spot), default="there is none at all")
    assert prices.fresh(hours), f"no spot price of {what} is of the last {hours} h: {newest}, expected one of some zone"


@pytest.mark.requirement("spot.cheaper")
def test_spot_is_cheaper_than_on_demand(prices):
    """The spot price is below the on-demand price."""
    what, on_demand = f"{prices.instance_type} in {prices.region}", prices.ordinary
    assert prices.spot, f"no spot price of {what} to compare with"
    assert prices.lowest < on_demand, f"{what} costs {prices.lowest} as spot, expected less than {on_demand} on demand"


@pytest.mark.requirement("spot.options")
def test_options_ask_for_one_spot_instance_below_a_ceiling(spot_options, prices, advise):
    """The options file asks for a one-time spot instance with a ceiling above the spot price."""
    file, ceiling = spot_options.path, spot_options.ceiling
    market = spot_options.problem or f"{file}: MarketType is {spot_options.market_type or 'absent'}, expected spot"
    assert spot_options.is_spot, market
    assert spot_options.is_one_time, f"{file}: SpotInstanceType is {spot_options.request_type}, expected one-time"
    assert ceiling is not None, f"{file}: MaxPrice is {spot_options.max_price or 'absent'}, expected a price"
    assert not spot_options.refused, f"{file}: EC2 takes no {spot_options.refused} — leave that line out."
    assert ceiling > prices.lowest, f"{file}: MaxPrice is {ceiling}, expected more than the spot price {prices.lowest}"
    if ceiling > prices.ordinary:
        advise(f"MaxPrice {ceiling} is above the on-demand price {prices.ordinary}: nobody needs to pay that.")
    elif ceiling < prices.highest:
        advise(f"MaxPrice {ceiling} is below the spot price of some zones ({prices.highest}): leave some buffer.")


@pytest.mark.requirement("spot.launched")
def test_instance_really_runs_as_spot(spot_instance, spot_request):
    """An instance really runs as spot, and its request is active and one-time."""
    instance, request = spot_instance, spot_request
    assert instance.is_spot, f"instance {instance} is {instance.lifecycle}, expected spot"
    assert instance.is_running, f"spot instance {instance} is {instance.state}, expected running"
    assert request.is_active, f"spot request {request.id} is {request.state} ({request.status}), expected active"
    assert request.is_one_time, f"spot request {request.id} is {request.type}, expected one-time"


@pytest.mark.requirement("spot.terminated")
def test_spot_instance_and_request_are_over(spot_end):
    """The spot instance is terminated and its request closed."""
    request, state = spot_end.request, spot_end.request_state
    assert spot_end.end.is_terminated, f"spot instance {spot_end.end}, expected terminated"
    assert spot_end.request_is_over, f"spot request {request} is {state}, expected closed or cancelled"
