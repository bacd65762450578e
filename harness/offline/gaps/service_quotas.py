"""Service Quotas for EC2: moto knows the quotas of VPC only."""

from __future__ import annotations

from typing import Any

from harness.offline.call import AwsError, Call
from harness.offline.layers import Result, Routes
from harness.offline.quotas import Increase, Quota, Quotas, known

_EC2 = "Amazon Elastic Compute Cloud (Amazon EC2)"
_PAGE = 100


class ServiceQuotas:
    """Answers the operations about quotas and their increases; of services other than EC2 nothing is known."""

    def __init__(self, quotas: Quotas) -> None:
        self.quotas = quotas

    def register(self, routes: Routes) -> None:
        """Answer every operation that is known here."""
        handlers = {
            "GetServiceQuota": self.get, "GetAWSDefaultServiceQuota": self.get_default, "ListServiceQuotas": self.list,
            "ListAWSDefaultServiceQuotas": self.list_defaults, "RequestServiceQuotaIncrease": self.request,
            "ListRequestedServiceQuotaChangeHistory": self.history,
            "ListRequestedServiceQuotaChangeHistoryByQuota": self.history,
            "GetRequestedServiceQuotaChange": self.requested, "ListServices": self.services,
        }  # fmt: skip
        for operation, handler in handlers.items():
            routes.intercept("service-quotas", operation, handler)

    def get(self, call: Call) -> Result:
        """Answer with the applied value."""
        return {"Quota": _shown(call, self._wanted(call))}

    def get_default(self, call: Call) -> Result:
        """Answer with AWS's default value."""
        quota = self._wanted(call)
        return {"Quota": _shown(call, quota, quota.default)}

    def list(self, call: Call) -> Result:
        """Answer with every quota's applied value."""
        _check_service(call)
        return _paged(call, "Quotas", [_shown(call, quota) for quota in known()])

    def list_defaults(self, call: Call) -> Result:
        """Answer with every quota's default."""
        _check_service(call)
        return _paged(call, "Quotas", [_shown(call, quota, quota.default) for quota in known()])

    def services(self, call: Call) -> Result:
        """Answer with the services whose quotas are known."""
        return _paged(call, "Services", [{"ServiceCode": "ec2", "ServiceName": _EC2}])

    def request(self, call: Call) -> Result:
        """Take a request down; one at a time per quota, and only upwards."""
        quota, desired = self._wanted(call), float(call.parameters["DesiredValue"])
        if desired <= quota.value:
            raise AwsError(
                "IllegalArgumentException",
                f"You must provide a quota value greater than the current one, which is {quota.value}.",
            )
        if self.quotas.pending(quota.code, call.account, call.region):
            raise AwsError(
                "ResourceAlreadyExistsException", "Only one open service quota increase request is allowed per quota."
            )
        requester = call.caller.arn if call.caller else ""
        return {"RequestedQuota": _increase(self.quotas.request(quota, call.account, call.region, desired, requester))}

    def history(self, call: Call) -> Result:
        """Answer with the requests so far, narrowed by service, quota and status."""
        given = call.parameters
        if given.get("ServiceCode"):
            _check_service(call)
        found = [
            _increase(increase)
            for increase in self.quotas.increases(call.account, call.region)
            if given.get("QuotaCode") in (None, increase.quota.code) and given.get("Status") in (None, increase.status)
        ]
        return _paged(call, "RequestedQuotas", found)

    def requested(self, call: Call) -> Result:
        """Answer with one request."""
        for increase in self.quotas.increases(call.account, call.region):
            if increase.id == call.parameters["RequestId"]:
                return {"RequestedQuota": _increase(increase)}
        raise AwsError("NoSuchResourceException", "The specified resource does not exist.")

    def _wanted(self, call: Call) -> Quota:
        _check_service(call)
        quota = self.quotas.find(call.parameters["QuotaCode"])
        if quota is None:
            raise AwsError("NoSuchResourceException", "The request failed because the specified quota does not exist.")
        return quota


def _check_service(call: Call) -> None:
    if call.parameters.get("ServiceCode") != "ec2":
        raise AwsError("NoSuchResourceException", "The request failed because the specified service does not exist.")


def _shown(call: Call, quota: Quota, value: float | None = None) -> dict[str, Any]:
    return {
        "ServiceCode": "ec2", "ServiceName": _EC2, "QuotaCode": quota.code, "QuotaName": quota.name,
        "QuotaArn": f"arn:aws:servicequotas:{call.region}:{call.account}:ec2/{quota.code}",
        "Value": float(quota.value if value is None else value), "Unit": "None", "Adjustable": True,
        "GlobalQuota": False, "QuotaAppliedAtLevel": "ACCOUNT",
    }  # fmt: skip


def _increase(increase: Increase) -> dict[str, Any]:
    quota = increase.quota
    requester = f'{{"accountId":"{increase.account}","callerArn":"{increase.requester}"}}'
    return {
        "Id": increase.id, "ServiceCode": "ec2", "ServiceName": _EC2, "QuotaCode": quota.code, "QuotaName": quota.name,
        "DesiredValue": increase.desired, "Status": increase.status, "Created": increase.created,
        "LastUpdated": increase.created, "Requester": requester,
        "QuotaArn": f"arn:aws:servicequotas:{increase.region}:{increase.account}:ec2/{quota.code}",
        "GlobalQuota": False, "Unit": "None", "QuotaRequestedAtLevel": "ACCOUNT",
    }  # fmt: skip


def _paged(call: Call, name: str, entries: list[dict[str, Any]]) -> Result:
    first, size = int(call.parameters.get("NextToken") or 0), int(call.parameters.get("MaxResults") or _PAGE)
    page: Result = {name: entries[first : first + size]}
    return page | ({"NextToken": str(first + size)} if first + size < len(entries) else {})
