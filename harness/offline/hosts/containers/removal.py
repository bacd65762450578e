"""Removing what clouds made of containers: by label, for one cloud or for all whose process is gone.

``python -m harness.offline.hosts.containers.removal TOKEN`` is what a leash's keeper runs when a process was killed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from typing import Any

from docker.errors import APIError, NotFound

from harness.errors import HarnessError
from harness.offline.images.engine import connect
from harness.waiting import until

LABEL = "acceptance-hosts"
"""Carried by everything; its value is the cloud's token."""
OWNER, RUN = "acceptance-owner", "acceptance-run"
"""The process that owns it, as ``number:birth``, and the id of the run."""


def labels(token: str, run_id: str) -> dict[str, str]:
    """Return the labels of what this process makes."""
    return {LABEL: token, OWNER: f"{os.getpid()}:{_born(os.getpid())}", RUN: run_id}


def remove(client: Any, label: str) -> list[str]:
    """Remove all containers, volumes and networks with a label (``NAME`` or ``NAME=VALUE``); return what is left."""
    # A cloud that was killed may have asked for something a moment ago that comes to be only now.
    try:
        until(f"nothing with {label} is left", lambda: not _removed(client, label), timeout=30, every=0.1)
    except HarnessError:
        return names(client, label)
    return []


def _removed(client: Any, label: str) -> list[str]:
    """Remove what is there and return the names of what was."""
    found = names(client, label)
    for container in client.containers.list(all=True, filters={"label": label}, ignore_removed=True):
        _attempt(functools.partial(container.remove, force=True, v=True))
    for volume in client.volumes.list(filters={"label": label}):
        _attempt(functools.partial(volume.remove, force=True))
    for network in client.networks.list(filters={"label": label}):
        _attempt(network.remove)
    return found


def _attempt(action: Callable[[], Any]) -> None:
    with contextlib.suppress(NotFound, APIError):  # somebody else removes it, or it is held still: looked for again
        action()


def names(client: Any, label: str) -> list[str]:
    """Return what carries a label, by kind and name."""
    chosen = {"label": label}
    containers = [f"container {one['Names'][0].lstrip('/')}" for one in client.api.containers(all=True, filters=chosen)]
    volumes = [f"volume {one.name}" for one in client.volumes.list(filters=chosen)]
    networks = [f"network {one.name}" for one in client.networks.list(filters=chosen)]
    return containers + volumes + networks


def abandoned(client: Any) -> dict[str, str]:
    """Return the clouds whose process is gone, by token, with the id of their run."""
    found: dict[str, str] = {}
    listed = [one["Labels"] for one in client.api.containers(all=True, filters={"label": LABEL})]
    listed += [one.attrs.get("Labels") or {} for one in client.volumes.list(filters={"label": LABEL})]
    listed += [one.attrs.get("Labels") or {} for one in client.networks.list(filters={"label": LABEL})]
    for told in listed:
        if not _is_alive(told.get(OWNER, "")):
            found[told[LABEL]] = told.get(RUN, "")
    return found


def _is_alive(owner: str) -> bool:
    number, _, birth = owner.partition(":")
    return number.isdigit() and str(_born(int(number))) == birth


def _born(process: int) -> float | None:
    import psutil

    try:
        return float(psutil.Process(process).create_time())
    except psutil.Error:
        return None


def main(token: str) -> int:
    """Remove what one cloud made."""
    client = connect()
    try:
        return 1 if remove(client, f"{LABEL}={token}") else 0
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
