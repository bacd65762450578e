"""One session on a host: a command, a shell or a file transfer, with or without a terminal, as sshd runs it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import signal
from collections.abc import Callable
from typing import Any, cast

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from harness.offline.hosts import terminal
from harness.offline.hosts.userland import Userland

_NO_ROOT = 'Please login as the user "ubuntu" rather than the user "root".\n'
_NO_ROOT_EXIT = 142


class HostSession(asyncssh.SSHServerSession[bytes]):
    """Connects an SSH channel to a process of the host, flow control included."""

    def __init__(self, userland: Userland, connection: asyncssh.SSHServerConnection, caller: str) -> None:
        self._userland = userland
        self._connection = connection
        self._caller = caller
        self._user = str(connection.get_extra_info("username"))
        self._channel: asyncssh.SSHServerChannel[bytes]
        self._transfer: SSHServerStreamSession[bytes] | None = None
        self._process: _Process | None = None
        self._early: list[bytes] = []
        self._eof = False
        self._terminal: tuple[str, tuple[int, int, int, int], dict[int, int]] | None = None

    # -- requests -----------------------------------------------------------------------------------------------------

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Remember the channel."""
        self._channel = chan

    def pty_requested(self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Any) -> bool:
        """Allow a terminal."""
        self._terminal = term_type, term_size, dict(term_modes)
        return True

    def shell_requested(self) -> bool:
        """Allow a shell."""
        return True

    def exec_requested(self, command: str) -> bool:
        """Allow any command; the old scp's own is answered as a transfer of files."""
        if command.startswith("scp ") and self._user != "root":
            self._begin_transfer()
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        """Allow SFTP."""
        if subsystem == "sftp" and self._user != "root":
            self._begin_transfer()
        return self._transfer is not None

    def session_started(self) -> None:
        """Start what was asked for."""
        if path := self._connection.get_agent_path():
            self._userland.claim_directory(os.path.dirname(path))  # noqa: PTH120 - asyncssh's own directory
        if self._user == "root":
            self._channel.write(_NO_ROOT.encode())
            self._channel.exit(_NO_ROOT_EXIT)
        elif self._transfer is not None:
            self._transfer.session_started()
        else:
            self._connection.create_task(self._start_or_say_why())

    def _begin_transfer(self) -> None:
        self._transfer = SSHServerStreamSession(
            None,
            lambda channel: self._userland.session_files(cast("Any", channel), self._user),
            sftp_version=3,
            allow_scp=True,
        )
        self._transfer.connection_made(cast("Any", self._channel))

    async def _start_or_say_why(self) -> None:
        try:
            await self._start()
        except OSError as error:  # this machine is out of processes, files or memory
            self._channel.write_stderr(f"cannot start: {error}\n".encode())
            self._channel.exit(254)

    async def _start(self) -> None:
        command = self._channel.get_command()
        argv = self._userland.session_command(command, self._user, tty=self._terminal is not None)
        environment = self._userland.session_environment(self._user, self._caller, self._connection.get_agent_path())
        asked = self._channel.get_environment()
        environment |= {key: value for key, value in asked.items() if key.startswith(("LANG", "LC_"))}
        self._process = _Process(self._channel)
        home = self._userland.session_home(self._user)
        if self._terminal is not None:
            if command is None:
                self._channel.write(self._userland.greeting().encode())
            term, size, modes = self._terminal
            await self._process.start_on_terminal(argv, {**environment, "TERM": term or "dumb"}, home, size, modes)
        else:
            await self._process.start_on_pipes(argv, environment, home)
        for data in self._early:
            self._process.feed(data)
        if self._eof:
            self._process.feed_eof()

    # -- what the client sends ----------------------------------------------------------------------------------------

    def data_received(self, data: bytes, datatype: Any) -> None:
        """Pass data on."""
        if self._transfer is not None:
            self._transfer.data_received(data, datatype)
        elif self._process is not None and self._process.is_started:
            self._process.feed(data)
        else:
            self._early.append(data)

    def eof_received(self) -> bool:
        """Close the process's input; its output goes on."""
        if self._transfer is not None:
            keeps_open = bool(self._transfer.eof_received())
            if self._channel.get_subsystem():
                self._channel.exit(0)  # asyncssh's SFTP server would close without a status: a failure to scp
            return keeps_open
        self._eof = True
        if self._process is not None and self._process.is_started:
            self._process.feed_eof()
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Tell the terminal."""
        if self._process is not None:
            self._process.resize((width, height, pixwidth, pixheight))

    def signal_received(self, signal: str) -> None:
        """Send a signal to the process and its group, as sshd does."""
        if self._process is not None:
            self._process.signal(signal)

    def break_received(self, msec: int) -> bool:  # noqa: ARG002 - asyncssh's signature
        """Refuse: a terminal of ours has no line to break."""
        return False

    def pause_writing(self) -> None:
        """Let the process wait: the client is slow."""
        if self._transfer is not None:
            self._transfer.pause_writing()
        elif self._process is not None:
            self._process.pause_output()

    def resume_writing(self) -> None:
        """Let the process go on."""
        if self._transfer is not None:
            self._transfer.resume_writing()
        elif self._process is not None:
            self._process.resume_output()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hang up: a process with a terminal gets SIGHUP, one without sees its pipes close."""
        if self._transfer is not None:
            self._transfer.connection_lost(exc)
        elif self._process is not None:
            self._process.hang_up()


