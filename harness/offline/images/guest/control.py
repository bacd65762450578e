"""What ``systemctl`` asks of the first process, and what it answers (systemctl(1))."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import units
from .services import LOGS, Failed, Manager, Service

ACTING = {
    "start", "stop", "restart", "try-restart", "reload", "reload-or-restart", "enable", "disable", "mask", "unmask",
    "daemon-reload", "daemon-reexec", "reboot", "poweroff", "halt", "kill", "reset-failed", "preset",
}  # fmt: skip
NOT_RUNNING, NO_UNIT = 3, 4


@dataclass
class Answer:
    """The exit code and the output of one command."""

    code: int = 0
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)


@dataclass
class Control:
    """Answers commands; ``going_down`` is told ``reboot`` or ``poweroff``."""

    manager: Manager
    going_down: Callable[[str], None]

    def answer(self, argv: list[str], user: int) -> Answer:
        """Carry one command out."""
        options = {word for word in argv if word.startswith("-")}
        words = [word for word in _without_values(argv) if not word.startswith("-")]
        verb, names = (words[0], words[1:]) if words else ("list-units", [])
        answer = Answer()
        if verb in ACTING and user != 0:
            return Answer(1, err=[f"Failed to {verb} {' '.join(names)}: Interactive authentication required."])
        method = getattr(self, "_" + verb.replace("-", "_"), None)
        if method is None:
            return Answer(1, err=[f"Unknown command verb {verb}."])
        with _properties(argv) as self.properties:
            try:
                method([units.full_name(name) for name in names], options, answer)
            except Failed as error:
                answer.code = answer.code or (5 if "not found" in str(error) or "not loaded" in str(error) else 1)
                answer.err.append(str(error))
        if options & {"-q", "--quiet"}:
            answer.out.clear()
        return answer

    # What changes something.

    def _start(self, names: list[str], _: set[str], __: Answer) -> None:
        for name in names:
            self.manager.start(name)

    def _stop(self, names: list[str], _: set[str], __: Answer) -> None:
        for name in names:
            self.manager.stop(name)

    def _restart(self, names: list[str], options: set[str], answer: Answer) -> None:
        for name in names:
            if self.manager.find(name) is None:
                raise Failed(f"Failed to restart {name}: Unit {name} not found.")
            self._stop([name], options, answer)
            self._start([name], options, answer)

    def _try_restart(self, names: list[str], options: set[str], answer: Answer) -> None:
        for name in names:
            service = self.manager.find(name)
            if service is not None and service.is_active:
                self._restart([name], options, answer)

    def _reload(self, names: list[str], _: set[str], __: Answer) -> None:
        for name in names:
            self.manager.reload(name)

    def _reload_or_restart(self, names: list[str], options: set[str], answer: Answer) -> None:
        for name in names:
            try:
                self.manager.reload(name)
            except Failed:
                self._restart([name], options, answer)

    def _kill(self, names: list[str], _: set[str], __: Answer) -> None:
        for name in names:
            service = self._known(name)
            if service.pid:
                self.manager.processes.end(service.pid, group=True, timeout=1)

    def _enable(self, names: list[str], options: set[str], answer: Answer) -> None:
        for name in names:
            unit = self._known(name).unit
            for link in units.links_of(unit):
                link.parent.mkdir(parents=True, exist_ok=True)
                if not link.is_symlink():
                    link.symlink_to(unit.path or "/dev/null")
                    answer.err.append(f"Created symlink {link} → {unit.path}.")
        if "--now" in options:
            self._start(names, options, answer)

    def _disable(self, names: list[str], options: set[str], answer: Answer) -> None:
        for name in names:
            for link in units.links_of(self._known(name).unit):
                if link.is_symlink():
                    link.unlink()
                    answer.err.append(f'Removed "{link}".')
        if "--now" in options:
            self._stop(names, options, answer)

    def _mask(self, names: list[str], _: set[str], __: Answer) -> None:
        for name in names:
            link = units.ENABLED / name
            if not link.exists():
                link.symlink_to("/dev/null")

    def _unmask(self, names: list[str], _: set[str], __: Answer) -> None:
        for name in names:
            link = units.ENABLED / name
            if link.is_symlink() and str(link.readlink()) == os.devnull:
                link.unlink()

    def _daemon_reload(self, _: list[str], __: set[str], ___: Answer) -> None:
        """Units are read whenever they are asked for."""

    _daemon_reexec = _reset_failed = _daemon_reload
    _preset = _enable  # Debian and Ubuntu enable what they install

    def _reboot(self, _: list[str], __: set[str], ___: Answer) -> None:
        self.going_down("reboot")

    def _poweroff(self, _: list[str], __: set[str], ___: Answer) -> None:
        self.going_down("poweroff")

    _halt = _poweroff

    # What only looks.

    def _is_active(self, names: list[str], _: set[str], answer: Answer) -> None:
        answer.out = [self._state(name) for name in names]
        answer.code = 0 if "active" in answer.out else NOT_RUNNING
        if answer.code and not any(self.manager.find(name) for name in names):
            answer.code = NO_UNIT

    def _is_failed(self, names: list[str], _: set[str], answer: Answer) -> None:
        answer.out = [self._state(name) for name in names]
        answer.code = 0 if "failed" in answer.out else 1

    def _is_enabled(self, names: list[str], _: set[str], answer: Answer) -> None:
        for name in names:
            service = self.manager.find(name)
            if service is None:
                answer.code = NO_UNIT
                answer.out.append("not-found")
                continue
            state = units.state_of_file(service.unit)
            answer.out.append(state)
            if state not in ("enabled", "static"):
                answer.code = answer.code or 1

    def _is_system_running(self, _: list[str], __: set[str], answer: Answer) -> None:
        failed = any(service.state == "failed" for service in self.manager.services())
        answer.out, answer.code = ["degraded" if failed else "running"], int(failed)

    def _cat(self, names: list[str], _: set[str], answer: Answer) -> None:
        for name in names:
            path = self._known(name).unit.path
            if path is not None:
                answer.out += [f"# {path}", *path.read_text(encoding="utf-8").splitlines()]

    def _status(self, names: list[str], _: set[str], answer: Answer) -> None:
        for name in names:
            service = self.manager.find(name)
            if service is None:
                answer.err.append(f"Unit {name} could not be found.")
                answer.code = NO_UNIT
                continue
            answer.out += _status_of(service)
            answer.code = answer.code or (0 if service.is_active else NOT_RUNNING)

    def _show(self, names: list[str], options: set[str], answer: Answer) -> None:
        for name in names or [""]:
            values = self._values(name)
            wanted = self.properties or list(values)
            bare = "--value" in options
            answer.out += [values.get(key, "") if bare else f"{key}={values.get(key, '')}" for key in wanted]

    def _values(self, name: str) -> dict[str, str]:
        service = self.manager.find(name) if name else None
        if service is None:
            return {"Id": name, "LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}
        return {
            "Id": service.unit.name,
            "Names": service.unit.name,
            "Description": service.unit.description,
            "LoadState": "loaded" if service.unit.values else "masked",
            "ActiveState": service.state,
            "SubState": _sub_state(service),
            "UnitFileState": units.state_of_file(service.unit),
            "FragmentPath": str(service.unit.path or ""),
            "MainPID": str(service.pid),
            "ExecMainStatus": str(service.code),
            "CanReload": "yes" if service.unit.all("Service.ExecReload") else "no",
        }

    def _list_units(self, _: list[str], __: set[str], answer: Answer) -> None:
        for service in sorted(self.manager.services(), key=lambda one: one.unit.name):
            if service.is_active:
                sub, about = _sub_state(service), service.unit.description
                answer.out.append(f"  {service.unit.name:<30} loaded {service.state} {sub} {about}")

    def _list_unit_files(self, _: list[str], __: set[str], answer: Answer) -> None:
        for name in units.names():
            unit = units.load(name)
            if unit is not None:
                answer.out.append(f"{name:<40} {units.state_of_file(unit)}")

    def _known(self, name: str) -> Service:
        service = self.manager.find(name)
        if service is None:
            raise Failed(f"Unit {name} not found.")
        return service

    def _state(self, name: str) -> str:
        if name in units.REACHED:
            return "active"
        service = self.manager.find(name)
        return service.state if service is not None else "inactive"


def _sub_state(service: Service) -> str:
    if service.state != "active":
        return "failed" if service.state == "failed" else "dead"
    return "running" if service.pid else "listening" if service.listener else "exited"


def _status_of(service: Service) -> Iterator[str]:
    unit = service.unit
    since = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(service.since))
    yield f"{'●' if service.is_active else '○'} {unit.name} - {unit.description}"
    yield f"     Loaded: loaded ({unit.path}; {units.state_of_file(unit)}; preset: enabled)"
    yield f"     Active: {service.state} ({_sub_state(service)}) since {since}"
    if service.pid:
        yield f"   Main PID: {service.pid}"
    log = LOGS / f"{unit.name}.log"
    if log.is_file():
        yield ""
        yield from _tail(log)


def _tail(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]


def _without_values(argv: list[str]) -> Iterator[str]:
    """Yield the words that are no values of the options that take one."""
    skipping = False
    for word in argv:
        if not skipping:
            yield word
        skipping = word in ("-p", "--property", "-n", "--lines", "-t", "--type", "-s", "--signal", "--root", "--state")


@contextlib.contextmanager
def _properties(argv: list[str]) -> Iterator[list[str]]:
    found: list[str] = []
    for word, following in zip(argv, [*argv[1:], ""], strict=True):
        if word in ("-p", "--property"):
            found += following.split(",")
        elif word.startswith("--property="):
            found += word.removeprefix("--property=").split(",")
    yield found
