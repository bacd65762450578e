"""Facts of service quotas: what applies, and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence

# "RequestedServiceQuotaChange", Service Quotas API reference: the states in which a request still counts.
STANDING = ("PENDING", "CASE_OPENED", "APPROVED")


@dataclass(frozen=True)
class Request:
    """A request for an increase to ``desired``; ``status`` is AWS's word for where it stands."""

    id: str
    desired: float
    status: str

    @property
    def stands(self) -> bool:
        """Say whether it is pending or approved."""
        return self.status in STANDING


@dataclass(frozen=True)
class Quota:
    """A quota of a region: the value that applies and every request for more."""

    service: str
    code: str
    name: str
    region: str
    value: float
    requests: tuple[Request, ...]

    def is_at_least(self, value: float) -> bool:
        """Say whether so much is granted already."""
        return self.value >= value

    def was_asked_for(self, value: float) -> bool:
        """Say whether a request for at least so much is pending or approved."""
        return any(request.stands and request.desired >= value for request in self.requests)

    @property
    def history(self) -> str:
        """Return the requests in words for a message."""
        return ", ".join(f"{request.desired:g} {request.status}" for request in self.requests) or "no request"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return (
            Evidence("api", f"service-quotas get-service-quota {self.code}", f"{self.name}: {self.value:g}"),
            Evidence("api", f"requests for {self.code}", self.history),
        )
