"""The classic builder: from instructions to an image, step by step, with its stream of messages."""

from __future__ import annotations

import copy
import json
import posixpath
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.offline.engine import packages
from harness.offline.engine.build import context
from harness.offline.engine.build.dockerfile import Instruction, expand, instruction, pairs, parse, split
from harness.offline.engine.errors import ApiError
from harness.offline.engine.images import Images
from harness.offline.engine.library import PATH, digest
from harness.offline.engine.model import Image, Json
from harness.offline.engine.naming import new_id, now, parse_reference
from harness.offline.engine.store import Store

DEFAULT_SHELL = ["/bin/sh", "-c"]
PREDEFINED = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"}
INSTALLERS = {"pip", "pip3", "python", "python3"}


class StepFailed(Exception):
    """Ends a build: the message, and the exit code where a command had one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True)
class Options:
    """What a build request asks for."""

    tags: tuple[str, ...] = ()
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    target: str = ""
    no_cache: bool = False
    quiet: bool = False


@dataclass
class Stage:
    """A stage under construction: the image so far, and the build arguments in force."""

    image: Image
    name: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    has_cmd: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """Return what ``$name`` means in an instruction: arguments, and the environment over them."""
        environment = dict(line.partition("=")[::2] for line in self.image.config.get("Env") or [])
        return self.arguments | environment


class Builder:
    """One build."""

    def __init__(self, store: Store, images: Images, folder: Path, options: Options) -> None:
        self.store = store
        self.images = images
        self.folder = folder
        self.options = options
        self.stages: list[Stage] = []
        self.arguments: dict[str, str] = {}
        self.used: set[str] = set()
        self.handlers: dict[str, Callable[[Instruction], Iterator[str]]] = {
            "RUN": self._run, "COPY": self._copy, "ADD": self._copy, "ENV": self._env, "ARG": self._arg, "LABEL": self._label,
            "WORKDIR": self._workdir, "EXPOSE": self._expose, "VOLUME": self._volume, "USER": self._user, "CMD": self._cmd,
            "ENTRYPOINT": self._entrypoint, "SHELL": self._shell, "STOPSIGNAL": self._stop_signal,
            "HEALTHCHECK": self._health_check, "ONBUILD": self._on_build, "MAINTAINER": self._maintainer,
        }  # fmt: skip

    @property
    def stage(self) -> Stage:
        return self.stages[-1]

    def build(self, instructions: list[Instruction]) -> Iterator[Json]:
        """Yield the messages of the build; the last step's image gets the tags."""
        try:
            for text in self._steps(self._targeted(instructions)):
                if not self.options.quiet:
                    yield {"stream": text}
            image = self._labelled(self.stage.image)
        except StepFailed as failed:
            detail: Json = {"message": failed.message} | ({"code": failed.code} if failed.code is not None else {})
            yield {"errorDetail": detail, "error": failed.message}
            return
        except ApiError as refused:
            yield {"errorDetail": {"message": refused.message}, "error": refused.message}
            return
        yield from self._finish(image)

    def _finish(self, image: Image) -> Iterator[Json]:
        yield {"aux": {"ID": image.id}}
        unused = sorted(set(self.options.arguments) - self.used - PREDEFINED - {name.lower() for name in PREDEFINED})
        if unused:
            yield {"stream": f"[Warning] One or more build-args {unused} were not consumed\n".replace("'", "")}
        yield {"stream": f"{image.id}\n" if self.options.quiet else f"Successfully built {short(image)}\n"}
        for tag in self.options.tags:
            self.images.tag(image, tag, "")
            if not self.options.quiet:
                yield {"stream": f"Successfully tagged {parse_reference(tag).familiar}\n"}

    def _targeted(self, instructions: list[Instruction]) -> list[Instruction]:
        """Leave out the stages after the target."""
        if not self.options.target:
            return instructions
        starts = [number for number, one in enumerate(instructions) if one.name == "FROM"]
        for order, start in enumerate(starts):
            words = instructions[start].value.split()
            if self.options.target in {words[2].lower() if len(words) == 3 else "", str(order)}:
                return instructions[: starts[order + 1]] if order + 1 < len(starts) else instructions
        raise StepFailed(f"failed to reach build target {self.options.target} in Dockerfile")

    def _steps(self, instructions: list[Instruction]) -> Iterator[str]:
        for number, one in enumerate(instructions, 1):
            yield f"Step {number}/{len(instructions)} : {one.original}"
            yield "\n"
            yield from self._step(one)
            if self.stages:
                yield f" ---> {short(self.stage.image)}\n"

    def _step(self, one: Instruction) -> Iterator[str]:
        if one.name == "FROM":
            yield from self._from(one)
        elif not self.stages and one.name == "ARG":
            self._set_argument(self.arguments, one)
        elif not self.stages:
            raise StepFailed("no build stage in current context")
        else:
            yield from self.handlers[one.name](one)

    # Stages

    def _from(self, one: Instruction) -> Iterator[str]:
        words = one.value.split()
        name = expand(words[0], self.arguments)
        if not name:
            raise StepFailed(f"base name ({words[0]}) should not be blank")
        label = words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else ""
        before = next((stage for stage in self.stages if stage.name and stage.name == name.lower()), None)
        if before is not None:
            base = before.image
        elif name == "scratch":
            base = Image("", "scratch", "", {"Env": [f"PATH={PATH}"]}, now(), 0)
        else:
            base = yield from self._base(name)
        self.stages.append(Stage(base, label))
        for trigger in base.config.get("OnBuild") or []:
            yield f"# Executing build trigger: {trigger}\n"
            verb, _, rest = trigger.partition(" ")
            yield from self.handlers[verb.upper()](instruction(verb, rest, one.line))

    def _base(self, name: str) -> Generator[str, None, Image]:
        try:
            return self.store.image(name)
        except ApiError:
            reference = parse_reference(name)
        for message in self.images.pull(reference):
            if "progressDetail" not in message or message["status"] == "Pull complete":
                yield f"{message['id']}: {message['status']}\n" if "id" in message else f"{message['status']}\n"
        return self.store.image(name)

    # Steps that make an image

    def _commit(
        self, created_by: str, key: str = "", fill: Callable[[Path], None] | None = None, said: Callable[[], Iterator[str]] | None = None,
        **changes: object,
    ) -> Iterator[str]:  # fmt: skip
        """Make the next image, or take the one that the same step made before; ``said`` is what making it prints."""
        parent = self.stage.image
        salt = new_id() if self.options.no_cache else ""
        identity = digest("step", parent.id, created_by, key, salt, repr(sorted(changes.items(), key=str)))
        cached = self.store.images.get(identity)
        if cached is not None:
            yield " ---> Using cache\n"
            self.stage.image = cached
            return
        if said is not None:
            container = new_id()[:12]
            yield f" ---> Running in {container}\n"
            yield from said()
            yield f" ---> Removed intermediate container {container}\n"
        image = replace(
            copy.deepcopy(parent), id=identity, parent=parent.id, tags=[], digests=[], created=now(), **changes,  # type: ignore[arg-type]
        )  # fmt: skip
        entry: Json = {"created": image.created, "created_by": created_by}
        if fill is None:
            image.history.append(entry | {"empty_layer": True})
        else:
            self._add_layer(image, entry, fill)
        self.store.images[identity] = self.stage.image = image

    def _add_layer(self, image: Image, entry: Json, fill: Callable[[Path], None]) -> None:
        layer = self.store.directory / "images" / image.id.removeprefix("sha256:")
        layer.mkdir(parents=True)
        fill(layer)
        size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
        image.layers.append(str(layer))
        image.diff_ids.append(digest("layer", image.id))
        image.size += size
        image.history.append(entry | {"size": size})

    def _configure(self, one: Instruction, said: str, **changes: object) -> Iterator[str]:
        """Make an image that differs in its configuration only."""
        config = copy.deepcopy(self.stage.image.config) | changes
        yield from self._commit(f"/bin/sh -c #(nop)  {one.name} {said}", said=lambda: iter(()), config=config)

    def _labelled(self, image: Image) -> Image:
        if not self.options.labels:
            return image
        labels = (image.config.get("Labels") or {}) | self.options.labels
        for _ in self._commit(f"/bin/sh -c #(nop)  LABEL {labels}", config=copy.deepcopy(image.config) | {"Labels": labels}):
            pass
        return self.stage.image

    def _shell_form(self, one: Instruction) -> list[str]:
        return [*(self.stage.image.config.get("Shell") or DEFAULT_SHELL), one.value]

    # RUN

    def _run(self, one: Instruction) -> Iterator[str]:
        is_shell = one.json_form() is None
        argv = one.json_form() or self._shell_form(one)
        shown = " ".join(argv)
        script = one.value if is_shell else shown
        found = self._recorded(script, shown)

        def said() -> Iterator[str]:
            if is_shell:
                yield from self._check_form(argv, shown, script)
            yield from self._check_commands(script, shown, found)
            installs = " ".join([*found.apt, *found.pip])
            yield "Checked and recorded by the embedded engine, not executed" + (f"; installs: {installs}\n" if installs else "\n")

        image = self.stage.image
        yield from self._commit(shown, said=said, apt=[*image.apt, *found.apt], pip=[*image.pip, *found.pip])

    def _check_form(self, argv: list[str], shown: str, script: str) -> Iterator[str]:
        complaint = packages.syntax_error(argv, script)
        if complaint is not None:
            yield f"{complaint}\n"
            raise StepFailed(f"The command '{shown}' returned a non-zero code: 2", 2)

    def _recorded(self, script: str, shown: str) -> packages.Recorded:
        try:
            found = packages.recorded(script)
        except ValueError:  # quoting that the shell accepts and shlex does not read: nothing can be recorded of it
            return packages.Recorded()
        for name in found.requirement_files:
            text = self._read_from_image(name)
            if text is None:
                reason = f"ERROR: Could not open requirements file: [Errno 2] No such file or directory: '{name}'"
                raise StepFailed(f"{reason}\nThe command '{shown}' returned a non-zero code: 1", 1)
            found.pip += [named for line in text.splitlines() if (named := packages.requirement_name(line))]
        return found

    def _read_from_image(self, name: str) -> str | None:
        path = posixpath.join(self.stage.image.config.get("WorkingDir") or "/", name).lstrip("/")
        for layer in reversed(self.stage.image.layers):
            if (Path(layer) / path).is_file():
                return (Path(layer) / path).read_text(errors="replace")
        return None

    def _check_commands(self, script: str, shown: str, found: packages.Recorded) -> Iterator[str]:
        """Fail as the shell does where Python's commands are used before anything installed them."""
        installed = self.stage.image.apt + found.apt
        try:
            used = [name for words in packages.commands(script) if (name := packages.needs_python(words))]
        except ValueError:
            return
        for name in used:
            has = packages.has_pip(installed) if name.startswith("pip") else packages.has_python(installed)
            if not has and self.stage.image.family in {"ubuntu", "debian", "httpd", "busybox"}:
                yield f"/bin/sh: 1: {name}: not found\n"
                raise StepFailed(f"The command '{shown}' returned a non-zero code: 127", 127)

    # COPY and ADD

    def _copy(self, one: Instruction) -> Iterator[str]:
        words = one.json_form() or split(one.value, self.stage.variables)
        source_root = self._source_root(one)
        *patterns, target = words
        try:
            if one.name == "ADD" and any("://" in pattern for pattern in patterns):
                raise context.CopyFailed(f"failed to GET {patterns[0]}: no server is reached from the embedded engine")
            sources = [path for pattern in patterns for path in context.find(source_root, pattern)]
            if len(sources) > 1 and not target.endswith("/"):
                raise context.CopyFailed(
                    f"When using {one.name} with more than one source file, the destination must be a directory and end with a /"
                )
        except context.CopyFailed as failed:
            raise StepFailed(f"{one.name} failed: {failed}") from None
        place = posixpath.normpath(posixpath.join(self.stage.image.config.get("WorkingDir") or "/", target)).lstrip("/")
        into = target.endswith("/") or target in {".", ".."} or self._is_folder(place)

        def fill(layer: Path) -> None:
            context.copy(sources, layer / place, into=into, extract=one.name == "ADD")

        content = context.checksum(sources)
        yield from self._commit(f"/bin/sh -c #(nop) {one.name} multi:{content} in {target} ", content, fill)

    def _source_root(self, one: Instruction) -> Path:
        name = one.flags.get("from")
        if name is None:
            return self.folder
        for number, stage in enumerate(self.stages[:-1]):
            if name.lower() in {stage.name, str(number)}:
                return self._merged(stage.image)
        try:
            return self._merged(self.store.image(name))
        except ApiError:
            raise StepFailed(f"invalid from flag value {name}: {'pull access denied for ' + name}") from None

    def _merged(self, image: Image) -> Path:
        """Lay the files that a stage copied or made over one another, to be copied from."""
        merged = self.folder.parent / f"stage-{image.id[-12:]}"
        for layer in image.layers:
            context.copy([Path(layer)], merged, into=True, extract=False)
        merged.mkdir(exist_ok=True)
        return merged

    def _is_folder(self, place: str) -> bool:
        known = {"", "tmp", "root", "home", "opt", "srv", "var", "etc", "usr", "usr/local", "usr/local/bin", "usr/local/apache2/htdocs"}
        volumes = {name.strip("/") for name in self.stage.image.config.get("Volumes") or {}}
        working = (self.stage.image.config.get("WorkingDir") or "/").strip("/")
        return place in known | volumes | {working} or any((Path(layer) / place).is_dir() for layer in self.stage.image.layers)

    # Configuration

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
        from harness.offline.engine.signals import parse_signal

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
        names = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod", "start-interval": "StartInterval"}
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


def go_list(words: list[str]) -> str:
    """Return words as Go prints them quoted."""
    return "[" + " ".join(json.dumps(word) for word in words) + "]"


def short(image: Image) -> str:
    """Return the twelve digits by which people know an image."""
    return image.id.removeprefix("sha256:")[:12]


def read_dockerfile(folder: Path, name: str) -> list[Instruction]:
    """Read the Dockerfile of a context; raises as the builder does where there is none."""
    path = folder / name
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise ApiError(500, f"Cannot locate specified Dockerfile: {name}")
    return parse(path.read_text(errors="replace"))
