"""What EC2's models need of the cloud around them: the hosts, the clock, and somebody to tell of changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.offline.hosts.protocol import HostKind
from harness.offline.later import Later


@dataclass
class Site:
    """The surroundings of every EC2 backend of one offline cloud.

    ``settle`` is how long a transition takes (pending to running, stopping to stopped, shutting-down to
    terminated), in seconds. ``lock`` is held wherever EC2's state is read or changed. ``changed`` is called
    with the lock held when a transition was made that no API call made.
    """

    hosts: HostKind
    later: Later
    settle: float
    lock: threading.RLock = field(default_factory=threading.RLock)
    changed: Callable[[], None] = lambda: None

    def after_a_moment(self, work: Callable[[], None]) -> None:
        """Run ``work`` when the settling time is over, with the lock held, and tell of the change."""

        def locked() -> None:
            with self.lock:
                work()
                self.changed()

        self.later.call(self.settle, locked)
