"""Credentials that expire, or a network that dies, while a run tears down: it says what remains, and a sweep finishes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest

from bench.torture import inventory
from bench.torture.laboratory import Laboratory, laboratory
from harness.offline.authentication import refusal
from harness.offline.call import Call, Reply
from harness.offline.layers import Next

STAGES = ("network", "bastion")


def expired(call: Call) -> Reply:
    raise refusal(call, "ExpiredToken", "The security token included in the request is expired")


def unreachable(call: Call) -> Reply:
    call.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Reply(500, [], b"")


class Outage:
    """Answers nothing but trouble from a moment on: the first call that ``begins`` it after instances were launched."""

    def __init__(self, trouble: Callable[[Call], Reply], begins: tuple[str, ...]) -> None:
        self.trouble, self.begins = trouble, begins
        self.was_launched = self.is_on = self.is_over = False

    def __call__(self, call: Call, forward: Next) -> Reply:
        self.was_launched |= call.operation == "RunInstances"
        self.is_on |= self.was_launched and call.operation.startswith(self.begins)
        return self.trouble(call) if self.is_on and not self.is_over else forward(call)


@pytest.fixture(scope="module")
def lab():
    with laboratory() as lab:
        yield lab


def torn_down_in(lab: Laboratory, outage: Outage) -> tuple[int, str, list[str], inventory.Found]:
    """Run some tests whose teardown meets an outage, and return how it ended, what it said, its leaks and what is left."""
    before, directory = lab.look(), lab._directory()
    lab.offline.inner.append(outage)
    with lab._run(STAGES, directory) as run:
        said, _ = run.communicate(timeout=300)
    outage.is_over = True
    leaks = json.loads((directory / "report.json").read_text())["leaks"]
    assert f"run python -m harness sweep --run-dir {directory}" in " ".join(said.split())
    left, _ = inventory.differences(before, lab.look())
    code, swept = lab.sweep(directory)
    assert code == 0, swept
    assert inventory.differences(before, lab.look()) == ([], [])
    return run.returncode, said, leaks, left


@pytest.mark.parametrize(
    ("trouble", "begins", "why"),
    [
        (expired, ("GetCallerIdentity",), "ExpiredToken"),
        (expired, ("Terminate",), "RequestExpired"),
        (unreachable, ("GetCallerIdentity",), ""),
    ],
    ids=["expired before", "expired in the middle", "network dead"],
)
def test_what_remains_is_said_and_the_next_sweep_finishes(lab, trouble, begins, why):
    code, said, leaks, left = torn_down_in(lab, Outage(trouble, begins))
    assert code == 1
    assert "Traceback" not in said
    assert any(leak.startswith("instance i-") for leak in leaks)
    assert all(why in leak for leak in leaks)
    assert any(thing.startswith("instance i-") for thing in left)
    assert any(thing.startswith("key pair acceptance-") for thing in left)
