"""Isolation: a process that may talk to this machine only, and knows nothing of the caller's AWS."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

FOREIGN = ("AWS_", "BOTO", "SAGEMAKER_", "MOTO_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
LOOPBACK_NAMES = frozenset({"localhost", "", "ip6-localhost"})
GUARDED = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_closed = False
_hooked = False
_own: list[IpNetwork] = []


class OutsideError(PermissionError):
    """Says that something tried to leave the machine during an offline run."""


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without credentials, AWS settings and proxies of the caller."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(FOREIGN) and name.lower() not in PROXIES
    }


@contextmanager
def offline() -> Iterator[None]:
    """Forbid this process every address but loopback, and hide the caller's AWS settings from it.

    The environment is put back at the end. Commands that the process starts are not watched: they are given
    an environment in which nothing but the offline cloud is known.
    """
    global _closed  # noqa: PLW0603 - an audit hook cannot be taken away, only told to let pass
    _hook()
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(without_aws(before))
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull
    )
    outer, _closed = _closed, True
    try:
        yield
    finally:
        _closed = outer
        os.environ.clear()
        os.environ.update(before)


def admit(network: IpNetwork) -> None:
    """Let pass what goes to a network of this machine's own that the process made, such as that of its containers."""
    _own.append(network)


def admit_no_more(network: IpNetwork) -> None:
    """Take such a network back."""
    _own.remove(network)


def _hook() -> None:
    global _hooked  # noqa: PLW0603 - once per process
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked = True


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if not _closed:
        return
    if event in GUARDED:
        _admit(arguments[1])
    elif event == "socket.getaddrinfo":
        _admit((arguments[0],))


def _admit(address: object) -> None:
    """Raise :class:`OutsideError` for an internet address that is not loopback; local sockets pass."""
    if not isinstance(address, tuple) or not address:
        return
    host = address[0].decode(errors="replace") if isinstance(address[0], bytes) else address[0]
    if host is None or str(host) in LOOPBACK_NAMES or str(host).endswith(".localhost") or _is_local(str(host)):
        return
    raise OutsideError(f"offline, nothing may leave this machine, but something tried to reach {host}")


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or any(address in network for network in _own)
