"""The hosts of one offline cloud as containers; implements :class:`~harness.offline.hosts.protocol.HostKind`."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException

from harness import isolation
from harness.errors import HarnessError, TimedOut, UsageError
from harness.leash import Leash
from harness.offline.hosts.containers import removal
from harness.offline.hosts.containers.machine import ContainerMachine
from harness.offline.hosts.containers.network import Network
from harness.offline.hosts.containers.world import World
from harness.offline.hosts.protocol import EgressRule, Halted, IngressRule, MachineSpec
from harness.offline.images import builder
from harness.offline.images.engine import connect
from harness.waiting import until

_log = logging.getLogger(__name__)
_PATIENCE = 120.0
"""Seconds that a change of a machine's life may take on a busy machine."""


class _Slot:
    """A machine and the one thread that changes it."""

    def __init__(self, machine: ContainerMachine) -> None:
        self.machine = machine
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=machine.name)
        self.last: Future[None] | None = None

    def begin(self, work: Callable[[], None]) -> Future[None]:
        """Let work follow what was begun before."""
        self.last = self._worker.submit(work)
        return self.last

    def close(self) -> None:
        self._worker.shutdown(wait=True)


class ContainerHosts:
    """Instances as containers on a network of this cloud's own.

    ``run_id`` is put on everything that is made, beside a token of this cloud's own. ``boot_delay`` says how long, in
    seconds, a machine takes before it begins to boot. Raises :class:`~harness.errors.UsageError` where no engine
    answers, its images are missing, or the addresses of its containers are not routed here.
    """

    def __init__(
        self, on_halt: Halted, *, run_id: str = "", boot_delay: Callable[[], float] = lambda: 0.0
    ) -> None:  # fmt: skip
        self._client = connect()
        self._leash = Leash()
        self._on_halt, self._boot_delay = on_halt, boot_delay
        self.token = secrets.token_hex(4)
        self._labels = removal.labels(self.token, run_id)
        self._lock = threading.RLock()
        self._slots: dict[str, _Slot] = {}
        self._closing = threading.Event()
        self._network: Network | None = None
        try:
            self._open()
        except BaseException:
            self._take_down()
            raise

    def _open(self) -> None:
        if absent := builder.missing(self._client):
            raise UsageError(f"the engine has no up-to-date {' and '.join(absent)}; build them: make images.")
        prefix = f"acceptance-{self.token}"
        self._leash.at_the_end(
            [sys.executable, "-m", removal.__name__, self.token],
            {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        )
        self._network = Network(self._client, prefix, self._labels)
        self._world = World(self._client, self._network, f"{prefix}-world", self._labels)
        isolation.admit(self._network.subnet)
        self._await_world(self._network)
        self._events = threading.Thread(target=self._listen, name="container-events", daemon=True)
        self._events.start()

    def _await_world(self, network: Network) -> None:
        try:
            until("a container's address answers", lambda: _answers(network.world, 53), timeout=10, every=0.02)
        except TimedOut:
            said = self._world.said()
            raise UsageError(
                "the addresses of containers are not routed on this machine, as under Docker Desktop; "
                f"leave --hosts=docker out, or run in the engine's own Linux.{f' ({said})' if said else ''}"
            ) from None

    # -- what the control plane asks for -------------------------------------------------------------------------------

    def allocate_public_ip(self) -> str:
        """Reserve an address of this cloud's network."""
        return self._net.lend()

    def release_public_ip(self, address: str) -> None:
        """Give an address back."""
        self._net.give_back(address)

    def public_name(self, address: str, region: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Return the address itself: no name server of the workstation's knows these machines."""
        return address

    def boot(self, spec: MachineSpec, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        """Bring a machine up; it answers a moment later."""
        with self._lock:
            slot = self._slots.get(spec.instance_id)
            if slot is None:
                prefix = f"acceptance-{self.token}"
                slot = _Slot(ContainerMachine(self._client, self._net, prefix, self._labels, spec))
                self._slots[spec.instance_id] = slot

            def start() -> None:
                slot.machine.spec, slot.machine.ingress, slot.machine.egress = spec, rules, egress
                if not self._closing.wait(self._boot_delay()):
                    self._world.introduce(spec)
                    slot.machine.start()

            self._begin(slot, start)

    def reboot(self, instance_id: str) -> None:
        """Have a machine go down and come up again."""
        if (slot := self._slots.get(instance_id)) is not None:
            self._begin(slot, slot.machine.reboot)

    def halt(self, instance_id: str) -> None:
        """Take a machine down; its files stay."""
        if (slot := self._slots.get(instance_id)) is not None:
            self._begin(slot, slot.machine.stop)

    def destroy(self, instance_id: str) -> None:
        """Take a machine down and remove it. What its console said can still be read."""
        if (slot := self._slots.get(instance_id)) is not None:
            self._begin(slot, slot.machine.remove)

    def set_rules(self, instance_id: str, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        """Put rules in force; they hold when this returns."""
        slot = self._slots.get(instance_id)
        if slot is None:
            return

        def apply() -> None:
            slot.machine.ingress, slot.machine.egress = rules, egress
            slot.machine.apply()

        slot.begin(apply).result(_PATIENCE)

    def console_output(self, instance_id: str) -> str:
        """Return what a machine wrote to its console; nothing for one that never booted."""
        slot = self._slots.get(instance_id)
        return slot.machine.console() if slot is not None else ""

    def ssh_config(self) -> None:
        """Return nothing: addresses are routed, and every port is what it is."""

    def close(self) -> None:
        """End every machine and remove everything that was made."""
        if self._closing.is_set():
            return
        self._take_down()

    @property
    def _net(self) -> Network:
        assert self._network is not None
        return self._network

    def _begin(self, slot: _Slot, work: Callable[[], None]) -> None:
        """Begin a change of a machine's life; what goes wrong is logged, as nobody waits for it."""

        def logged() -> None:
            try:
                work()
            except (HarnessError, DockerException):
                if not self._closing.is_set():
                    _log.exception("instance %s", slot.machine.spec.instance_id)
                raise

        slot.begin(logged)

    def _take_down(self) -> None:
        self._closing.set()
        try:
            for slot in self._slots.values():
                slot.close()
            left = removal.remove(self._client, f"{removal.LABEL}={self.token}")
        finally:
            if self._network is not None:
                isolation.admit_no_more(self._network.subnet)
            self._leash.close()
            self._client.close()
        if left:
            raise HarnessError(f"the engine did not remove {', '.join(left)}")

    # -- what machines do by themselves --------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Hear of machines that go down by themselves, until the network of this cloud is gone."""
        filters = {"label": f"{removal.LABEL}={self.token}", "event": ["die"]}
        client = connect()
        try:
            stream = client.events(decode=True, filters=filters)
            threading.Thread(target=_close_with, args=(self._closing, stream), daemon=True).start()
            for event in stream:
                self._hear(event["Actor"]["Attributes"].get("name", ""))
        except (OSError, APIError, ValueError):
            if not self._closing.is_set():
                _log.exception("the engine's events ended")
        finally:
            client.close()

    def _hear(self, name: str) -> None:
        for instance_id, slot in list(self._slots.items()):
            if slot.machine.name == name and slot.machine.is_up:
                slot.machine.is_up = False
                self._on_halt(instance_id)


def _close_with(closing: threading.Event, stream: Any) -> None:
    closing.wait()
    stream.close()


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
