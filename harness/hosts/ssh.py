"""The OpenSSH client of the workstation: logins, commands and streams on hosts.

Connections to one host are shared (ssh's ControlMaster), so that a command costs milliseconds instead of a
handshake. What a host prints is never trusted: it is cut at :data:`LIMIT` and decoded with replacements.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.errors import UsageError
from harness.workstation import Finished, Workstation

LIMIT = 64 * 1024
"""Bytes of a command's output that are kept; what comes after is read and dropped."""
UNREACHED = 255
"""The exit code by which ssh says that it, not the command, failed (ssh(1), "EXIT STATUS")."""
IDLE = 30
"""Seconds after which an unused connection ends by itself, should nobody close it."""

KEYS_OF_THE_AGENT = ("IdentityFile=none",)


@dataclass(frozen=True)
class Target:
    """Whom to log in as, and where; the host key is remembered under ``alias``, such as an instance id.

    Addresses are used again by later instances, ids are not.
    """

    user: str
    host: str
    alias: str = ""

    def __str__(self) -> str:
        return f"{self.user}@{self.host}"


class Ssh:
    """The ssh command with the configuration, the agent and the known hosts of one workstation.

    ``config`` is an OpenSSH client configuration or ``None``; ``patience`` is the seconds that a connection may take.
    ``directory`` is private and is removed with the connections. Raises :class:`~harness.errors.UsageError` where there
    is no ssh command.
    """

    def __init__(self, workstation: Workstation, *, config: Path | None, patience: float) -> None:
        program = shutil.which("ssh", path=workstation.environment.get("PATH"))
        if program is None:
            raise UsageError("The command ssh was not found; install an OpenSSH client (package openssh-client).")
        self._program = program
        self._config = config
        self._patience = patience
        self._known_hosts = workstation.ssh / "known_hosts"
        # Control sockets have short names in a directory that ssh is started in: their path may have
        # no more than about 90 bytes, and a run's directory may be deep.
        self.directory = workstation.home / f".ssh-control-{os.getpid()}"
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._environment = dict(workstation.environment)
        if workstation.agent is not None:
            self._environment["SSH_AUTH_SOCK"] = str(workstation.agent)
        self._targets: set[Target] = set()

    def run(
        self, target: Target, command: str, *, timeout: float, input: str | None = None, options: Sequence[str] = ()
    ) -> Finished:
        """Run a command there and return how it ended.

        The exit code is the command's, :data:`UNREACHED` where ssh failed, 124 after ``timeout`` seconds.
        ``options`` are in the form of ``ssh -o``; with any, the connection is a new one and not shared.
        """
        if not options:
            self._targets.add(target)
        process = self._start(self.argv(target, command, options), subprocess.PIPE, subprocess.PIPE, subprocess.PIPE)
        return _finish(process, ("ssh", str(target), command), timeout, input)

    def stream(self, target: Target, command: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        """Start a command there and return a socket that is its input and output, and the ssh process."""
        self._targets.add(target)
        ours, theirs = socket.socketpair()
        with theirs:
            return ours, self._start(self.argv(target, command), theirs.fileno(), theirs.fileno(), subprocess.DEVNULL)

    def write(self, target: Target, path: str, text: str, *, timeout: float) -> Finished:
        """Write a file there; ``path`` is put in quotes, so ``~`` stands for nothing: use a relative path."""
        return self.run(target, f"cat > '{path}'", timeout=timeout, input=text)

    def knows(self, target: Target) -> bool:
        """Say whether a host key is remembered under the target's alias."""
        return any(line.split()[:1] == [target.alias] for line in self._lines())

    def pin(self, target: Target, keys: Sequence[str]) -> None:
        """Remember host keys, ``type key`` each, learnt in a trusted way: no other is accepted from now on."""
        with self._known_hosts.open("a", encoding="ascii") as known:
            known.writelines(f"{target.alias} {key}\n" for key in keys)

    def _lines(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return self._known_hosts.read_text(encoding="utf-8", errors="replace").splitlines()
        return []

    def forget(self, target: Target) -> None:
        """End the shared connection to a host, so that the next login is a new one (with new groups, say)."""
        self._targets.discard(target)
        argv = [self._program, *self._arguments(target, ()), "-O", "exit", "--", target.host]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                argv,
                cwd=self.directory,
                env=self._environment,
                capture_output=True,
                timeout=self._patience,
                check=False,
            )

    def close(self) -> None:
        """End every shared connection and remove what was made for them."""
        for target in list(self._targets):
            self.forget(target)
        shutil.rmtree(self.directory, ignore_errors=True)

    def argv(self, target: Target, command: str, options: Sequence[str] = ()) -> list[str]:
        """Return the whole command line of ssh."""
        return [self._program, *self._arguments(target, options), "--", target.host, command]

    def shell_argv(self, target: Target, options: Sequence[str]) -> list[str]:
        """Return the whole command line of ssh for a login shell, on a connection of its own."""
        return [self._program, *self._arguments(target, options), "--", target.host]

    def popen(self, argv: list[str], stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """Start a command line of ssh's with streams of the caller's, who ends it."""
        return self._start(argv, stdin, stdout, stderr)

    def _arguments(self, target: Target, options: Sequence[str]) -> list[str]:
        """Return ssh's options; of an option named twice, ssh takes the first."""
        settings = [
            *(options or KEYS_OF_THE_AGENT),
            f"User={target.user}",
            f"ConnectTimeout={max(1, round(self._patience))}",
            f"UserKnownHostsFile={_quoted(self._known_hosts)}",
            "GlobalKnownHostsFile=none",
            "StrictHostKeyChecking=accept-new",
            "BatchMode=yes",
            "ForwardX11=no",
            "LogLevel=ERROR",
            *([f"HostKeyAlias={target.alias}"] if target.alias else []),
            *(
                ["ControlPath=none"]
                if options
                else ["ControlMaster=auto", "ControlPath=./%C", f"ControlPersist={IDLE}"]
            ),
        ]
        return ["-F", str(self._config or "none"), *(part for setting in settings for part in ("-o", setting))]

    def _start(self, argv: list[str], stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv, cwd=self.directory, env=self._environment, stdin=stdin, stdout=stdout, stderr=stderr,
            start_new_session=True,  # Ctrl-C in the terminal is for the suite, which then closes in order
        )  # fmt: skip


def _quoted(path: Path) -> str:
    """Return a path as a value of ssh_config, where blanks, quotes and percent signs mean something."""
    return '"' + str(path).replace("%", "%%").replace('"', '\\"') + '"'


def _finish(process: subprocess.Popen[bytes], argv: tuple[str, ...], timeout: float, input: str | None) -> Finished:
    """Feed and drain a process until it ends; end it after ``timeout`` seconds."""
    outputs: dict[str, bytes] = {}
    with process:
        workers = [
            threading.Thread(target=_feed, args=(process.stdin, (input or "").encode()), daemon=True),
            threading.Thread(target=_drain, args=(process.stdout, outputs, "stdout"), daemon=True),
            threading.Thread(target=_drain, args=(process.stderr, outputs, "stderr"), daemon=True),
        ]
        for worker in workers:
            worker.start()
        try:
            exit_code, late = process.wait(timeout), ""
        except subprocess.TimeoutExpired:
            process.kill()
            exit_code, late = 124, f"the command did not end within {timeout:.0f} s"
        for worker in workers:
            worker.join()
    stdout, stderr = (_text(outputs[name]) for name in ("stdout", "stderr"))
    return Finished(argv, exit_code, stdout, "\n".join(part for part in (stderr, late) if part))


def _feed(pipe: IO[bytes], data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(data)


def _drain(pipe: IO[bytes], outputs: dict[str, bytes], name: str) -> None:
    """Read to the end and keep the first :data:`LIMIT` bytes, and one more where there were more."""
    kept = b""
    while piece := pipe.read1():  # type: ignore[attr-defined]
        kept += piece[: LIMIT + 1 - len(kept)]
    outputs[name] = kept


def _text(output: bytes) -> str:
    text = output[:LIMIT].decode(errors="replace")
    return text if len(output) <= LIMIT else f"{text}\n(cut after {LIMIT} bytes)"
