"""The classic builder: from instructions to an image, step by step, with its stream of messages."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from harness.offline.engine.build.contents import Contents
from harness.offline.engine.build.dockerfile import Instruction, expand, instruction, parse
from harness.offline.engine.build.settings import Settings
from harness.offline.engine.build.steps import Options, Stage, StepFailed
from harness.offline.engine.errors import ApiError
from harness.offline.engine.images import Images
from harness.offline.engine.library import PATH
from harness.offline.engine.model import Image, Json
from harness.offline.engine.naming import now, parse_reference
from harness.offline.engine.store import Store

PREDEFINED = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"}


class Builder(Contents, Settings):
    """One build."""

    def __init__(self, store: Store, images: Images, folder: Path, options: Options) -> None:
        super().__init__(store, images, folder, options)
        self.handlers: dict[str, Callable[[Instruction], Iterator[str]]] = {
            "RUN": self._run, "COPY": self._copy, "ADD": self._copy, "ENV": self._env, "ARG": self._arg,
            "LABEL": self._label, "WORKDIR": self._workdir, "EXPOSE": self._expose, "VOLUME": self._volume,
            "USER": self._user, "CMD": self._cmd, "ENTRYPOINT": self._entrypoint, "SHELL": self._shell,
            "STOPSIGNAL": self._stop_signal, "HEALTHCHECK": self._health_check, "ONBUILD": self._on_build,
            "MAINTAINER": self._maintainer,
        }  # fmt: skip

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

    def _labelled(self, image: Image) -> Image:
        if not self.options.labels:
            return image
        labels = (image.config.get("Labels") or {}) | self.options.labels
        for _ in self._commit(
            f"/bin/sh -c #(nop)  LABEL {labels}", config=copy.deepcopy(image.config) | {"Labels": labels}
        ):
            pass
        return self.stage.image


def short(image: Image) -> str:
    """Return the twelve digits by which people know an image."""
    return image.id.removeprefix("sha256:")[:12]


def read_dockerfile(folder: Path, name: str) -> list[Instruction]:
    """Read the Dockerfile of a context; raises as the builder does where there is none."""
    path = folder / name
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise ApiError(500, f"Cannot locate specified Dockerfile: {name}")
    return parse(path.read_text(errors="replace"))
