"""The quota that later homeworks need."""

from __future__ import annotations

from harness.aws import quotas
from harness.facts.quota import Quota as QuotaFacts
from harness.steps import step
from harness.subjects.stage import Stage


class Quota(Stage):
    """Looks at the quota."""

    @step
    def quota(self) -> QuotaFacts:
        """Observe the quota and the requests for more of it."""
        return quotas.find_quota(self.aws, self.homework.quota.service, self.homework.quota.code)
