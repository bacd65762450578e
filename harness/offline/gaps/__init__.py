"""Calls that the homework needs and moto lacks: each file one matter, registered with the cloud's routes.

A handler takes the call and returns the result in botocore's shape, so that each could become a moto response.
"""

from __future__ import annotations

from harness.offline.identity import Identities
from harness.offline.layers import Routes
from harness.offline.quotas import Quotas
from harness.offline.site import Site
from harness.offline.trail import Trail


def register(routes: Routes, *, quotas: Quotas, trail: Trail, site: Site, identities: Identities) -> None:
    """Answer the calls that moto lacks, and those that it answers wrongly, from what the cloud knows."""
    from harness.offline.gaps import budgets, pricing, simulate
    from harness.offline.gaps.console import Console
    from harness.offline.gaps.event_history import EventHistory
    from harness.offline.gaps.identities import SessionTokens, get_caller_identity
    from harness.offline.gaps.service_quotas import ServiceQuotas
    from harness.offline.gaps.spot_prices import describe_spot_price_history

    ServiceQuotas(quotas).register(routes)
    pricing.register(routes)
    routes.intercept("budgets", "DescribeSubscribersForNotification", budgets.describe_subscribers)
    routes.intercept("iam", "SimulatePrincipalPolicy", simulate.simulate_principal_policy)
    routes.intercept("iam", "SimulateCustomPolicy", simulate.simulate_custom_policy)
    routes.intercept("cloudtrail", "LookupEvents", EventHistory(trail).lookup_events)
    routes.intercept("ec2", "GetConsoleOutput", Console(site).get_console_output)
    routes.intercept("ec2", "DescribeSpotPriceHistory", describe_spot_price_history)
    routes.intercept("sts", "GetCallerIdentity", get_caller_identity)
    routes.intercept("sts", "GetSessionToken", SessionTokens(identities).get_session_token)
