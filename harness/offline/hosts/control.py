"""What a host's stand-ins ask of the machine that holds it: one line of JSON each way, over a Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Answerer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Control:
    """Listens at ``path`` and has ``answer`` say what each request is told."""

    def __init__(self, path: Path, answer: Answerer) -> None:
        self.path = path
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """Stop listening and drop what is still asked."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            request = json.loads(await reader.readline() or "{}")
            writer.write(json.dumps(await self._answer(request)).encode() + b"\n")
            await writer.drain()
        except (ValueError, OSError, asyncio.CancelledError):
            pass  # not a request, the asker has gone, or the host goes down
        finally:
            self._running.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
