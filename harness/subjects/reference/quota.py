"""The quota that later homeworks need: asked for in time."""

from __future__ import annotations

from harness.aws import quotas
from harness.facts.quota import Quota as QuotaFacts
from harness.steps import step
from harness.subjects import observing


class Quota(observing.Quota):
    """Asks for the quota where neither it nor a request for it is there."""

    @step
    def requested(self) -> None:
        """Request the increase."""
        wanted = self.homework.quota
        quota = quotas.find_quota(self.aws, wanted.service, wanted.code)
        if quota.is_at_least(wanted.vcpus) or quota.was_asked_for(wanted.vcpus):
            return
        ledger = self.context.ledger
        with ledger.creating("quota-request", self.region, code=wanted.code, run=self.run_id) as creation:
            creation.id = quotas.request_increase(self.aws, wanted.service, wanted.code, wanted.vcpus)

    @step
    def quota(self) -> QuotaFacts:
        """Observe the quota and the requests for more of it, once there is one."""
        self.requested()
        return super().quota()
