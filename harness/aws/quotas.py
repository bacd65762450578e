"""Service quotas and requests for more."""

from __future__ import annotations

from typing import Any

from harness.aws.answers import absence, pages
from harness.aws.session import Aws
from harness.facts.quota import Quota, Request


def find_quota(aws: Aws, service: str, code: str) -> Quota:
    """Return the value that applies in the region, and all requests for more."""
    quota = _find_value(aws, service, code)
    history = pages(
        aws, "service-quotas", "list_requested_service_quota_change_history_by_quota", "RequestedQuotas",
        ServiceCode=service, QuotaCode=code,
    )  # fmt: skip
    requests = tuple(Request(r.get("Id", ""), float(r["DesiredValue"]), r["Status"]) for r in history)
    return Quota(service, code, quota.get("QuotaName", code), aws.region, float(quota["Value"]), requests)


def _find_value(aws: Aws, service: str, code: str) -> Any:
    """Return the applied quota; where the account has none of its own yet, AWS's default applies."""
    client = aws.client("service-quotas")
    with absence("NoSuchResourceException"):
        return client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    return client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]


def request_increase(aws: Aws, service: str, code: str, value: float) -> str | None:
    """Ask for a quota to be raised; returns the request's id, which nothing can take back.

    ``None`` where AWS does not take another request, because an earlier one is open.
    """
    with absence("ResourceAlreadyExistsException"):
        answer = aws.client("service-quotas").request_service_quota_increase(
            ServiceCode=service, QuotaCode=code, DesiredValue=value
        )
        return str(answer["RequestedQuota"]["Id"])
    return None
