"""What EC2's models need of the cloud around them: the hosts, the clock, and somebody to tell of changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.offline.hosts.protocol import HostKind
from harness.offline.later import Later
from harness.offline.weather.calm import Calm


@dataclass
class Site:
    """The surroundings of every EC2 backend of one offline cloud.

    ``weather`` says how long a transition takes (pending to running, stopping to stopped, shutting-down to
    terminated) and what goes wrong. ``lock`` is held wherever EC2's state is read or changed. ``changed`` is called
    with the lock held when a transition was made that no API call made. ``lingering`` are interfaces of instances that
    are gone: the groups that each is still in, and until when (by the weather's clock).
    """

    hosts: HostKind
    later: Later
    weather: Calm
    lock: threading.RLock = field(default_factory=threading.RLock)
    changed: Callable[[], None] = lambda: None
    lingering: list[tuple[frozenset[str], float]] = field(default_factory=list)

    def linger(self, groups: frozenset[str]) -> None:
        """Keep groups in use for as long as an interface takes to go after its instance."""
        self.lingering.append((groups, self.weather.now() + self.weather.seconds("interface.lingering")))

    def is_lingering(self, group: str) -> bool:
        """Say whether an interface that is about to go is still in a group."""
        now = self.weather.now()
        return any(group in groups and until > now for groups, until in self.lingering)

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Run ``work`` after so many seconds, with the lock held, and tell of the change."""

        def locked() -> None:
            with self.lock:
                work()
                self.changed()

        self.later.call(seconds, locked)
