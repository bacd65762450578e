"""What watches the spend: budgets and billing alarms."""

from __future__ import annotations

import datetime
from typing import Any

from harness.aws.answers import absence, pages
from harness.aws.identity import find_caller
from harness.aws.kinds import Kind, Rank
from harness.aws.session import Aws
from harness.facts.account import Watch
from harness.ledger import Entry

ABSENT = "NotFoundException"
# Billing metrics are kept in one region; "Create a billing alarm to monitor your estimated AWS charges".
HOME = "us-east-1"
BILL = ("AWS/Billing", "EstimatedCharges")
DOWNWARD = ("LessThanThreshold", "LessThanOrEqualToThreshold", "LessThanLowerThreshold")
"""Comparisons of an alarm that goes off when the bill falls."""


def find_budgets(aws: Aws) -> tuple[Watch, ...]:
    """Return the account's budgets, each with the reason where it does not watch the spend."""
    account = find_caller(aws).account
    with absence(ABSENT):
        budgets = pages(aws, "budgets", "describe_budgets", "Budgets", AccountId=account)
        return tuple(_budget(aws, account, budget) for budget in budgets)
    return ()


def _objection(budget: Any) -> str:
    """Return why a budget does not watch the spend, or nothing; one that AWS adjusts is of nothing in a new account."""
    end, limit = budget.get("TimePeriod", {}).get("End"), budget.get("BudgetLimit", {}).get("Amount")
    if budget["BudgetType"] != "COST":
        return f"is of {budget['BudgetType'].replace('_', ' ').lower()}, not of cost"
    if end is not None and end < datetime.datetime.now(datetime.UTC):
        return f"ended on {end:%F}"
    if limit is not None and float(limit) <= 0 and "AutoAdjustData" not in budget:
        return "has a limit of 0"
    return ""


def _budget(aws: Aws, account: str, budget: Any) -> Watch:
    limit = budget.get("BudgetLimit") or {}
    notifications = pages(
        aws, "budgets", "describe_notifications_for_budget", "Notifications",
        AccountId=account, BudgetName=budget["BudgetName"],
    )  # fmt: skip
    said = f"{limit.get('Amount', '?')} {limit.get('Unit', '')}"
    return Watch("budget", budget["BudgetName"], said, bool(notifications), _objection(budget))


def find_billing_alarms(aws: Aws) -> tuple[Watch, ...]:
    """Return the alarms on the account's estimated charges."""
    client = aws.client("cloudwatch", region=HOME)
    found = client.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    alarms = [alarm for page in found for alarm in page.get("MetricAlarms", [])]
    return tuple(
        Watch(
            "billing alarm",
            alarm["AlarmName"],
            f"{alarm.get('Threshold', '?')}",
            bool(alarm.get("ActionsEnabled") and alarm.get("AlarmActions")),
            "goes off below its threshold, not above" if alarm.get("ComparisonOperator") in DOWNWARD else "",
        )
        for alarm in alarms
        if any((m.get("Namespace"), m.get("MetricName")) == BILL for m in _metrics(alarm))
    )


def _metrics(alarm: Any) -> list[Any]:
    """Return the metrics that an alarm watches: its only one, or those of its expression or its band."""
    return [alarm, *(query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query)]


def create_budget(aws: Aws, name: str, usd: int, address: str) -> None:
    """Create a monthly cost budget that writes to an e-mail address at 80 % of its limit."""
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    told = {"Notification": notification, "Subscribers": [{"SubscriptionType": "EMAIL", "Address": address}]}
    with absence("DuplicateRecordException"):  # an answer was lost: the name is the run's own
        aws.client("budgets").create_budget(
            AccountId=find_caller(aws).account,
            Budget={
                "BudgetName": name,
                "BudgetLimit": {"Amount": str(usd), "Unit": "USD"},
                "TimeUnit": "MONTHLY",
                "BudgetType": "COST",
            },
            NotificationsWithSubscribers=[told],
        )


def delete_budget(aws: Aws, name: str) -> None:
    """Delete a budget; one that is not there is no error."""
    with absence(ABSENT):
        aws.client("budgets").delete_budget(AccountId=find_caller(aws).account, BudgetName=name)


def _budget_of(aws: Aws, entry: Entry) -> tuple[str, ...]:
    """Return the budget's name where it exists; its name must carry the run's id."""
    name = entry.find["name"]
    return (name,) if entry.find["run"] in name and not _is_gone(aws, name) else ()


def _is_gone(aws: Aws, name: str) -> bool:
    with absence(ABSENT):
        return not aws.client("budgets").describe_budget(AccountId=find_caller(aws).account, BudgetName=name)
    return True


KINDS = (Kind("budget", Rank.BUDGET, _budget_of, delete_budget, _is_gone),)
