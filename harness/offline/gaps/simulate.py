"""IAM SimulatePrincipalPolicy and SimulateCustomPolicy: what would be decided, without doing it."""

from __future__ import annotations

import json
from typing import Any

from harness.offline.call import AwsError, Call
from harness.offline.identity import iam, policies
from harness.offline.layers import Result
from harness.offline.policies import decide


def simulate_principal_policy(call: Call) -> Result:
    """Answer for a user, group or role: each action on each resource, by the policies it has and those given along."""
    arn = call.parameters["PolicySourceArn"]
    known = iam(call.account)
    entities = (*known.users.values(), *known.groups.values(), *known.roles.values())
    if not any(entity.arn == arn for entity in entities):
        raise AwsError("NoSuchEntity", f"The entity {arn} cannot be found.", 404)
    return _decided(call, list(policies(arn)))


def simulate_custom_policy(call: Call) -> Result:
    """Answer for the policies given along alone."""
    return _decided(call, [])


def _decided(call: Call, documents: list[dict[str, Any]]) -> Result:
    given = call.parameters
    documents += [json.loads(text) for text in given.get("PolicyInputList", [])]
    context = {
        entry["ContextKeyName"].lower(): entry["ContextKeyValues"][0]
        for entry in given.get("ContextEntries", [])
        if entry.get("ContextKeyValues")
    }
    results = [
        {
            "EvalActionName": action, "EvalResourceName": resource, "MatchedStatements": [], "MissingContextValues": [],
            "EvalDecision": decide(documents, action, resource, context),
        }
        for action in given["ActionNames"]
        for resource in given.get("ResourceArns") or ["*"]
    ]  # fmt: skip
    return {"EvaluationResults": results, "IsTruncated": False}
