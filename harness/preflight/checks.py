"""The checks of the preflight, one function each; what stops the run is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.aws import asking, groups, vpc
from harness.aws.errors import ANY, classify
from harness.aws.session import Aws
from harness.errors import UsageError
from harness.facts.account import Caller
from harness.preflight.bill import Bill
from harness.preflight.needs import Needs

Say = Callable[[str], None]
Check = Callable[[Aws, Needs], Iterator[str]]


def examine(aws: Aws, needs: Needs, *, max_cost: float | None, say: Say) -> Bill:
    """Look at everything that is needed, say what was seen, and return the estimate of the bill.

    Nothing is created or changed. Raises :class:`~harness.errors.UsageError`, one sentence, for what stops the run.
    """
    caller = Caller(arn=aws.cloud.caller, account=aws.cloud.account)
    say(f"account {caller.account}, region {aws.region}, as {caller.arn}")
    _check_identity(caller)
    for title, check in CHECKS.items():
        for line in _answered(title, check, aws, needs):
            say(line)
    bill = Bill.of(aws, needs)
    for line in _shown(bill, max_cost):
        say(line)
    _check_cost(bill, max_cost)
    return bill


def _answered(title: str, check: Check, aws: Aws, needs: Needs) -> Iterator[str]:
    """Yield what a check says; what AWS does not answer to this caller is no reason to stop, and is said."""
    try:
        yield from check(aws, needs)
    except ANY as error:
        yield f"{title}: could not be asked for ({classify(error) or ' '.join(str(error).split())})"


def _check_identity(caller: Caller) -> None:
    if caller.is_root:
        raise UsageError(
            f"the credentials are those of account {caller.account}'s root; nobody should work as root, and the "
            "homework forbids it: use the access key of an IAM user."
        )


def _check_types(aws: Aws, needs: Needs) -> Iterator[str]:
    wanted = {use.type for use in (*needs.on_demand, *needs.spot)}
    if not wanted:
        return
    missing = sorted(wanted - asking.find_offered(aws, wanted))
    if missing:
        raise UsageError(
            f"region {aws.region} offers no {' or '.join(missing)}; choose another region with --region (us-east-1 has "
            "all types of the homework)."
        )
    yield f"instance types: {', '.join(sorted(wanted))} are on offer"


def _check_names(aws: Aws, needs: Needs) -> Iterator[str]:
    """Look whether the homework's groups are there already: the reference makes them and would stumble over others."""
    default = vpc.find_default_vpc(aws) if needs.on_demand else None
    if default is None:
        return
    network = needs.homework.network
    for name in (network.public_group, network.private_group):
        there = [group for group in groups.find_groups(aws, name) if group.vpc == default.id]
        if there:
            raise UsageError(
                f"{default.id} in {aws.region} has a security group {name} already ({there[0].id}), and the run makes "
                "its own; sweep an earlier run, remove the group, or choose another region with --region."
            )
    yield f"default VPC: {default.id}, without groups of the homework's names"


def _check_vcpus(aws: Aws, needs: Needs) -> Iterator[str]:
    for title, code, uses, spot in (
        ("on-demand", asking.ON_DEMAND, needs.on_demand, False),
        ("spot", asking.SPOT, needs.spot, True),
    ):
        wanted = asking.count_vcpus(aws, [use.type for use in uses for _ in range(use.count)])
        granted = asking.find_quota(aws, code) if wanted else None
        if wanted and granted is None:
            yield f"{title} vCPUs: {wanted} needed; the quota {code} could not be asked for"
        elif granted is not None:
            used = asking.vcpus_in_use(aws, spot=spot)
            if wanted + used > granted:
                raise UsageError(
                    f"the run needs {wanted} {title} vCPUs in {aws.region}, where {used} of {granted:.0f} are in use; "
                    f"end instances, or ask Service Quotas for more of {code}."
                )
            yield f"{title} vCPUs: {wanted} needed, {used} of {granted:.0f} in use"


def _check_ml_quotas(aws: Aws, needs: Needs) -> Iterator[str]:
    if not needs.learning:
        return
    granted = asking.find_ml_quotas(aws)
    for use in needs.learning:
        value = granted.get(use.quota)
        if value is None:
            yield f"SageMaker: {use.count} {use.quota} needed; the quota could not be asked for"
        elif value < use.count:
            raise UsageError(
                f"the quota {use.quota!r} is {value:.0f} in {aws.region}, and the run needs {use.count}; ask Service "
                "Quotas for more, or leave SageMaker out by naming other tests."
            )
        else:
            yield f"SageMaker: {use.count} of {value:.0f} {use.quota} needed"


def _check_permissions(aws: Aws, needs: Needs) -> Iterator[str]:
    """Ask IAM's simulator, where the caller may; what it does not see (boundaries of organisations) shows later."""
    caller = aws.cloud.caller
    denied = asking.find_denied(aws, asking.principal_of(caller), needs.actions) if needs.actions else ()
    if denied:
        more = f" and {len(denied) - 4} more" if len(denied) > 4 else ""
        raise UsageError(f"{caller} is not allowed {', '.join(denied[:4])}{more}; grant it, or use another user.")
    yield f"permissions: all {len(needs.actions)} actions are allowed"


def _shown(bill: Bill, max_cost: float | None) -> Iterator[str]:
    for item in bill.items:
        if item.usd >= 0.005:
            yield f"  ${item.usd:6.2f}  {item.what}: {item.quantity} ({item.source})"
    cap = f", --max-cost ${max_cost:.2f}" if max_cost is not None else ""
    yield f"estimate: ${bill.total:.2f} for a run of usual length{cap}"


def _check_cost(bill: Bill, max_cost: float | None) -> None:
    if max_cost is not None and bill.total > max_cost:
        dearest = max(bill.items, key=lambda item: item.usd)
        raise UsageError(
            f"the run is estimated at ${bill.total:.2f}, more than --max-cost {max_cost:g}; the dearest item is the "
            f"{dearest.what} with ${dearest.usd:.2f}."
        )


CHECKS: dict[str, Check] = {
    "instance types": _check_types,
    "default VPC": _check_names,
    "vCPUs": _check_vcpus,
    "SageMaker's quotas": _check_ml_quotas,
    "permissions": _check_permissions,
}
