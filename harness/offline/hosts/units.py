"""The units that ``systemctl`` knows on a host."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from harness.offline.hosts.protocol import Service

_DESCRIPTIONS = {
    "docker.service": "Docker Application Container Engine",
    "docker.socket": "Docker Socket for the API",
    "containerd.service": "containerd container runtime",
}


@dataclass
class Unit:
    """A unit; one without a service is only noted as running."""

    description: str
    service: Service | None = None
    enabled: bool = True
    active: bool = False

    async def start(self) -> None:
        """Start, if it does not run."""
        if not self.active:
            if self.service is not None:
                await self.service.start()
            self.active = True

    async def stop(self) -> None:
        """Stop, if it runs."""
        if self.active:
            self.active = False
            if self.service is not None:
                await self.service.stop()


class Units:
    """All units of a host, changed one at a time."""

    def __init__(self) -> None:
        self._units: dict[str, Unit] = {}
        self._lock = asyncio.Lock()

    def add(self, name: str, unit: Unit) -> None:
        """Make a unit known."""
        self._units[name] = unit

    async def start_enabled(self) -> None:
        """Start what starts at boot."""
        async with self._lock:
            for unit in self._units.values():
                if unit.enabled:
                    await unit.start()

    async def stop_all(self) -> None:
        """Stop everything, the last first."""
        async with self._lock:
            for unit in reversed(self._units.values()):
                await unit.stop()

    async def install(self, name: str, service: Service | None) -> None:
        """Make a unit known that a package brought; it is enabled and not yet started."""
        if name not in self._units:
            self._units[name] = Unit(_DESCRIPTIONS.get(name, name), service)

    async def change(self, name: str, action: str) -> dict[str, Any]:
        """Do what a stand-in asks and describe the unit; an unknown one is ``known: False``."""
        unit = self._units.get(name)
        if unit is None:
            return {"known": False}
        answer: dict[str, Any] = {"known": True}
        async with self._lock:
            try:
                await self._apply(name, unit, action)
            except (OSError, RuntimeError) as error:
                answer["error"] = str(error)
        return answer | {"active": unit.active, "enabled": unit.enabled, "description": unit.description}

    def describe(self) -> dict[str, dict[str, bool]]:
        """Return every unit's state."""
        return {name: {"active": unit.active, "enabled": unit.enabled} for name, unit in self._units.items()}

    async def _apply(self, name: str, unit: Unit, action: str) -> None:
        if action in {"stop", "restart", "forget"}:
            await unit.stop()
        if action in {"start", "restart"}:
            await unit.start()
        if action == "forget":
            del self._units[name]
        if action in {"enable", "disable"}:
            unit.enabled = action == "enable"
