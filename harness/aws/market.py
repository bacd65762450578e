"""The options file of a spot instance, read as the ``aws`` command reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from botocore.validate import ParamValidator

from harness.aws.session import Aws
from harness.facts.spot import Options

TYPES = re.compile(
    r"Invalid type for parameter (?P<name>\S+), value: (?P<value>.*?), type: <class '\w+'>, "
    r"valid types: <class '(?P<wanted>\w+)'>"
)
"""How botocore says that a value has another type than it should have."""


def read_options(aws: Aws, path: Path) -> Options:
    """Read an options file; says in ``problem`` why ``--instance-market-options`` would not take it."""
    try:
        options = read_market(path)
    except FileNotFoundError:
        return Options(path.name, _absence(path), "", "", None)
    except OSError as error:
        return Options(path.name, f"{path.name} cannot be read ({error.strerror})", "", "", None)
    except UnicodeDecodeError:
        return Options(path.name, f"{path.name} is not UTF-8, as which an editor can save it", "", "", None)
    except (ValueError, RecursionError) as error:
        return Options(path.name, f"{path.name} is not JSON: {error}", "", "", None)
    problem = _problem(aws, options)
    if problem:
        return Options(path.name, f"{path.name}: {problem}", "", "", None)
    spot = options.get("SpotOptions") or {}
    # "SpotMarketOptions", EC2 API reference: one-time is what EC2 makes of a request that names no type.
    request_type = spot.get("SpotInstanceType", "one-time")
    return Options(
        path.name, "", options.get("MarketType", ""), request_type, spot.get("MaxPrice"),
        interruption=spot.get("InstanceInterruptionBehavior", "terminate"), valid_until=spot.get("ValidUntil"),
    )  # fmt: skip


def read_market(path: Path) -> Any:
    """Return the options as RunInstances takes them; raises ``OSError`` or ``ValueError``."""
    return json.loads(path.read_text(encoding="utf-8-sig"))


def _absence(path: Path) -> str:
    """Say that a file was not handed in, and which one may have been meant."""
    asked = re.sub(r"\W|_", "", path.name.casefold())
    there = sorted(other.name for other in path.parent.iterdir() if asked in re.sub(r"\W|_", "", other.name.casefold()))
    return f"the submission has no {path.name}" + (f", but {there[0]} — rename it to {path.name}" if there else "")


def _problem(aws: Aws, options: Any) -> str:
    """Return what botocore finds wrong in the options' form: names, types, nesting."""
    shape = aws.client("ec2").meta.service_model.shape_for("InstanceMarketOptionsRequest")
    report = ParamValidator().validate(options, shape)
    return TYPES.sub(_in_words, " ".join(report.generate_report().split())) if report.has_errors() else ""


def _in_words(match: re.Match[str]) -> str:
    """Say in a student's words that a value has the wrong type: ``0.01`` in place of ``"0.01"``."""
    wanted = {"str": "a text in quotes", "dict": "names and values in braces", "int": "a whole number"}
    return f"{match['name']} is {match['value']}, expected {wanted.get(match['wanted'], match['wanted'])}"
