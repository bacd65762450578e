"""Spot: the prices, the options file, and an instance launched with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.aws import instances, market
from harness.aws.errors import translated
from harness.errors import Unmet
from harness.facts.instances import Instance
from harness.steps import shared_step, step
from harness.subjects import observing
from harness.subjects.reference.launching import until_running

if TYPE_CHECKING:
    from harness.subjects.reference import Reference


class Spot(observing.Spot):
    """Compares prices and launches a spot instance with the submission's options."""

    subject: Reference

    @shared_step
    def launched(self) -> str:
        """Launch an instance with the options file, as it is; returns the instance's id."""
        options = self.options()
        if options.problem or not options.is_spot:
            raise Unmet("spot.options", options.problem or f"{options.path} does not ask for a spot instance")
        if options.refused:
            raise Unmet("spot.options", f"{options.path}: EC2 takes no {options.refused}")
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
                groups=[self.subject.network.public_id()],
                public=True,
                token=token,
                minutes=self.context.minutes_left,
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
