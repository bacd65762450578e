"""The ledger: what a run is about to create, has created, and has seen gone.

One JSON object per line in ``ledger.jsonl``, appended and flushed before the next step is taken, so that a
run killed at any moment leaves enough behind to be swept. Several processes of a run may write to it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import cattrs

from harness.errors import RunEnded

State = Literal["intended", "created", "gone", "kept"]


@dataclass(frozen=True)
class Entry:
    """One resource of a run.

    ``kind`` names an entry of :mod:`harness.sweep`'s table of kinds. ``find`` holds what the resource can be
    looked up by when its id never came back: its name, a tag, a client token, its VPC. ``id`` is the
    cloud's own. ``order`` counts the entries of the run; teardown goes backwards.
    """

    key: str
    kind: str
    region: str
    find: dict[str, str]
    order: int = 0
    id: str | None = None
    state: State = "intended"
    at: str = ""


@dataclass(frozen=True)
class Life:
    """The latest word on a resource, when it was intended, and when it was seen gone, where it was."""

    entry: Entry
    begun: datetime.datetime
    ended: datetime.datetime | None


@dataclass
class Creation:
    """A resource that is being created: set ``id`` as soon as the cloud has said it."""

    entry: Entry
    id: str | None = field(default=None)


class Ledger:
    """The ledger of one run, in ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._closed = False
        self._own: list[Entry] = []

    def close(self) -> None:
        """Let this process create nothing any more: what comes late would not be torn down."""
        self._closed = True

    @contextlib.contextmanager
    def creating(self, kind: str, region: str, **find: str) -> Iterator[Creation]:
        """Write the intent down, let the caller create, and write the id down that the caller set.

        Where the caller's call fails, the intent stays: whether the resource exists is for the sweep to find out.
        Raises :class:`~harness.errors.RunEnded` once the ledger is closed.
        """
        if self._closed:
            raise RunEnded(f"the run is ending; no {kind} is created any more")
        entry = self._noted(Entry(secrets.token_hex(6), kind, region, find))
        self._write(entry)
        self._own.append(entry)
        creation = Creation(entry)
        try:
            yield creation
        finally:
            if creation.id is not None:
                self._remember(replace(entry, id=creation.id, state="created"))

    def found(self, kind: str, region: str, id: str, **find: str) -> Entry:
        """Write down a resource that came to be by another's creation, such as an instance's volume."""
        return self._remember(Entry(secrets.token_hex(6), kind, region, find, id=id, state="created"))

    def mark(self, entry: Entry, state: State) -> None:
        """Write down that a resource was looked for and is gone, or is kept on purpose."""
        self._remember(replace(entry, state=state))

    def entries(self) -> list[Entry]:
        """Return the latest word on each resource, in the order of creation; a torn last line is passed over."""
        latest: dict[str, Entry] = {}
        for entry in self._lines():
            order = latest[entry.key].order if entry.key in latest else len(latest)
            latest[entry.key] = replace(entry, order=order)
        return sorted(latest.values(), key=lambda entry: entry.order)

    def lives(self) -> list[Life]:
        """Return how long each resource existed, as far as the run knows."""
        latest, begun = {entry.key: entry for entry in self.entries()}, dict[str, datetime.datetime]()
        for entry in self._lines():
            begun.setdefault(entry.key, datetime.datetime.fromisoformat(entry.at))
        ended = {key: datetime.datetime.fromisoformat(e.at) for key, e in latest.items() if e.state == "gone"}
        return [Life(entry, begun[key], ended.get(key)) for key, entry in latest.items()]

    def strange_lines(self) -> list[int]:
        """Return the numbers of the lines that are neither an entry nor the beginning of one that was torn."""
        return [
            number
            for number, line in enumerate(self._written(), 1)
            if line.strip() and _read(line) is None and not (line.startswith('{"key"') and _is_torn(line))
        ]

    def _lines(self) -> Iterator[Entry]:
        """Yield what is on disk, and what this process wrote and the disk has lost or did not take."""
        there = [entry for entry in map(_read, self._written()) if entry is not None]
        told = {(entry.key, entry.state, entry.at) for entry in there}
        yield from there
        yield from [entry for entry in self._own if (entry.key, entry.state, entry.at) not in told]

    def _written(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return []

    def open_entries(self) -> list[Entry]:
        """Return what may still exist, the youngest first."""
        return [entry for entry in reversed(self.entries()) if entry.state in ("intended", "created")]

    def _remember(self, entry: Entry) -> Entry:
        """Write down what is so already: where the disk takes no more, this process at least knows it."""
        entry = self._noted(entry)
        self._own.append(entry)
        with contextlib.suppress(OSError):
            self._write(entry)
        return entry

    @staticmethod
    def _noted(entry: Entry) -> Entry:
        return replace(entry, at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"))

    def _write(self, entry: Entry) -> None:
        line = json.dumps(entry.__dict__, ensure_ascii=False) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (_mend(handle) + line).encode())
            os.fsync(handle)
        finally:
            os.close(handle)


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)


def _read(line: str) -> Entry | None:
    """Return the entry of a line; one that is torn, or of another edition of the suite, is none."""
    try:
        entry = _CONVERTER.structure(json.loads(line), Entry)
        is_of_a_zone = datetime.datetime.fromisoformat(entry.at).tzinfo is not None
    except (ValueError, TypeError, AttributeError, cattrs.BaseValidationError):  # cattrs takes all for a table
        return None
    return entry if is_of_a_zone else None


def _is_torn(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


def _mend(handle: int) -> str:
    """Return the line end that a writer who was killed in the middle of a line still owes."""
    end = os.lseek(handle, 0, os.SEEK_END)
    return "\n" if end and os.pread(handle, 1, end - 1) != b"\n" else ""
