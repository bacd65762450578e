"""Spot: the prices, the options file, and an instance launched with it."""

from __future__ import annotations

import datetime
from pathlib import Path

from harness.aws import instances, market, prices, spot
from harness.aws.errors import translated
from harness.errors import CloudTrouble, Unmet
from harness.facts.instances import Instance
from harness.facts.spot import Options, Prices, Request
from harness.steps import shared_step, step
from harness.subjects.reference.launching import until_running
from harness.subjects.reference.stage import Stage


class Spot(Stage):
    """Compares prices and launches a spot instance with the submission's options."""

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

    @shared_step
    def launched(self) -> str:
        """Launch an instance with the options file, as it is; returns the instance's id."""
        options = self.options()
        if options.problem or not options.is_spot:
            raise Unmet("spot.options", options.problem or f"{options.path} does not ask for a spot instance")
        too_low = Unmet("spot.options", f"EC2 launches nothing for a MaxPrice of {options.max_price}")
        token = f"{self.run_id}-spot"
        key_name = self.subject.account.key_pair().name
        with (
            translated(SpotMaxPriceTooLow=too_low),
            self.context.ledger.creating("instance", self.region, token=token, run=self.run_id) as creation,
        ):
            creation.id, request = instances.launch(
                self.aws,
                image=self.subject.instances.image().id,
                instance_type=self.homework.spot.instance_type,
                key_name=key_name,
                groups=[self.subject.network.public_made()],
                public=True,
                token=token,
                tags={**self.context.tags, "Name": f"spot {self.run_id}"},
                market=market.read_market(self.options_path),
            )
        if request is not None:
            self.context.ledger.found("spot-request", self.region, request, run=self.run_id)
        return creation.id

    @step
    def instance(self) -> Instance:
        """Observe the instance once it runs."""
        return until_running(self, self.launched())

    @step
    def request(self) -> Request:
        """Observe the spot request behind the instance."""
        instance = self.instance()
        id = instance.spot_request
        found = spot.find_request(self.aws, id) if id else spot.find_request_of(self.aws, instance.id)
        if found is None:
            raise Unmet("spot.launched", f"no spot request stands behind {instance.id}, which is {instance.lifecycle}")
        return found
