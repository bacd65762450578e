"""The constraints that a service's description puts on a request: what AWS checks before anything else.

boto3 checks required members and types itself, and lets patterns and enumerations pass; the service refuses those
as "N validation errors detected" (AWS: "Common Errors").
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from moto.core.utils import get_service_model

from .errors import Refused


def check(service: str, action: str, parameters: dict[str, Any]) -> None:
    """Refuse a request that breaks a constraint of its shape, naming every one that it breaks."""
    shape = get_service_model(service).operation_model(action).input_shape
    broken = list(_broken(shape, parameters, "")) if shape is not None else []
    if broken:
        plural = "s" if broken[1:] else ""
        raise Refused(f"{len(broken)} validation error{plural} detected: " + "; ".join(broken))


def _broken(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _broken_members(shape, value, path)
    elif shape.type_name == "list":
        yield from _broken_size(shape, value, path)
        for number, each in enumerate(value, start=1):
            yield from _broken(shape.member, each, f"{path}.{number}.member")
    elif shape.type_name == "map":
        for key, each in value.items():
            yield from _broken(shape.value, each, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _broken_text(shape, value, path)
    elif shape.type_name in {"integer", "long", "float", "double"}:
        yield from _broken_number(shape, value, path)


def _broken_members(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{path}.{_lower(name)}" if path else _lower(name)
        given = value.get(name)
        if given is not None:
            yield from _broken(member, given, where)
        elif name in shape.required_members:
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _broken_text(shape: Any, value: str, path: str) -> Iterator[str]:
    failed = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must "
    if shape.enum and value not in shape.enum:
        yield f"{failed}satisfy enum value set: [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not _pattern(pattern).fullmatch(value):
        yield f"{failed}satisfy regular expression pattern: {pattern}"
    yield from _broken_size(shape, value, path)


def _broken_size(shape: Any, value: Any, path: str) -> Iterator[str]:
    failed = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must have length "
    if len(value) < shape.metadata.get("min", 0):
        yield f"{failed}greater than or equal to {shape.metadata['min']}"
    if len(value) > shape.metadata.get("max", len(value)):
        yield f"{failed}less than or equal to {shape.metadata['max']}"


def _broken_number(shape: Any, value: float, path: str) -> Iterator[str]:
    failed = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must have value "
    if value < shape.metadata.get("min", value):
        yield f"{failed}greater than or equal to {shape.metadata['min']}"
    if value > shape.metadata.get("max", value):
        yield f"{failed}less than or equal to {shape.metadata['max']}"


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    # The descriptions hold Java's expressions; SageMaker's differ from Python's in these classes only.
    for java, python in (("\\p{ASCII}", "[\\x00-\\x7F]"), ("\\p{L}", "[^\\W\\d_]"), ("\\p{N}", "\\d"), ("\\z", "\\Z")):
        pattern = pattern.replace(java, python)
    unreadable = "\\p{" in pattern  # another class of Unicode's, for which Python has no word
    try:
        return re.compile(".*" if unreadable else pattern, re.DOTALL)
    except re.error:
        return re.compile(".*", re.DOTALL)  # one that Python cannot read refuses nothing


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
