"""Unit files of systemd: found, read with their drop-ins, and asked about (systemd.unit(5))."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
ENABLED = Path("/etc/systemd/system")
REACHED = {f"{name}.target" for name in ("sysinit", "basic", "network", "network-online", "multi-user", "default")}
"""Targets that a machine has reached once its first process answers."""
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass
class Unit:
    """A unit as its files describe it: the values of each ``Section.Key``, in order."""

    name: str
    path: Path | None = None
    values: dict[str, list[str]] = field(default_factory=dict)

    def all(self, key: str) -> list[str]:
        """Return every value of a key, such as ``Service.ExecStart``."""
        return self.values.get(key, [])

    def one(self, key: str, default: str = "") -> str:
        """Return the last value of a key."""
        return (self.all(key) or [default])[-1]

    def words(self, key: str) -> list[str]:
        """Return the words of all values of a key."""
        return [word for value in self.all(key) for word in value.split()]

    def seconds(self, key: str, default: float) -> float:
        """Return a span of time; what is not in seconds or minutes is the default."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|sec|ms|min)?", self.one(key))
        if match is None:
            return default
        return float(match[1]) * {"ms": 0.001, "min": 60.0}.get(match[2] or "s", 1.0)

    @property
    def description(self) -> str:
        """Return its one line of description."""
        return self.one("Unit.Description", self.name)

    @property
    def needed(self) -> list[str]:
        """Return the units that are started with it, targets left out."""
        wanted = self.words("Unit.Requires") + self.words("Unit.Wants")
        return [name for name in wanted if name.endswith((".service", ".socket"))]


def full_name(name: str) -> str:
    """Return a unit's whole name: without a suffix it is a service."""
    name = name.rpartition("/")[2]
    return name if re.search(r"\.(service|socket|target|timer|mount)$", name) else f"{name}.service"


def load(name: str, folders: Iterable[str] = FOLDERS) -> Unit | None:
    """Return a unit with its drop-ins, or ``None`` where there is no such file; a masked one has no values."""
    folders = list(folders)
    path = next((Path(folder, name) for folder in folders if Path(folder, name).is_file()), None)
    if path is None:
        masked = [Path(folder, name) for folder in folders if Path(folder, name).is_symlink()]
        return Unit(name, masked[0]) if masked else None
    unit = Unit(path.resolve().name if path.is_symlink() else name, path)
    _read(unit, path.read_text(encoding="utf-8"))
    for folder in reversed(folders):
        for dropin in sorted(Path(folder, f"{name}.d").glob("*.conf")):
            _read(unit, dropin.read_text(encoding="utf-8"))
    return unit


def _read(unit: Unit, text: str) -> None:
    section = ""
    for line in map(str.strip, re.sub(r"\\\n\s*", " ", text).splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            name = f"{section}.{key.strip()}"
            if value.strip():
                unit.values.setdefault(name, []).append(value.strip())
            else:  # an empty value takes back what was said before
                unit.values[name] = []


def names(folders: Iterable[str] = FOLDERS) -> list[str]:
    """Return the names of all services and sockets."""
    found = {
        path.name
        for folder in folders
        for suffix in ("service", "socket")
        for path in Path(folder).glob(f"*.{suffix}")
        if "@" not in path.name
    }
    return sorted(found)


def wanted_at_boot(folder: Path = ENABLED) -> list[str]:
    """Return the units that are enabled, by their links."""
    links = [*folder.glob("*.wants/*"), *folder.glob("*.requires/*")]
    return sorted({link.name for link in links if link.exists()})


def state_of_file(unit: Unit, folder: Path = ENABLED) -> str:
    """Return what ``systemctl is-enabled`` says."""
    if not unit.values:
        return "masked"
    if any(link.name == unit.name for link in [*folder.glob("*.wants/*"), *folder.glob("*.requires/*")]):
        return "enabled"
    has_install = any(unit.all(f"Install.{key}") for key in ("WantedBy", "RequiredBy", "Also", "Alias"))
    return "disabled" if has_install else "static"


def links_of(unit: Unit, folder: Path = ENABLED) -> list[Path]:
    """Return the links that enable a unit."""
    wanted = [folder / f"{target}.wants" / unit.name for target in unit.words("Install.WantedBy")]
    required = [folder / f"{target}.requires" / unit.name for target in unit.words("Install.RequiredBy")]
    return [*wanted, *required, *(folder / alias for alias in unit.words("Install.Alias"))]


def command_line(line: str, environment: Mapping[str, str]) -> tuple[list[str], bool]:
    """Return the argument vector of an ``Exec`` line, and whether its failure is ignored (systemd.service(5))."""
    stripped = line.lstrip("-@:+!")
    prefix = line[: len(line) - len(stripped)]
    argv: list[str] = []
    for word in shlex.split(stripped):
        alone = re.fullmatch(r"\$(\w+)", word)
        if alone:
            argv += environment.get(alone[1], "").split()
        else:
            argv.append(_VARIABLE.sub(lambda match: environment.get(match[1] or match[2], ""), word))
    return argv, "-" in prefix


def environment_of(unit: Unit, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a service's processes."""
    found = dict(base)
    for value in unit.all("Service.Environment"):
        found.update(_pairs(shlex.split(value)))
    for value in unit.all("Service.EnvironmentFile"):
        path = Path(value.removeprefix("-"))
        if path.is_file():
            found.update(_pairs(path.read_text(encoding="utf-8").splitlines()))
    return found


def _pairs(lines: Iterable[str]) -> dict[str, str]:
    """Return what assignments say; comments are none."""
    split = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, _, value in split}
