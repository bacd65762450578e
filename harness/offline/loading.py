"""Bring moto in quickly, and without looking at the caller's AWS configuration.

Three things cost moto most of its start, and none is needed here: EC2's service description is read three times
over to list the regions, the instance types on offer are read for every region, and every managed policy of
AWS is made an object. Measured on two cores: 3.4 s before, 0.5 s after.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.loaders
import botocore.regions

ACCOUNT = "123456789012"
"""The account of the offline cloud; moto's own default, so that its fall-backs mean the same account."""

_OFFERINGS = "ec2/resources/instance_type_offerings/"


class Regions:
    """Stands in for ``boto3.Session`` where moto asks for no more than the regions of a service."""

    def get_available_partitions(self) -> list[str]:
        """Return the partitions' names."""
        return list(_resolver().get_available_partitions())

    def get_available_regions(self, service_name: str, partition_name: str = "aws") -> list[str]:
        """Return the regions of a service; those of EC2 where its endpoints have another name than the service."""
        found = _resolver().get_available_endpoints(service_name, partition_name)
        return list(found or _resolver().get_available_endpoints("ec2", partition_name))


def is_region(name: str) -> bool:
    """Say whether AWS has a region of that name."""
    regions = Regions()
    return any(name in regions.get_available_regions("ec2", each) for each in regions.get_available_partitions())


@functools.cache
def _resolver() -> Any:
    return botocore.regions.EndpointResolver(botocore.loaders.Loader().load_data("endpoints"))


@contextlib.contextmanager
def replaced(holder: Any, **values: Any) -> Iterator[None]:
    """Set attributes of a module or class for a while."""
    before = {name: getattr(holder, name) for name in values}
    for name, value in values.items():
        setattr(holder, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(holder, name, value)


class _Offerings(dict[str, list[dict[str, str]]]):
    """The instance types on offer by region, read when a region is first asked for."""

    def __init__(self, location_type: str) -> None:
        super().__init__()
        self.location_type = location_type

    def __missing__(self, region: str) -> list[dict[str, str]]:
        from moto.utilities.utils import load_resource

        try:
            offers = load_resource(f"{_OFFERINGS}{self.location_type}/{region}.json")
        except FileNotFoundError:
            offers = []
        self[region] = [{**offer, "LocationType": self.location_type} for offer in offers]
        return self[region]

    def get(self, region: str, default: Any = None) -> Any:
        return self[region] or default


@functools.cache
def load() -> None:
    """Import the parts of moto that every run needs; the second call does nothing."""
    import moto.utilities.utils as utilities

    read = utilities.load_resource

    def read_but_offerings(resource: str) -> Any:
        return [] if _OFFERINGS in resource else read(resource)

    with replaced(boto3, Session=_regions_for_this_thread()), replaced(utilities, load_resource=read_but_offerings):
        importlib.import_module("moto.core.base_backend").AccountSpecificBackend.get_session = Regions
        importlib.import_module("moto.ec2.models")
        importlib.import_module("moto.iam.models")
    offerings = importlib.import_module("moto.ec2.models.instance_types").INSTANCE_TYPE_OFFERINGS
    for location_type in list(offerings):
        offerings[location_type] = _Offerings(location_type)
    _remember("moto.backends", "list_of_moto_modules")  # read from disk on every call otherwise
    _remember("moto.core.responses", "method_names_from_class")


def _remember(module: str, function: str) -> None:
    """Make a function without side effects of moto's answer the same question once."""
    holder = importlib.import_module(module)
    work = getattr(holder, function)

    @functools.cache
    def remembered(*given: Any) -> Any:
        result = work(*given)
        return list(result) if isinstance(result, Iterator) else result

    setattr(holder, function, remembered)


def _regions_for_this_thread() -> Callable[..., Any]:
    """Return what ``boto3.Session`` is meanwhile; other threads still get real sessions."""
    mine, session = threading.get_ident(), boto3.Session
    return lambda *given, **named: Regions() if threading.get_ident() == mine else session(*given, **named)
