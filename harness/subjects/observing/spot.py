"""Spot: the prices, the options file, and the request behind an instance."""

from __future__ import annotations

import datetime
from pathlib import Path

from harness.aws import market, prices, spot
from harness.errors import CloudTrouble, Unmet
from harness.facts.instances import Instance
from harness.facts.spot import Options, Prices, Request
from harness.steps import step
from harness.subjects.stage import Stage


class Spot(Stage):
    """Looks at prices, options and request."""

    def instance(self) -> Instance:
        """Return the spot instance; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    @step
    def prices(self) -> Prices:
        """Observe what an hour costs, on the spot market and on demand."""
        wanted = self.homework.spot.instance_type
        now = datetime.datetime.now(datetime.UTC)
        on_demand = prices.find_on_demand(self.aws, wanted)
        if on_demand is None:
            raise CloudTrouble(f"the price list has no on-demand price of {wanted} in {self.region}")
        return Prices(wanted, self.region, now.isoformat(), spot.find_prices(self.aws, wanted, now), on_demand)

    @property
    def options_path(self) -> Path:
        """Return where the options file is."""
        return self.context.submission / self.homework.spot.options_file

    @step
    def options(self) -> Options:
        """Observe what the options file asks for."""
        return market.read_options(self.aws, self.options_path)

    @step
    def request(self) -> Request:
        """Observe the spot request behind the instance.

        Raises :class:`~harness.errors.CloudTrouble` where EC2 has taken the instance back.
        """
        instance = self.instance()
        id = instance.spot_request
        found = spot.find_request(self.aws, id) if id else spot.find_request_of(self.aws, instance.id)
        if found is None:
            raise Unmet("spot.launched", f"no spot request stands behind {instance.id}, which is {instance.lifecycle}")
        if found.was_taken_back:
            raise CloudTrouble(f"EC2 took spot instance {instance.id} back ({found.status})")
        return found
