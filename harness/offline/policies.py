"""IAM's decision about an action, by policies.

Follows "Policy evaluation logic" of the IAM user guide for identity policies: an explicit deny wins, then an
allow is needed. Resource policies, permission boundaries and organisations have no say here.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
Context = Mapping[str, str]


def decide(documents: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context) -> Decision:
    """Decide about one action (``ec2:RunInstances``) on one resource (an ARN, or ``*`` where it has none)."""
    decision: Decision = "implicitDeny"
    for document in documents:
        for statement in _listed(document.get("Statement", [])):
            if not _concerns(statement, action, resource, context):
                continue
            if statement.get("Effect") == "Deny":
                return "explicitDeny"
            decision = "allowed"
    return decision


def _concerns(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    return (
        _named(statement, "Action", action.lower(), str.lower)
        and _named(statement, "Resource", resource, lambda pattern: _filled(pattern, context))
        and _conditions_hold(statement.get("Condition", {}), context)
    )


def _named(statement: Mapping[str, Any], element: str, value: str, prepare: Callable[[str], str]) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(prepare(pattern), value) for pattern in _listed(statement[f"Not{element}"]))
    return any(matches(prepare(pattern), value) for pattern in _listed(statement.get(element, "*")))


def matches(pattern: str, value: str) -> bool:
    """Match IAM's wildcards: ``*`` for anything, ``?`` for one character; brackets mean themselves."""
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _filled(pattern: str, context: Context) -> str:
    return re.sub(r"\$\{([^}]+)}", lambda variable: context.get(variable.group(1).lower(), variable.group(0)), pattern)


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    return all(
        _holds(operator, context.get(key.lower()), [str(value) for value in _listed(values)])
        for operator, tests in conditions.items()
        for key, values in tests.items()
    )


def _holds(operator: str, actual: str | None, wanted: list[str]) -> bool:
    name = operator.rpartition(":")[2]  # ForAnyValue and ForAllValues mean the same for a key of one value
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name == "Null":
        return any((value.lower() == "true") == (actual is None) for value in wanted)
    if actual is None:
        return optional or "Not" in name  # a negated test of an absent key is true
    test = _TESTS.get(name)
    return test is not None and test(actual, wanted)


def _in_networks(actual: str, wanted: list[str]) -> bool:
    try:
        return any(ipaddress.ip_address(actual) in ipaddress.ip_network(network, strict=False) for network in wanted)
    except ValueError:
        return False


def _is(actual: str, wanted: list[str]) -> bool:
    return actual in wanted


def _is_like(actual: str, wanted: list[str]) -> bool:
    return any(matches(pattern, actual) for pattern in wanted)


def _is_caseless(actual: str, wanted: list[str]) -> bool:
    return actual.lower() in [value.lower() for value in wanted]


def _not(test: Callable[[str, list[str]], bool]) -> Callable[[str, list[str]], bool]:
    return lambda actual, wanted: not test(actual, wanted)


# An operator that is not here never holds: its statement neither allows nor denies.
_TESTS: dict[str, Callable[[str, list[str]], bool]] = {
    "StringEquals": _is,
    "StringNotEquals": _not(_is),
    "StringEqualsIgnoreCase": _is_caseless,
    "StringNotEqualsIgnoreCase": _not(_is_caseless),
    "StringLike": _is_like,
    "StringNotLike": _not(_is_like),
    "ArnEquals": _is_like,
    "ArnLike": _is_like,
    "ArnNotEquals": _not(_is_like),
    "ArnNotLike": _not(_is_like),
    "Bool": _is_caseless,
    "IpAddress": _in_networks,
    "NotIpAddress": _not(_in_networks),
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
