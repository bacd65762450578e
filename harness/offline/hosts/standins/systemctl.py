"""``systemctl``, ``service``, ``journalctl`` and the ways to turn a host off.

The machine that holds the host knows what runs; it is asked. Units that exist: ssh, docker once installed, and the few
that every Ubuntu has.
"""

from __future__ import annotations

import sys

from .common import ask, complain, is_root

TYPE_CHECKING = False  # importing it from typing would double a stand-in's time
if TYPE_CHECKING:
    from typing import Any

_CHANGES = ("start", "stop", "restart", "reload", "enable", "disable", "try-restart", "reload-or-restart")


def main(name: str, arguments: list[str]) -> int:
    """Do what the command line asks."""
    if name in {"poweroff", "halt", "shutdown", "reboot", "init"}:
        return _power(name, arguments)
    if name == "journalctl":
        sys.stdout.write(ask("journal").get("text", ""))
        return 0
    if name == "service":
        words = [argument for argument in arguments if not argument.startswith("-")]
        return _systemctl([words[1], words[0]]) if len(words) > 1 else complain("Usage: service SERVICE ACTION")
    return _systemctl(arguments)


def _power(name: str, arguments: list[str]) -> int:
    if not is_root():
        return complain("Failed to set wall message, ignoring: Interactive authentication required.\nAccess denied")
    restart = name == "reboot" or "-r" in arguments or "--reboot" in arguments or arguments == ["6"]
    if "-c" in arguments:
        ask("power", action="cancel")
        return 0
    minutes = next((word[1:] for word in arguments if word[:1] == "+" and word[1:].isdigit()), "0")
    ask("power", action="reboot" if restart else "poweroff", minutes=int(minutes))
    return 0


def _unit_name(name: str) -> str:
    return name if "." in name else f"{name}.service"


def _systemctl(arguments: list[str]) -> int:
    words = [argument for argument in arguments if not argument.startswith("-")]
    options = {argument for argument in arguments if argument.startswith("-")}
    action, names = (words[0], [_unit_name(word) for word in words[1:]]) if words else ("list-units", [])
    if action in {"poweroff", "halt", "reboot"}:
        return _power(action, [])
    if action in {"daemon-reload", "reset-failed", "daemon-reexec", "is-system-running"}:
        sys.stdout.write("running\n" if action == "is-system-running" else "")
        return 0
    if action in {"list-unit-files", "list-units"}:
        return _list()
    answers = {"is-active": _is_active, "is-enabled": _is_enabled, "status": _status, "show": _show, "cat": _show}
    if action in _CHANGES:
        return _change(action, names, now="--now" in options)
    if action in answers:
        return max((answers[action](name, options) for name in names), default=0)
    return complain(f"Unknown command verb {action}.")


def _look(name: str) -> dict[str, Any]:
    return ask("unit", action="look", unit=name)


def _change(action: str, names: list[str], *, now: bool) -> int:
    if not is_root():
        return complain(f"Failed to {action} {' '.join(names)}: Interactive authentication required.")
    actions = {"try-restart": "restart", "reload-or-restart": "restart", "reload": "look"}
    steps = [actions.get(action, action)]
    if now and action in {"enable", "disable"}:
        steps.append("start" if action == "enable" else "stop")
    for name in names:
        for step in steps:
            answer = ask("unit", action=step, unit=name)
            if not answer.get("known"):
                return complain(f"Failed to {action} {name}: Unit {name} not found.", 5)
            if answer.get("error"):
                complain(f"Job for {name} failed because the control process exited with error code.")
                return complain(answer["error"])
    return 0


def _is_active(name: str, options: set[str]) -> int:
    unit = _look(name)
    if not options & {"-q", "--quiet"}:
        sys.stdout.write("active\n" if unit.get("active") else "inactive\n")
    return 0 if unit.get("active") else 3 if unit.get("known") else 4


def _is_enabled(name: str, options: set[str]) -> int:
    unit = _look(name)
    if not unit.get("known"):
        sys.stdout.write("not-found\n")
        return 4
    if not options & {"-q", "--quiet"}:
        sys.stdout.write("enabled\n" if unit["enabled"] else "disabled\n")
    return 0 if unit["enabled"] else 1


def _status(name: str, _options: set[str]) -> int:
    unit = _look(name)
    if not unit.get("known"):
        return complain(f"Unit {name} could not be found.", 4)
    state = "active (running)" if unit["active"] else "inactive (dead)"
    enabled = "enabled" if unit["enabled"] else "disabled"
    sys.stdout.write(
        f"{'●' if unit['active'] else '○'} {name} - {unit['description']}\n"
        f"     Loaded: loaded (/usr/lib/systemd/system/{name}; {enabled}; preset: enabled)\n     Active: {state}\n"
    )
    return 0 if unit["active"] else 3


def _show(name: str, _options: set[str]) -> int:
    unit = _look(name)
    known = bool(unit.get("known"))
    sys.stdout.write(
        f"Id={name}\nDescription={unit.get('description', name)}\nLoadState={'loaded' if known else 'not-found'}\n"
        f"ActiveState={'active' if unit.get('active') else 'inactive'}\n"
        f"SubState={'running' if unit.get('active') else 'dead'}\n"
        f"UnitFileState={('enabled' if unit.get('enabled') else 'disabled') if known else ''}\n"
    )
    return 0


def _list() -> int:
    sys.stdout.write("UNIT FILE                              STATE           PRESET\n")
    for name, unit in sorted(ask("units")["units"].items()):
        sys.stdout.write(f"{name:<38} {'enabled' if unit['enabled'] else 'disabled':<15} enabled\n")
    return 0
