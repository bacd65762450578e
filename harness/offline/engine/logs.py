"""A container's log, as the json-file driver keeps it: one JSON document per line of output."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.offline.engine.naming import now, seconds

STREAMS = {1: "stdout", 2: "stderr"}
LONGEST = 16 * 1024


@dataclass(frozen=True)
class Entry:
    """One line, or a part of a line that is too long: its stream (1 stdout, 2 stderr), text and time."""

    stream: int
    data: bytes
    time: str


@dataclass
class Log:
    """Writes and reads one log file, and tells its followers when it grew."""

    path: Path
    parts: dict[int, bytes] = field(default_factory=lambda: {1: b"", 2: b""})
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, stream: int, data: bytes) -> None:
        """Take output in; what has no end of line yet waits for it."""
        lines = (self.parts[stream] + data).splitlines(keepends=True) if b"\n" in data else [self.parts[stream] + data]
        whole: list[bytes] = []
        for line in lines:
            pieces = [line[at : at + LONGEST] for at in range(0, len(line), LONGEST)]
            whole += [piece for piece in pieces if piece.endswith(b"\n") or len(piece) == LONGEST]
        written = sum(map(len, whole))
        self.parts[stream] = (self.parts[stream] + data)[written:]
        self._append(stream, whole)

    def flush(self) -> None:
        """Write what waits for the end of its line: there will be none."""
        for stream, part in self.parts.items():
            if part:
                self._append(stream, [part])
                self.parts[stream] = b""
        self.tell()

    def _append(self, stream: int, lines: list[bytes]) -> None:
        if not lines:
            return
        with self.path.open("a") as file:
            for line in lines:
                text = line.decode(errors="replace")
                file.write(json.dumps({"log": text, "stream": STREAMS[stream], "time": now()}) + "\n")
        self.tell()

    def tell(self) -> None:
        """Wake the followers."""
        self.grown.set()
        self.grown = asyncio.Event()

    def read(self, offset: int = 0) -> tuple[list[Entry], int]:
        """Return the entries from an offset in the file, and the offset after them."""
        if not self.path.exists():
            return [], 0
        with self.path.open("rb") as file:
            file.seek(offset)
            return [_entry(line) for line in file], file.tell()

    async def follow(self, offset: int, ended: asyncio.Event) -> AsyncIterator[Entry]:
        """Yield the entries from an offset on until the container has ended and all are read."""
        while True:
            grown, is_over = self.grown, ended.is_set()
            entries, offset = self.read(offset)
            for entry in entries:
                yield entry
            if is_over:
                return
            if not entries:
                await _first(grown, ended)


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()


def _entry(line: bytes) -> Entry:
    document = json.loads(line)
    return Entry(2 if document["stream"] == "stderr" else 1, document["log"].encode(), document["time"])


def select(entries: list[Entry], streams: set[int], since: float, until: float, tail: int | None) -> Iterator[Entry]:
    """Yield what a request for logs asked for."""
    wanted = [e for e in entries if e.stream in streams and since <= seconds(e.time) <= until]
    yield from wanted if tail is None else wanted[len(wanted) - min(tail, len(wanted)) :]
