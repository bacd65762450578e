"""Calls that the homework needs and moto lacks: each file one matter, registered with the cloud's routes.

A handler takes the call and returns the result in botocore's shape, so that each could become a moto response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.offline.cloud import OfflineCloud


def register(cloud: OfflineCloud) -> None:
    """Answer the calls that moto lacks, and those that it answers wrongly."""
    from harness.offline.gaps import budgets, identities, pricing, simulate
    from harness.offline.gaps.console import Console
    from harness.offline.gaps.event_history import EventHistory
    from harness.offline.gaps.service_quotas import ServiceQuotas
    from harness.offline.gaps.spot_prices import describe_spot_price_history

    routes = cloud.routes
    ServiceQuotas(cloud.quotas).register(routes)
    pricing.register(routes)
    routes.intercept("budgets", "DescribeSubscribersForNotification", budgets.describe_subscribers)
    routes.intercept("iam", "SimulatePrincipalPolicy", simulate.simulate_principal_policy)
    routes.intercept("iam", "SimulateCustomPolicy", simulate.simulate_custom_policy)
    routes.intercept("cloudtrail", "LookupEvents", EventHistory(cloud.trail).lookup_events)
    routes.intercept("ec2", "GetConsoleOutput", Console(cloud.site).get_console_output)
    routes.intercept("ec2", "DescribeSpotPriceHistory", describe_spot_price_history)
    routes.intercept("sts", "GetCallerIdentity", identities.get_caller_identity)
    routes.intercept("sts", "GetSessionToken", identities.SessionTokens(cloud.identities).get_session_token)
