"""AWS's own description of its services, as botocore carries it: operations, parameters, types, answers.

Only data files of the installed botocore are read. What the ``aws`` command adds of its own (options that the service
does not have, commands made of several calls) stands in ``tables/awscli.toml``; a test holds that table against awscli.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from harness.material.tables import table

COMMON = frozenset({"--cli-input-json", "--generate-cli-skeleton", "--cli-input-yaml"})
PAGING = frozenset({"--max-items", "--page-size", "--starting-token"})


@functools.cache
def _loader() -> Loader:
    return Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])


@functools.cache
def services() -> frozenset[str]:
    """Return the names of all services, and of what the ``aws`` command offers beside them."""
    return frozenset(_loader().list_available_services("service-2")) | frozenset(table("awscli")["commands"])


@functools.cache
def service(name: str) -> ServiceModel | None:
    """Return a service's model, ``None`` where botocore knows none of that name."""
    name = table("awscli")["aliases"].get(name, name)
    if name not in _loader().list_available_services("service-2"):
        return None
    return ServiceModel(_loader().load_service_model(name, "service-2"), name)


@functools.cache
def operations(name: str) -> dict[str, str]:
    """Return a service's operations as the ``aws`` command calls them, each with the name of the API."""
    model = service(name)
    return {xform_name(one, "-"): one for one in model.operation_names} if model else {}


@dataclass(frozen=True)
class Option:
    """An option of an operation: ``shape`` is the type of its value, ``None`` where only the ``aws`` command knows."""

    name: str
    shape: Shape | None
    is_required: bool = False
    is_flag: bool = False


@functools.cache
def options(service_name: str, operation_name: str) -> dict[str, Option]:
    """Return the options of an operation by name, those of the ``aws`` command included."""
    shape = input_shape(service_name, operation_name)
    found: dict[str, Option] = {}
    custom = table("awscli")["options"].get(service_name, {}).get(operation_name, {})
    members, required = (shape.members, shape.required_members) if shape else ({}, [])
    for member, one in members.items():
        name = f"--{custom.get('renamed', {}).get(member, xform_name(member, '-'))}"
        is_flag = one.type_name == "boolean"
        is_required = member in required and member not in custom.get("optional", ())
        found[name] = Option(name, one, is_required, is_flag)
        if is_flag:
            found[f"--no-{name[2:]}"] = Option(f"--no-{name[2:]}", one, False, True)
    for name in custom.get("values", ()):
        found[name] = Option(name, None)
    for name in custom.get("flags", ()):
        found[name] = Option(name, None, is_flag=True)
    paging = PAGING if operation_name.startswith(("describe-", "list-", "get-")) else frozenset()
    found |= {name: Option(name, None) for name in COMMON | paging}
    return found


def input_shape(service_name: str, operation_name: str) -> StructureShape | None:
    """Return what an operation takes, ``None`` for one without parameters or an unknown one."""
    model = _operation(service_name, operation_name)
    return model.input_shape if model else None


def output_shape(service_name: str, operation_name: str) -> StructureShape | None:
    """Return what an operation answers."""
    model = _operation(service_name, operation_name)
    return model.output_shape if model else None


def _operation(service_name: str, operation_name: str) -> OperationModel | None:
    model, api = service(service_name), operations(service_name).get(operation_name)
    return model.operation_model(api) if model and api else None


@functools.cache
def _waiting(name: str) -> dict[str, dict[str, Any]]:
    """Return a service's waiters by the names that ``aws SERVICE wait`` knows; none where there is no such service."""
    try:
        data = _loader().load_service_model(table("awscli")["aliases"].get(name, name), "waiters-2")
    except (UnknownServiceError, DataNotFoundError):
        return {}
    return {xform_name(waiter, "-"): about for waiter, about in data["waiters"].items()}


def waiters(name: str) -> frozenset[str]:
    """Return the names that ``aws SERVICE wait`` knows."""
    return frozenset(_waiting(name))


def waiter_operation(name: str, waiter: str) -> str:
    """Return the operation that a waiter asks again and again, as the ``aws`` command calls it; empty for none."""
    return str(xform_name(_waiting(name).get(waiter, {}).get("operation", ""), "-"))


@functools.cache
def regions() -> dict[str, str]:
    """Return all regions: of each name what AWS calls it, such as ``Europe (Ireland)``."""
    partitions: list[dict[str, Any]] = _loader().load_data("endpoints")["partitions"]
    return {name: about["description"] for partition in partitions for name, about in partition["regions"].items()}


@functools.cache
def filters(service_name: str, operation_name: str) -> frozenset[str]:
    """Return the names that ``--filters`` takes, read from the documentation that comes with the model."""
    shape = input_shape(service_name, operation_name)
    member = shape.members.get("Filters") if shape else None
    names = re.findall(r"<li>\s*<p>\s*<code>([\w.:<>/-]+)</code>", member.documentation if member else "")
    return frozenset(names)


@functools.cache
def values_of(service_name: str, operation_name: str, filter_name: str) -> frozenset[str]:
    """Return what a filter's values may be, where the member of the answer that it is named after has a fixed set."""
    member = "".join(part.capitalize() for part in filter_name.split("-"))
    shapes = [shape for name, shape in _members(output_shape(service_name, operation_name)) if name == member]
    enums = [frozenset(shape.metadata.get("enum", ())) for shape in shapes]
    return enums[0] if enums and all(enum == enums[0] for enum in enums) else frozenset()


def field_names(shape: Shape | None) -> frozenset[str]:
    """Return the names of all members below a shape."""
    return frozenset(name for name, _ in _members(shape))


def _members(shape: Shape | None) -> Iterator[tuple[str, Shape]]:
    seen: set[str] = set()
    stack = [shape] if shape is not None else []
    while stack:
        one = stack.pop()
        if one.name in seen:
            continue
        seen.add(one.name)
        if isinstance(one, StructureShape):
            yield from one.members.items()
            stack.extend(one.members.values())
        elif isinstance(one, ListShape):
            stack.append(one.member)
        elif isinstance(one, MapShape):
            stack.append(one.value)


def enum(service_name: str, shape: str) -> frozenset[str]:
    """Return the values that a named type of a service may have."""
    model = service(service_name)
    return frozenset(model.shape_for(shape).enum) if model else frozenset()
