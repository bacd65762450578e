"""A leash: what this process starts ends when this process does, however that comes about.

A :class:`Leash` starts a *keeper* at first use: a small process in a session of its own that holds the other end
of a pipe. When the pipe closes, be it by :meth:`Leash.close` or because this process was killed, the keeper ends every
process that was adopted, or that carries the leash's marker in its environment, and removes the registered directories.
The marker covers what was born in the moment between its start and its adoption, and the children of children.

This file is also the keeper's program, run as a script: it imports nothing but the standard library and psutil.
A fork of this process that lives on without ``exec`` holds the pipe open and postpones the keeper's work.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MARKER = "HARNESS_LEASH"
"""The environment variable that every process on a leash carries."""

_PATIENCE = 5.0
"""Seconds that processes are given to vanish after SIGKILL; only an uninterruptible one takes longer than a moment."""
_NESTED = 30.0
"""Seconds that keepers of leashes within a leash are given to do their work."""
_EXEC = 1.0
"""Seconds that a process may take to become another program, on a machine that has much else to do."""
_LOOKS = 5
"""Times that a process which has a command line is seen without an environment before it counts as having none."""
_COMMAND = 180.0
"""Seconds that a command at the end may take."""


def temporary() -> Path:
    """Return where directories for a while are made; ``/tmp`` where the way there is long (macOS) or has spaces."""
    usual = tempfile.gettempdir()
    is_plain = re.fullmatch(r"[\w./+-]{1,40}", usual, re.ASCII)
    return Path(usual if is_plain or not os.access("/tmp", os.W_OK) else "/tmp")  # noqa: S108


class Leash:
    """Ties processes and directories to the life of this process. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(8)
        self._lock = threading.RLock()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._children: list[subprocess.Popen[Any]] = []
        self._pids: dict[int, float] = {}
        self._directories: list[Path] = []
        self._is_carried = False
        self._owner = os.getpid()

    def environment(self) -> dict[str, str]:
        """Return the variable by which a process, and all that it starts, is recognised; start the keeper."""
        self._tell()
        self._is_carried = True
        return {MARKER: self._token}

    @contextlib.contextmanager
    def marking(self) -> Iterator[None]:
        """Put whatever this process starts meanwhile on the leash, through whichever library it is started."""
        before = os.environ.get(MARKER)
        os.environ.update(self.environment())
        try:
            yield
        finally:
            os.environ.pop(MARKER, None)
            os.environ.update({} if before is None else {MARKER: before})

    def adopt(self, pid: int) -> None:
        """Put a running process on the leash, and with it the processes of its session and its descendants."""
        started = _started(pid)
        if started is None:
            return
        with self._lock:
            self._pids[pid] = started
        self._tell(f"pid {pid} {started!r}")

    def popen(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[Any]:
        """Start a process on the leash; arguments are those of :class:`subprocess.Popen`."""
        marked = {**(os.environ if env is None else env), **self.environment()}
        child = subprocess.Popen(argv, env=marked, **options)
        with self._lock:
            self._children = [known for known in self._children if known.poll() is None]
            self._children.append(child)
        self.adopt(child.pid)
        return child

    def directory(self, prefix: str = "run-", within: Path | None = None) -> Path:
        """Make a private directory (mode 0700) that is removed at the end.

        Its path is plain, for the configurations that name it, and short enough for the Unix sockets in it (their
        limit is about 100 characters), unless ``within`` says where it is to be.
        """
        path = (within or temporary()) / f"{prefix}{secrets.token_hex(4)}"
        self.register(path)
        path.mkdir(mode=0o700)
        return path

    def register(self, path: Path) -> None:
        """Have a directory removed at the end, whether it exists already or not."""
        with self._lock:
            self._directories.append(path)
        self._tell(f"directory {path}")

    def at_the_end(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Have the keeper run a command should this process be killed: for what is no process and no directory.

        :meth:`close` does not run it: who closes a leash has removed such things already. It is on no leash itself.
        """
        unmarked = {name: value for name, value in env.items() if name != MARKER}
        self._tell(f"command {json.dumps([list(argv), unmarked])}")

    def end(self, variable: str, value: str) -> None:
        """End, now, every process of this leash whose environment has ``variable`` set to ``value``."""
        end_processes({variable: value, MARKER: self._token}, {})

    def close(self) -> None:
        """End all processes and remove all directories now. A leash that was closed can be used again."""
        with self._lock:
            if self._owner != os.getpid() or self._keeper is None:
                return
            if self._is_carried or self._pids:  # to look through all processes takes longer than all else here
                end_processes({MARKER: self._token}, self._pids)
            for child in self._children:
                child.wait(_PATIENCE)
                _close_pipes(child)
            _remove(self._directories)
            self._dismiss(self._keeper)
            self._children, self._pids, self._directories, self._keeper = [], {}, [], None
            self._is_carried = False

    def __enter__(self) -> Leash:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self, line: str = "") -> None:
        with self._lock:
            if self._keeper is None:
                self._keeper = _start_keeper(self._token)
            assert self._keeper.stdin is not None
            self._keeper.stdin.write(line.encode() + b"\n")
            self._keeper.stdin.flush()

    @staticmethod
    def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
        assert keeper.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # somebody killed the keeper: there is nothing left for it to do
            keeper.stdin.write(b"done\n")
            keeper.stdin.close()
        keeper.wait()


def end_processes(marks: Mapping[str, str], adopted: Mapping[int, float]) -> None:
    """Kill the processes that carry all ``marks``, those adopted (pid: start time), their sessions and descendants.

    Looks again until none is found twice: a process may fork, and end, while it is looked for. The keeper of a leash
    within this one is not killed but waited for: it removes the directories of whoever it kept for.
    """
    import psutil  # here, not above: the keeper starts in a third of the time without it

    keepers: set[Any] = set()
    looks_in_vain = 0
    for _ in range(50):
        found = _find(psutil, marks, adopted)
        keepers.update(process for process in found if _is_keeper(psutil, process))
        doomed = [process for process in found if process not in keepers]
        looks_in_vain = 0 if doomed else looks_in_vain + 1
        if looks_in_vain == 2:
            break
        _kill(psutil, doomed)
    # Whoever they kept for is dead, so they come to their end; much to remove may take one longer, and then it goes on.
    psutil.wait_procs(keepers, timeout=_NESTED)


def _kill(psutil: Any, processes: Iterable[Any]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs([process for process in processes if not _is_own_child(psutil, process)], timeout=_PATIENCE)


def _is_keeper(psutil: Any, process: Any) -> bool:
    """Say whether a process keeps a leash within this one."""
    try:
        return bool(process.cmdline()[1:3] == ["-I", "-S"] and process.cmdline()[3].endswith("/harness/leash.py"))
    except (psutil.Error, IndexError):
        return False


def _find(psutil: Any, marks: Mapping[str, str], adopted: Mapping[int, float]) -> list[Any]:
    found: dict[int, Any] = {}
    sessions = {pid for pid, started in adopted.items() if _started(pid) == started}
    spared = {os.getpid(), _session(os.getpid())}
    for process in psutil.process_iter():
        if process.pid in spared or not _is_alive(psutil, process):
            continue
        if process.pid in sessions or _session(process.pid) in sessions - spared or _carries(psutil, process, marks):
            found[process.pid] = process
    for process in list(found.values()):
        with contextlib.suppress(psutil.Error):
            found.update((child.pid, child) for child in process.children(recursive=True) if _is_alive(psutil, child))
    return list(found.values())


def _is_own_child(psutil: Any, process: Any) -> bool:
    """Tell whether a process is ours to wait for: then whoever started it does, and psutil must not."""
    try:
        return bool(process.ppid() == os.getpid())
    except psutil.Error:
        return False


def _is_alive(psutil: Any, process: Any) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _carries(psutil: Any, process: Any, marks: Mapping[str, str]) -> bool:
    try:
        environ = environment_of(process)
    except (psutil.Error, OSError):  # another user's, or gone
        return False
    return all(environ.get(name) == value for name, value in marks.items())


def environment_of(process: Any) -> dict[str, str]:
    """Return the environment of a :class:`psutil.Process`, also of one that is becoming another program just now.

    In the middle of ``execve`` Linux shows no environment, and no command line either: it is looked at again until
    there is one. A process may have none for good, and so has a thread of the kernel, which has no program.

    Raises:
        psutil.Error: it is gone, or another user's.

    """
    deadline = time.monotonic() + _EXEC
    looks_in_vain = 0
    while not (environ := dict(process.environ())) and time.monotonic() < deadline and process.exe():
        looks_in_vain += bool(process.cmdline())
        if looks_in_vain == _LOOKS:
            break
    return environ


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _started(pid: int) -> float | None:
    """Return when a process started, which tells it from a later one of the same number."""
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _close_pipes(child: subprocess.Popen[Any]) -> None:
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _remove(directories: Iterable[Path]) -> None:
    for top in directories:
        shutil.rmtree(top, ignore_errors=True)
        if top.is_dir() and not top.is_symlink():  # a host may have taken the rights to its own directories away
            top.chmod(0o700)
            for directory, names, _ in os.walk(top):
                for path in (Path(directory, name) for name in names):
                    if not path.is_symlink():
                        path.chmod(0o700)
            shutil.rmtree(top, ignore_errors=True)


def _start_keeper(token: str) -> subprocess.Popen[bytes]:
    psutil = importlib.util.find_spec("psutil")
    assert psutil is not None
    assert psutil.origin is not None
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, token, str(Path(psutil.origin).parents[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={"PATH": os.defpath},
    )


def _keep(token: str) -> None:
    """Do the keeper's work: listen until the pipe closes, then end what is left."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    adopted: dict[int, float] = {}
    directories: list[Path] = []
    commands: list[tuple[list[str], dict[str, str]]] = []
    for line in sys.stdin:
        what, _, rest = line.rstrip("\n").partition(" ")
        if what == "pid":
            pid, _, started = rest.partition(" ")
            adopted[int(pid)] = float(started)
        elif what == "directory":
            directories.append(Path(rest))
        elif what == "command":
            commands.append(json.loads(rest))
        elif what == "done":
            return
    end_processes({MARKER: token}, adopted)
    for argv, env in commands:
        subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, check=False, timeout=_COMMAND)
    _remove(directories)


if __name__ == "__main__":
    sys.path.append(sys.argv[2])
    _keep(sys.argv[1])
