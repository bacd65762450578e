"""The quota: not asked for, or asked for wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.facts.quota import Request
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("quota")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown
CODE = "L-417A185B"


def _asked(code: str, vcpus: float, region: str | None = None) -> Callable[[Environment], None]:
    def apply(env: Environment) -> None:
        client = lambda: env.client("service-quotas", region)  # noqa: E731 - the user is made when it is first asked for
        env.instead(
            "quota.requested",
            lambda: (
                client().request_service_quota_increase(ServiceCode="ec2", QuotaCode=code, DesiredValue=vcpus) and None
            ),
        )

    return apply


TABLE.add("not-asked-for", "No increase was asked for.", lambda env: env.instead("quota.requested", lambda: None),
          "account", "quota.gpu-vcpus")  # fmt: skip
TABLE.add("too-few", "4 vCPUs were asked for.", _asked(CODE, 4), "account", "quota.gpu-vcpus")
TABLE.add("quota-of-g-instances", "The quota of G instances was asked for.", _asked("L-DB2E81BA", 8), "account",
          "quota.gpu-vcpus")  # fmt: skip
TABLE.add("quota-of-p-spot", "The quota of P spot instances was asked for.", _asked("L-7212CCBC", 8), "account",
          "quota.gpu-vcpus")  # fmt: skip
TABLE.add("another-region", "The increase was asked for in another region.", _asked(CODE, 8, "us-west-2"), "account",
          "quota.gpu-vcpus")  # fmt: skip
TABLE.add("more-than-needed", "64 vCPUs were asked for.", _asked(CODE, 64), "account")


@shown("account", "quota.gpu-vcpus")
def request_denied(env: Shown) -> None:
    """AWS has denied the request."""
    env.seen("gpu_quota", lambda seen: replace(seen, requests=(Request("r", 8, "DENIED"),)))


@shown("account")
def request_approved(env: Shown) -> None:
    """The increase was granted, and its request is forgotten."""
    env.seen("gpu_quota", lambda seen: replace(seen, value=8.0, requests=()))


@shown("account")
def support_case(env: Shown) -> None:
    """AWS has made a support case of the request, after it denied an earlier one."""
    env.seen(
        "gpu_quota",
        lambda seen: replace(seen, requests=(Request("r2", 8, "CASE_OPENED"), Request("r1", 8, "DENIED"))),
    )


# What students also do.

TABLE.add("quota-of-standard-instances", "The quota of standard instances was asked for.", _asked("L-1216C47A", 64),
          "account", "quota.gpu-vcpus")  # fmt: skip


@shown("account", "quota.gpu-vcpus")
def request_withdrawn(env: Shown) -> None:
    """The support case of the request was closed without a grant."""
    env.seen("gpu_quota", lambda seen: replace(seen, requests=(Request("r", 8, "CASE_CLOSED"),)))
