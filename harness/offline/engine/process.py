"""One process of a container, from its start to its end, with its streams."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import signal
import socket
import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from harness.offline.engine.model import Json
from harness.offline.engine.spawning import spawn

CHUNK = 65536
DRAIN_SECONDS = 1.0
"""How long output is awaited after a process ended, in case something else still holds its streams."""
STDOUT, STDERR = 1, 2
Sink = Callable[[int, bytes], None]


class NotStarted(Exception):
    """Says that a program could not be run: the errno, and at which step."""

    def __init__(self, number: int, where: str) -> None:
        super().__init__(f"{where}: {os.strerror(number)}")
        self.number = number
        self.where = where


@dataclass
class Input:
    """The writing end of a process's standard input."""

    transport: asyncio.WriteTransport | None

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


@dataclass
class Process:
    """A running process: ``pid`` is its own, ``wait`` gives its exit code (128 + signal where one ended it)."""

    handle: asyncio.subprocess.Process
    control: socket.socket
    pid: int
    stdin: Input
    tty: int | None
    contained: bool
    readers: dict[int, int]
    sink: Sink
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    held: set[object] = field(default_factory=set)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self) -> None:
        """Begin to read its output."""
        for descriptor in self.readers:
            os.set_blocking(descriptor, False)
        self._listen(True)

    def _listen(self, wanted: bool) -> None:
        loop = asyncio.get_running_loop()
        for descriptor in self.readers:
            if wanted:
                loop.add_reader(descriptor, self._read, descriptor)
            else:
                loop.remove_reader(descriptor)

    def hold(self, holder: object) -> None:
        """Stop reading while a receiver is full."""
        if not self.held:
            self._listen(False)
        self.held.add(holder)

    def release(self, holder: object) -> None:
        """Read again once no receiver is full."""
        if holder in self.held:
            self.held.discard(holder)
            if not self.held:
                self._listen(True)

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: every process has closed the terminal
            data = b""
        if data:
            self.sink(self.readers[descriptor], data)
        else:
            self._finish(descriptor)

    def _finish(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        self.readers.pop(descriptor, None)
        if descriptor != self.tty:
            os.close(descriptor)
        if not self.readers:
            self.drained.set()

    async def wait(self) -> int:
        """Wait until it has ended and its output is read; closes everything that belongs to it."""
        code = await self.handle.wait()
        if not self.contained:
            end_session(self.handle.pid)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.drained.wait(), None if self.held else DRAIN_SECONDS)
        for descriptor in list(self.readers):
            self._finish(descriptor)
        self.stdin.close()
        self.control.close()
        if self.tty is not None:
            os.close(self.tty)
            self.tty = None
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        """Send a signal as to the first process of a pid namespace: what it does not handle does not reach it."""
        unstoppable = number in {signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT}
        if self.contained or unstoppable or handles(self.pid, number):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def resize(self, height: int, width: int) -> None:
        """Set the size of its terminal."""
        if self.tty is not None and height and width:
            fcntl.ioctl(self.tty, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    async def connect(self, port: int) -> socket.socket | None:
        """Open a connection to a port of the container from inside its network; ``None`` where nothing listens."""
        loop = asyncio.get_running_loop()
        async with self.asking:
            try:
                await loop.sock_sendall(self.control, b"connect %d\n" % port)
                await readable(self.control)
                answer, handles_, _, _ = socket.recv_fds(self.control, 1, 1)
            except OSError:
                return None
        if answer != b"+" or not handles_:
            return None
        return socket.socket(fileno=handles_[0])


async def readable(handle: socket.socket) -> None:
    """Wait until a socket has something to read."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def answer() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(handle, answer)
    try:
        await ready
    finally:
        loop.remove_reader(handle)


def handles(pid: int, number: int) -> bool:
    """Tell whether a process has a handler for a signal (Linux; elsewhere it is taken to have one)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (number - 1) & 1)


def end_session(leader: int) -> None:
    """Kill every process of a session, where no pid namespace does so, and those that it started."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader:
                process.kill()


async def start(spec: Json, *, tty: bool, stdin: bool, sink: Sink, size: tuple[int, int] | None = None) -> Process:
    """Start a process; raises :class:`NotStarted` where its program cannot be run."""
    spec = spec | {"tty": tty}
    opened = _terminal(size) if tty else _pipes(stdin)
    mine, theirs = opened
    try:
        handle, control = await spawn(spec, *theirs)
    except BaseException:
        _close(mine.values())
        raise
    finally:
        _close({one for one in theirs if one >= 0})
    try:
        pid = await _started(control, handle)
    except BaseException:
        control.close()
        _close(set(mine.values()))
        await handle.wait()
        raise
    master = mine["tty"] if tty else None
    readers = {mine["tty"]: STDOUT} if tty else {mine["stdout"]: STDOUT, mine["stderr"]: STDERR}
    process = Process(
        handle=handle, control=control, pid=pid, tty=master, contained=spec["how"] != "plain", readers=readers,
        sink=sink, stdin=await _input(mine.get("stdin")),
    )  # fmt: skip
    process.begin()
    return process


def _terminal(size: tuple[int, int] | None) -> tuple[dict[str, int], tuple[int, int, int]]:
    master, slave = os.openpty()
    height, width = size or (24, 80)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    return {"tty": master, "stdin": os.dup(master)}, (slave, slave, slave)


def _pipes(stdin: bool) -> tuple[dict[str, int], tuple[int, int, int]]:
    out, err = os.pipe(), os.pipe()
    mine = {"stdout": out[0], "stderr": err[0]}
    if not stdin:
        return mine, (asyncio.subprocess.DEVNULL, out[1], err[1])
    given = os.pipe()
    return mine | {"stdin": given[1]}, (given[0], out[1], err[1])


def _close(descriptors: object) -> None:
    for descriptor in set(descriptors):  # type: ignore[call-overload]
        os.close(descriptor)


async def _input(descriptor: int | None) -> Input:
    if descriptor is None:
        return Input(None)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(descriptor, "wb", buffering=0))
    return Input(transport)


async def _started(control: socket.socket, handle: asyncio.subprocess.Process) -> int:
    """Read the first line of the control socket; its end without one means that the program took over."""
    loop = asyncio.get_running_loop()
    line = (await loop.sock_recv(control, 4096)).decode().split()
    if not line:
        return handle.pid
    if line[0] == "started":
        return int(line[1])
    number = int(line[1]) if line[1].isdigit() else errno.EIO
    raise NotStarted(number, " ".join(line[2:]))
