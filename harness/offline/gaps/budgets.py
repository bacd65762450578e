"""Budgets, DescribeSubscribersForNotification: who is told when a budget's notification fires."""

from __future__ import annotations

from typing import Any

from harness.offline.call import AwsError, Call
from harness.offline.layers import Result

_TOLD_APART = ("NotificationType", "ComparisonOperator", "Threshold")


def describe_subscribers(call: Call) -> Result:
    """Answer with the subscribers of one notification of a budget."""
    given = call.parameters
    budget = _budgets(call.account)[given["AccountId"]].get(given["BudgetName"])
    if budget is None:
        raise AwsError("NotFoundException", f"Unable to get budget: {given['BudgetName']} - the budget doesn't exist.")
    for notification in budget.notifications:
        if all(notification.details.get(name) == given["Notification"].get(name) for name in _TOLD_APART):
            subscribers: Any = notification.subscribers
            return {"Subscribers": list(subscribers)}
    raise AwsError("NotFoundException", "Unable to get subscribers - the notification doesn't exist.")


def _budgets(account: str) -> dict[str, dict[str, Any]]:
    from moto.budgets.models import budgets_backends

    budgets: dict[str, dict[str, Any]] = budgets_backends[account]["aws"].budgets
    return budgets
