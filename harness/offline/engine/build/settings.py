"""Steps that concern the configuration of an image."""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from harness.offline.engine.build.dockerfile import Instruction, expand, instruction, pairs, split
from harness.offline.engine.build.steps import StepFailed, Steps, go_list
from harness.offline.engine.model import Json
from harness.offline.engine.signals import parse_signal


class Settings(Steps):
    """Handlers of these instructions."""

    def _env(self, one: Instruction) -> Iterator[str]:
        named = pairs(one, self.stage.variables)
        environment = list(self.stage.image.config.get("Env") or [])
        for name, value in named:
            environment = [line for line in environment if line.partition("=")[0] != name] + [f"{name}={value}"]
        yield from self._configure(one, " ".join(f"{name}={value}" for name, value in named), Env=environment)

    def _arg(self, one: Instruction) -> Iterator[str]:
        self._set_argument(self.stage.arguments, one)
        yield from self._configure(one, one.value)

    def _set_argument(self, arguments: dict[str, str], one: Instruction) -> None:
        for word in split(one.value, self.stage.variables if self.stages else arguments):
            name, equals, default = word.partition("=")
            self.used.add(name)
            if name in self.options.arguments:
                arguments[name] = self.options.arguments[name]
            elif equals:
                arguments[name] = default
            elif name in self.arguments:
                arguments[name] = self.arguments[name]

    def _label(self, one: Instruction) -> Iterator[str]:
        named = dict(pairs(one, self.stage.variables))
        said = " ".join(f"{name}={value}" for name, value in named.items())
        yield from self._configure(one, said, Labels=(self.stage.image.config.get("Labels") or {}) | named)

    def _workdir(self, one: Instruction) -> Iterator[str]:
        path = expand(one.value, self.stage.variables)
        full = posixpath.normpath(posixpath.join(self.stage.image.config.get("WorkingDir") or "/", path))
        config = copy.deepcopy(self.stage.image.config) | {"WorkingDir": full}

        def fill(layer: Path) -> None:
            (layer / full.lstrip("/")).mkdir(parents=True, exist_ok=True)

        yield from self._commit(f"/bin/sh -c #(nop) WORKDIR {full}", full, fill, lambda: iter(()), config=config)

    def _expose(self, one: Instruction) -> Iterator[str]:
        exposed = dict(self.stage.image.config.get("ExposedPorts") or {})
        for word in split(one.value, self.stage.variables):
            number, _, protocol = word.partition("/")
            low, _, high = number.partition("-")
            if not low.isdigit() or (high and not high.isdigit()):
                raise StepFailed(f"Invalid containerPort: {number}")
            if (protocol or "tcp").lower() not in {"tcp", "udp", "sctp"}:
                raise StepFailed(f"Invalid proto: {protocol}")
            exposed |= {f"{port}/{(protocol or 'tcp').lower()}": {} for port in range(int(low), int(high or low) + 1)}
        yield from self._configure(one, one.value, ExposedPorts=exposed)

    def _volume(self, one: Instruction) -> Iterator[str]:
        words = one.json_form() or split(one.value, self.stage.variables)
        if not all(word.strip() for word in words):
            raise StepFailed("VOLUME specified can not be an empty string")
        volumes = (self.stage.image.config.get("Volumes") or {}) | {word: {} for word in words}
        yield from self._configure(one, f"[{' '.join(words)}]", Volumes=volumes)

    def _user(self, one: Instruction) -> Iterator[str]:
        yield from self._configure(one, one.value, User=expand(one.value, self.stage.variables))

    def _cmd(self, one: Instruction) -> Iterator[str]:
        argv = one.json_form()
        argv = self._shell_form(one) if argv is None and one.value else argv or []
        self.stage.has_cmd = True
        yield from self._configure(one, go_list(argv), Cmd=argv)

    def _entrypoint(self, one: Instruction) -> Iterator[str]:
        argv = one.json_form()
        argv = self._shell_form(one) if argv is None and one.value else argv or None
        changes: Json = {"Entrypoint": argv} | ({} if self.stage.has_cmd else {"Cmd": None})
        yield from self._configure(one, go_list(argv or []), **changes)

    def _shell(self, one: Instruction) -> Iterator[str]:
        yield from self._configure(one, one.value, Shell=one.json_form())

    def _stop_signal(self, one: Instruction) -> Iterator[str]:

        name = expand(one.value, self.stage.variables)
        parse_signal(name)
        yield from self._configure(one, name, StopSignal=name)

    def _health_check(self, one: Instruction) -> Iterator[str]:
        kind, _, rest = one.value.partition(" ")
        if kind.upper() == "NONE":
            check: Json = {"Test": ["NONE"]}
        elif kind.upper() == "CMD" and rest.strip():
            inner = instruction("CMD", rest, one.line)
            check = {"Test": ["CMD", *(inner.json_form() or [])] if inner.json_form() else ["CMD-SHELL", rest.strip()]}
        else:
            raise StepFailed(f'Unknown type "{kind.upper()}" in HEALTHCHECK (try CMD)')
        yield from self._configure(one, one.value, Healthcheck=check | self._health_options(one))

    def _health_options(self, one: Instruction) -> Json:
        """Return the times of a health check in nanoseconds, and its retries."""
        names = {
            "interval": "Interval",
            "timeout": "Timeout",
            "start-period": "StartPeriod",
            "start-interval": "StartInterval",
        }
        found: Json = {names[flag]: nanoseconds(text) for flag, text in one.flags.items() if flag in names}
        return found | ({"Retries": int(one.flags["retries"])} if "retries" in one.flags else {})

    def _on_build(self, one: Instruction) -> Iterator[str]:
        verb = one.value.partition(" ")[0].upper()
        if verb in {"ONBUILD", "FROM", "MAINTAINER"}:
            raise StepFailed(f"{verb} isn't allowed as an ONBUILD trigger")
        triggers = [*(self.stage.image.config.get("OnBuild") or []), one.value]
        yield from self._configure(one, one.value, OnBuild=triggers)

    def _maintainer(self, one: Instruction) -> Iterator[str]:
        yield from self._configure(one, one.value)


def nanoseconds(text: str) -> int:
    """Read a duration as Go writes it, such as ``1m30s``."""
    units = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}
    found = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)", text)
    if not found or "".join(number + unit for number, unit in found) != text:
        raise StepFailed(f'time: invalid duration "{text}"')
    return int(sum(float(number) * units[unit] for number, unit in found))
