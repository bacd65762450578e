"""A stand-in for an embedded host, and an engine on it in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from harness.offline.engine import Engine
from harness.offline.engine.isolation import Isolation
from harness.offline.engine.relay import Relay

MARKER = "ENGINE_TEST_MARK"


class Machine:
    """As much of a host as the engine asks for; its ports are opened on 127.0.0.1 and counted in ``opened``."""

    instance_id = "i-0123456789abcdef0"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opened: dict[int, tuple[str, int]] = {}
        for folder in ("etc", "home/ubuntu", "run"):
            (root / folder).mkdir(parents=True)
        (root / "etc/hostname").write_text("ip-172-31-0-9\n")

    def path(self, absolute: str, cwd: str = "/") -> Path:
        inside = absolute.removeprefix(str(self.root))
        return self.root / inside.lstrip("/") if inside.startswith("/") else self.root / cwd.lstrip("/") / inside

    def environment(self) -> dict[str, str]:
        return {MARKER: str(self.root)}

    def service_address(self) -> str:
        return "127.0.0.1"

    async def publish(self, port: int, target: tuple[str, int]) -> Callable[[], Awaitable[None]]:
        async def dial() -> socket.socket | None:
            handle = socket.socket()
            handle.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(handle, target)
            except OSError:
                handle.close()
                return None
            return handle

        relay = Relay(dial)
        await relay.start("127.0.0.1", port)
        self.opened[port] = target

        async def close() -> None:
            del self.opened[port]
            await relay.stop()

        return close


class Running:
    """An engine that serves from a thread."""

    def __init__(self, isolation: Isolation | None = None) -> None:
        self.machine = Machine(Path(tempfile.mkdtemp(prefix="engine-")))
        self.engine = Engine(self.machine, isolation)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"unix://{self.engine.socket}"

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def start(self) -> None:
        self.thread.start()
        self.call(self.engine.start())

    def stop(self) -> set[str]:
        """Stop; returns what is left running on the loop, by name."""
        self.call(self.engine.stop())
        left = self.call(self._left())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.machine.root)
        return left

    async def _left(self) -> set[str]:
        await asyncio.sleep(0)
        return {repr(task.get_coro()) for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@contextlib.contextmanager
def engine(isolation: Isolation | None = None) -> Iterator[Running]:
    """Serve an engine for as long as the block runs."""
    running = Running(isolation)
    running.start()
    try:
        yield running
    finally:
        running.stop()