class _Process(asyncio.SubprocessProtocol, asyncio.Protocol):
    """A process of the host between its pipes, or its terminal, and an SSH channel."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = channel
        self._transport: asyncio.SubprocessTransport | None = None
        self._master: int | None = None
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None
        self._open = {1, 2}
        self._has_exited = False
        self._is_done = False
        self.is_started = False

    async def start_on_pipes(self, argv: list[str], environment: dict[str, str], cwd: str) -> None:
        """Start with three pipes."""
        loop = asyncio.get_running_loop()
        # A pipe of our own: asyncio's would be a socket, which /dev/stdin cannot open.
        source, sink = os.pipe()
        try:
            await loop.subprocess_exec(lambda: self, *argv, stdin=source, env=environment, cwd=cwd)
        except BaseException:
            os.close(sink)
            raise
        finally:
            os.close(source)
        await self._connect_input(sink)

    async def _connect_input(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        self._writer, _ = await loop.connect_write_pipe(lambda: _Input(self._channel), os.fdopen(descriptor, "wb", 0))
        self.is_started = True

    async def start_on_terminal(
        self,
        argv: list[str],
        environment: dict[str, str],
        cwd: str,
        size: tuple[int, int, int, int],
        modes: dict[int, int],
    ) -> None:
        """Start on a pseudo-terminal."""
        loop = asyncio.get_running_loop()
        self._master, slave = pty.openpty()
        try:
            terminal.set_size(self._master, size)
            terminal.set_modes(slave, modes)
            environment = {**environment, "SSH_TTY": os.ttyname(slave)}
            streams = {"stdin": slave, "stdout": slave, "stderr": slave}
            await loop.subprocess_exec(lambda: self, *argv, env=environment, cwd=cwd, **streams)  # type: ignore[arg-type]
        finally:
            os.close(slave)
        self._open = {1}
        self._reader, _ = await loop.connect_read_pipe(lambda: self, os.fdopen(os.dup(self._master), "rb", 0))
        await self._connect_input(os.dup(self._master))

    # -- towards the process ------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Write to the process's input."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)

    def feed_eof(self) -> None:
        """End the process's input; on a terminal, as its end-of-file key does."""
        if self._writer is None or self._writer.is_closing():
            return
        if self._master is None:
            self._writer.close()
        else:
            self._writer.write(b"\x04")

    def resize(self, size: tuple[int, int, int, int]) -> None:
        """Change the terminal's size, which tells the process by SIGWINCH."""
        if self._master is not None:
            terminal.set_size(self._master, size)

    def signal(self, name: str) -> None:
        """Send a signal, named without SIG, to the process's group."""
        number = getattr(signal, f"SIG{name}", None)
        if number is not None and self._transport is not None and not self._has_exited:
            with contextlib.suppress(OSError):
                os.killpg(self._transport.get_pid(), number)

    def hang_up(self) -> None:
        """Close everything; the process goes on without us, or not, as it likes."""
        self._is_done = True
        for transport in (self._reader, self._writer):
            if transport is not None:
                transport.close()
        for number in (1, 2):
            if self._transport is not None and (pipe := self._transport.get_pipe_transport(number)) is not None:
                pipe.close()
        self._close_master()
        self._release()

    # -- from the process ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the process (the terminal's own transport is no process)."""
        if isinstance(transport, asyncio.SubprocessTransport):
            self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Pass output on."""
        self._channel.write(data, asyncssh.EXTENDED_DATA_STDERR if fd == 2 else None)

    def data_received(self, data: bytes) -> None:
        """Pass the terminal's output on."""
        self._channel.write(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note the end of a stream."""
        self._open.discard(fd)
        self._finish()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note the end of the terminal, or of the process with all its pipes."""
        self._open.discard(1)
        self._finish()

    def process_exited(self) -> None:
        """Note the end of the process; a terminal ends with it, whoever else may still hold it open."""
        self._has_exited = True
        self._release()
        if self._reader is not None and self._master is not None and 1 in self._open:
            self._drain(self._reader, self._master)
        self._finish()

    def pause_output(self) -> None:
        """Do not read from the process."""
        self._each_output(lambda pipe: pipe.pause_reading())

    def resume_output(self) -> None:
        """Read from the process again."""
        self._each_output(lambda pipe: pipe.resume_reading())

    def _each_output(self, act: Callable[[asyncio.ReadTransport], None]) -> None:
        pipes = [self._reader]
        if self._transport is not None:
            pipes += [cast("asyncio.ReadTransport", self._transport.get_pipe_transport(number)) for number in (1, 2)]
        for pipe in pipes:
            if pipe is not None and not pipe.is_closing():
                act(pipe)

    def _drain(self, reader: asyncio.ReadTransport, master: int) -> None:
        """Take what the terminal still holds: whatever the process wrote before it ended is there already."""
        reader.close()
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
            while data := os.read(master, 65536):
                self._channel.write(data)
        self._open.discard(1)

    def _finish(self) -> None:
        if self._is_done or self._open or not self._has_exited or self._transport is None:
            return
        self._is_done = True
        code = self._transport.get_returncode() or 0
        if code < 0:
            self._channel.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
        else:
            self._channel.exit(code)
        for transport in (self._reader, self._writer):
            if transport is not None:
                transport.close()
        self._close_master()
        self._release()

    def _release(self) -> None:
        """Let go of a process that has ended; closing the transport of a running one would kill it."""
        if self._is_done and self._has_exited and self._transport is not None:
            self._transport.close()

    def _close_master(self) -> None:
        if self._master is not None:
            os.close(self._master)
            self._master = None


class _Input(asyncio.BaseProtocol):
    """Has the client wait while the process does not read."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = channel

    def pause_writing(self) -> None:
        self._channel.pause_reading()

    def resume_writing(self) -> None:
        self._channel.resume_reading()
