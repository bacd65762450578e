"""A block of loopback addresses that one offline cloud has to itself for as long as its process lives."""

from __future__ import annotations

import random
import socket
from collections import deque

from harness.errors import UsageError

_LEASE_PORT = 47251
"""Bound, never listened on, at the block's first address: whoever holds it holds the block."""


class AddressLease:
    """Hands out addresses of a free 127.A.B.0/22: public ones, inside ones, and ones for services.

    The kernel releases the lease with the process. Raises :class:`~harness.errors.UsageError` where the system
    does not give 127.0.0.0/8 to everybody, as Linux does.
    """

    def __init__(self) -> None:
        self._socket, self._prefix, self._third = _take_block()
        self._free = [deque(range(1, 255)) for _ in range(3)]

    @property
    def network(self) -> str:
        """Return the block, such as ``127.83.4.0/22``."""
        return f"{self._prefix}.{self._third}.0/22"

    def public(self) -> str:
        """Return an address to be reached at."""
        return self._take(0)

    def inside(self) -> str:
        """Return an address that stands for a private one."""
        return self._take(1)

    def service(self) -> str:
        """Return an address for a process that only its host relays to."""
        return self._take(2)

    def release(self, address: str) -> None:
        """Take an address back; it is handed out again after all others."""
        _, _, third, last = (int(part) for part in address.split("."))
        pool = third - self._third
        if 0 <= pool < len(self._free) and address.startswith(self._prefix + ".") and last not in self._free[pool]:
            self._free[pool].append(last)

    def close(self) -> None:
        """End the lease."""
        self._socket.close()

    def _take(self, pool: int) -> str:
        if not self._free[pool]:
            raise UsageError("the offline cloud has no address left: it holds at most 254 instances at a time")
        return f"{self._prefix}.{self._third + pool}.{self._free[pool].popleft()}"


def _take_block() -> tuple[socket.socket, str, int]:
    reason: OSError | None = None
    for _ in range(200):
        prefix, third = f"127.{random.randrange(16, 255)}", random.randrange(0, 252, 4)
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            holder.bind((f"{prefix}.{third}.1", _LEASE_PORT))
        except OSError as error:
            reason = error
            holder.close()
            continue
        return holder, prefix, third
    raise UsageError(f"embedded hosts need more loopback addresses than 127.0.0.1, and this system refuses: {reason}")


def find_ssh_port(address: str) -> int:
    """Return 22 where an SSH server may listen there, else the first port that may be used in its place."""
    for port in (22, 10022, 20022, 30022, 40022):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((address, port))
                trial.listen(1)
            except OSError:
                continue
            return port
    raise UsageError("no port for the SSH servers of the embedded hosts is free on this machine")
