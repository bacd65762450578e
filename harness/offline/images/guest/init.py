"""The first process of an instance: boots it, starts what is enabled, reaps, answers ``systemctl``, and goes down.

It stands in for systemd, whose place in a container depends on control groups that not every machine grants.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import threading
from pathlib import Path

from . import boot, units
from .control import Control
from .processes import Processes, end_all
from .services import PATH, Failed, Manager

SOCKET = Path("/run/systemd/private")
BOOTED = Path("/run/systemd/system")
PATIENCE = 3.0
"""Seconds that processes are given when the machine goes down."""


class Init:
    """The machine while it is up."""

    def __init__(self) -> None:
        self.wakeup = socket.socketpair()
        for end in self.wakeup:
            end.setblocking(False)
        self.processes = Processes()
        self.manager = Manager(self.processes)
        self.control = Control(self.manager, self.go_down)
        self.ending = ""

    def run(self) -> str:
        """Boot, and stay up until told otherwise; returns ``reboot`` or ``poweroff``."""
        signal.set_wakeup_fd(self.wakeup[1].fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.go_down("poweroff"))
        signal.signal(signal.SIGINT, lambda *_: self.go_down("reboot"))
        data = boot.told()
        self._prepare()
        boot.network(data)
        is_first = boot.is_first(data)
        if is_first:
            boot.authorize(data["user"], data["public-keys"])
        boot.host_keys(data["local-hostname"])
        boot.control_groups()
        threading.Thread(target=_keep_log, daemon=True).start()
        listener = self._listen()
        threading.Thread(target=self._bring_up, args=(is_first,), daemon=True).start()
        self._serve(listener)
        listener.close()
        return self.ending

    def go_down(self, how: str) -> None:
        """Have the machine go down."""
        self.ending = self.ending or how
        self.wakeup[1].send(b"\0")

    def _prepare(self) -> None:
        os.chdir("/")
        BOOTED.mkdir(parents=True, exist_ok=True)
        for folder in ("/run/sshd", "/run/lock", "/run/user"):
            Path(folder).mkdir(parents=True, exist_ok=True)
        for stale in (*Path("/run").glob("*.pid"), *Path("/var/run/docker").glob("containerd/*.pid")):
            stale.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        SOCKET.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(SOCKET))
        SOCKET.chmod(0o666)
        listener.listen(16)
        return listener

    def _bring_up(self, is_first: bool) -> None:
        """Start what is enabled, ssh before all else, then run what the first boot has to run."""
        for name in sorted(units.wanted_at_boot(), key=lambda name: (name != "ssh.service", name)):
            if not name.endswith((".service", ".socket")):
                continue
            try:
                self.manager.start(name)
            except Failed as error:
                boot.say(f"[FAILED] {error}")
            else:
                boot.say(f"[  OK  ] Started {name}")
        if is_first:
            environment = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
            log = Path("/var/log/cloud-init-output.log").open("ab")  # noqa: SIM115 - the script writes to it
            boot.user_data(
                lambda argv: self.processes.spawn(argv, environment, stdout=log, stderr=log, cwd="/"),
                lambda pid: self.processes.wait(pid, 3600),
            )

    def _serve(self, listener: socket.socket) -> None:
        while not self.ending:
            ready, _, _ = select.select([listener, self.wakeup[0]], [], [])
            if self.wakeup[0] in ready:
                self.wakeup[0].recv(4096)
                self.processes.reap()
            if listener in ready:
                connection, _ = listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()
        stopping = threading.Thread(target=self.manager.stop_all, daemon=True)
        stopping.start()
        while stopping.is_alive():
            if select.select([self.wakeup[0]], [], [], 0.05)[0]:
                self.wakeup[0].recv(4096)
            self.processes.reap()
        end_all(PATIENCE)

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            size = struct.calcsize("3i")
            _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
            with connection.makefile("rwb") as stream:
                answer = self.control.answer(json.loads(stream.readline()), user)
                stream.write(json.dumps(vars(answer)).encode() + b"\n")


def _keep_log() -> None:
    """Keep what programs tell syslog(3)."""
    path, log = Path("/dev/log"), Path("/var/log/syslog")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, log.open("ab") as kept:
        told.bind(str(path))
        path.chmod(0o666)
        while True:
            kept.write(told.recv(8192).rstrip(b"\0\n") + b"\n")
            kept.flush()


def main() -> None:
    """Be the first process. A reboot begins anew in the same process: the container stays."""
    ending = Init().run()
    if ending == "reboot":
        boot.say("reboot: Restarting system")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - its own command line, as it was
    boot.say("reboot: Power down")


if __name__ == "__main__":
    main()
