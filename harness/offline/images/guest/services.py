"""Services and sockets: started in order, watched, restarted and stopped as their units say (systemd.service(5)).

Less than systemd: no timers, no mounts, no cgroup of a unit's own (a unit's processes are its session's), no journal:
what a service says is in ``/var/log/units``.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .processes import Processes, is_alive
from .units import Unit, command_line, environment_of, load

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOGS, RUN = Path("/var/log/units"), Path("/run/units")
STOP = 10.0
"""Seconds until a service that does not stop is killed, unless its unit gives it less."""
RESTARTS, SPAN = 5, 10.0
"""So many restarts within so many seconds, and a service is given up (StartLimitBurst)."""


class Failed(Exception):
    """Says that a unit could not be started."""


class Service:
    """One service or socket, and what has become of it."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.lock = threading.RLock()
        self.state = "inactive"
        self.pid = 0
        self.code = 0
        self.since = time.time()
        self.listener: socket.socket | None = None
        self.restarts: list[float] = []

    def enter(self, state: str) -> None:
        """Take note of a new state."""
        self.state, self.since = state, time.time()

    @property
    def is_active(self) -> bool:
        """Say whether it is up."""
        return self.state in ("active", "activating", "reloading")


class Manager:
    """All services of the machine."""

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self._lock = threading.RLock()
        self._services: dict[str, Service] = {}
        self.is_stopping = False

    def find(self, name: str) -> Service | None:
        """Return a service by its unit's name, or ``None`` where there is no such unit."""
        unit = load(name)
        if unit is None:
            return None
        with self._lock:
            known = self._services.setdefault(unit.name, Service(unit))
            known.unit = unit
            return known

    def services(self) -> list[Service]:
        """Return all that were ever asked for."""
        with self._lock:
            return list(self._services.values())

    def start(self, name: str, seen: frozenset[str] = frozenset()) -> None:
        """Start a unit, what it needs first; raises :class:`Failed`."""
        service = self.find(name)
        if service is None:
            raise Failed(f"Failed to start {name}: Unit {name} not found.")
        if not service.unit.values:
            raise Failed(f"Failed to start {name}: Unit {name} is masked.")
        if self.is_stopping:
            raise Failed(f"Failed to start {name}: the machine is going down.")
        for needed in service.unit.needed:
            if needed not in seen and load(needed) is not None:
                self._start_needed(service, needed, seen | {name})
        with service.lock:
            if not service.is_active:
                self._bring_up(service)

    def _start_needed(self, service: Service, needed: str, seen: frozenset[str]) -> None:
        try:
            self.start(needed, seen)
        except Failed:
            if needed in service.unit.words("Unit.Requires"):
                raise Failed(f"A dependency job for {service.unit.name} failed.") from None

    def _bring_up(self, service: Service) -> None:
        service.enter("activating")
        try:
            if service.unit.name.endswith(".socket"):
                service.listener = _listen(service.unit)
                service.enter("active")
            else:
                self._run_service(service)
        except (OSError, Failed, KeyError, ValueError) as error:
            service.enter("failed")
            raise Failed(
                f"Job for {service.unit.name} failed: {error}\nSee /var/log/units/{service.unit.name}.log."
            ) from error

    def _run_service(self, service: Service) -> None:
        unit = service.unit
        kind = unit.one("Service.Type", "simple")
        environment = environment_of(unit, {"PATH": PATH, "LANG": "C.UTF-8"})
        for folder in unit.words("Service.RuntimeDirectory"):
            path = Path("/run", folder)
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(int(unit.one("Service.RuntimeDirectoryMode", "0755"), 8))
        for line in unit.all("Service.ExecStartPre"):
            self._must(unit, line, environment)
        if kind == "oneshot":
            for line in unit.all("Service.ExecStart"):
                self._must(unit, line, environment)
            service.enter("active" if unit.one("Service.RemainAfterExit") in ("yes", "true") else "inactive")
            return
        waits = {"notify": self._until_ready, "notify-reload": self._until_ready, "forking": self._until_forked}
        waits.get(kind, self._at_once)(service, environment)
        for line in unit.all("Service.ExecStartPost"):
            self._must(unit, line, environment)
        service.enter("active")
        threading.Thread(target=self._watch, args=(service, service.pid), daemon=True).start()

    def _must(self, unit: Unit, line: str, environment: dict[str, str]) -> None:
        argv, is_ignored = command_line(line, environment)
        if shutil.which(argv[0]) is None and is_ignored:
            return
        code = self.processes.wait(self._spawn(unit, argv, environment), unit.seconds("Service.TimeoutStartSec", 90))
        if code != 0 and not is_ignored:
            raise Failed(f"{argv[0]} ended with {code}")

    def _spawn(self, unit: Unit, argv: list[str], environment: dict[str, str]) -> int:
        user, group = unit.one("Service.User"), unit.one("Service.Group")
        options: dict[str, object] = {"cwd": unit.one("Service.WorkingDirectory", "/").removeprefix("-")}
        if user:
            options |= {"user": user, "group": group or pwd.getpwnam(user).pw_gid, "extra_groups": []}
        listeners = self._listeners(unit)
        if listeners:
            # The number of a process is known to itself only: a shell puts it where sd_listen_fds(3) looks for it.
            argv = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *argv]
            environment = {**environment, "LISTEN_FDS": str(len(listeners))}
            options |= {"pass_fds": tuple(range(3, 3 + len(listeners))), "preexec_fn": _handing(listeners)}
        LOGS.mkdir(parents=True, exist_ok=True)
        with (LOGS / f"{unit.name}.log").open("ab") as log:
            return self.processes.spawn(argv, environment, stdout=log, stderr=log, **options)

    def _listeners(self, unit: Unit) -> list[socket.socket]:
        name = unit.name.removesuffix(".service") + ".socket"
        with self._lock:
            found = self._services.get(name)
        return [found.listener] if found is not None and found.listener is not None else []

    def _main(self, service: Service, environment: dict[str, str]) -> int:
        argv, _ = command_line(service.unit.one("Service.ExecStart"), environment)
        return self._spawn(service.unit, argv, environment)

    def _at_once(self, service: Service, environment: dict[str, str]) -> None:
        service.pid = self._main(service, environment)

    def _until_forked(self, service: Service, environment: dict[str, str]) -> None:
        code = self.processes.wait(self._main(service, environment), 90)
        if code != 0:
            raise Failed(f"it ended with {code}")
        path = Path(service.unit.one("Service.PIDFile") or "/nonexistent")
        service.pid = int(path.read_text(encoding="ascii")) if path.is_file() else 0

    def _until_ready(self, service: Service, environment: dict[str, str]) -> None:
        """Start it and wait until it says that it is ready (sd_notify(3))."""
        RUN.mkdir(parents=True, exist_ok=True)
        path = RUN / f"{service.unit.name}.notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(str(path))
            path.chmod(0o777)
            told.settimeout(0.1)
            service.pid = self._main(service, {**environment, "NOTIFY_SOCKET": str(path)})
            deadline = time.monotonic() + (service.unit.seconds("Service.TimeoutStartSec", 90) or 90)
            while time.monotonic() < deadline:
                if _is_told(told):
                    return
                code = self.processes.code(service.pid)
                if code is not None:
                    raise Failed(f"it ended with {code}")
        self.processes.end(service.pid, group=True, timeout=1)
        raise Failed("it did not say in time that it is ready")

    def _watch(self, service: Service, pid: int) -> None:
        """Wait for the end of a service, and start it again where its unit says so."""
        while pid and is_alive(pid) and self.processes.code(pid) is None:
            self.processes.wait(pid, 5.0)
        with service.lock:
            if service.pid != pid or service.state != "active":
                return
            service.code = self.processes.code(pid) or 0
            service.enter("failed" if service.code else "inactive")
            if not self._is_to_restart(service):
                return
        threading.Event().wait(service.unit.seconds("Service.RestartSec", 0.1))
        try:
            self.start(service.unit.name)
        except Failed:
            return

    def _is_to_restart(self, service: Service) -> bool:
        policy = service.unit.one("Service.Restart", "no")
        now = time.monotonic()
        service.restarts = [then for then in service.restarts if now - then < SPAN] + [now]
        wanted = policy == "always" or (policy in ("on-failure", "on-abnormal", "on-abort") and service.code != 0)
        return wanted and not self.is_stopping and len(service.restarts) <= RESTARTS

    def stop(self, name: str) -> None:
        """Stop a unit; raises :class:`Failed` where there is none of that name."""
        service = self.find(name)
        if service is None:
            raise Failed(f"Failed to stop {name}: Unit {name} not loaded.")
        with service.lock:
            if service.state in ("inactive", "failed"):
                service.enter("inactive")
                return
            service.enter("deactivating")
            self._take_down(service)
            service.enter("inactive")

    def _take_down(self, service: Service) -> None:
        unit = service.unit
        if service.listener is not None:
            service.listener.close()
            service.listener = None
        environment = {**environment_of(unit, {"PATH": PATH}), "MAINPID": str(service.pid)}
        for line in unit.all("Service.ExecStop"):
            argv, _ = command_line(line, environment)
            self.processes.wait(self._spawn(unit, argv, environment), STOP)
        if service.pid and is_alive(service.pid):
            is_whole = unit.one("Service.KillMode", "control-group") != "process"
            timeout = min(STOP, unit.seconds("Service.TimeoutStopSec", STOP) or STOP)
            self.processes.end(service.pid, group=is_whole, timeout=timeout)
        service.pid = 0

    def reload(self, name: str) -> None:
        """Have a service read its configuration again; raises :class:`Failed`."""
        service = self.find(name)
        if service is None or not service.is_active:
            raise Failed(f"{name} is not active, cannot reload.")
        environment = {**environment_of(service.unit, {"PATH": PATH}), "MAINPID": str(service.pid)}
        lines = service.unit.all("Service.ExecReload")
        if not lines:
            raise Failed(f"Failed to reload {name}: Job type reload is not applicable for unit {name}.")
        for line in lines:
            self._must(service.unit, line, environment)

    def stop_all(self) -> None:
        """Stop everything that is up, what was started last first."""
        self.is_stopping = True
        for service in sorted(self.services(), key=lambda one: -one.since):
            if service.is_active:
                self.stop(service.unit.name)


def _is_told(told: socket.socket) -> bool:
    try:
        return b"READY=1" in told.recv(4096).split(b"\n")
    except TimeoutError:
        return False


def _listen(unit: Unit) -> socket.socket:
    """Listen where a socket unit says; a path of the file system, or a port."""
    where = unit.one("Socket.ListenStream")
    if not where.startswith("/"):
        host, _, port = where.rpartition(":")
        return socket.create_server((host.strip("[]"), int(port)), backlog=128)
    path = Path(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(where)
    path.chmod(int(unit.one("Socket.SocketMode", "0666"), 8))
    user, group = unit.one("Socket.SocketUser", "root"), unit.one("Socket.SocketGroup", "root")
    os.chown(where, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
    listener.listen(128)
    return listener


def _handing(listeners: list[socket.socket]) -> Callable[[], None]:
    """Return what a child does before it becomes the service: put the listeners where sd_listen_fds(3) wants them."""

    def hand() -> None:
        for number, listener in enumerate(listeners, start=3):
            os.dup2(listener.fileno(), number)

    return hand
