"""What every step of a build does: make the next image, or take the one that the same step made before."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.offline.engine.build.dockerfile import Instruction
from harness.offline.engine.images import Images
from harness.offline.engine.library import digest
from harness.offline.engine.model import Image, Json
from harness.offline.engine.naming import new_id, now
from harness.offline.engine.store import Store

DEFAULT_SHELL = ["/bin/sh", "-c"]


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


class Steps:
    """The state of one build, and how a step changes it."""

    def __init__(self, store: Store, images: Images, folder: Path, options: Options) -> None:
        self.store = store
        self.images = images
        self.folder = folder
        self.options = options
        self.stages: list[Stage] = []
        self.arguments: dict[str, str] = {}
        self.used: set[str] = set()

    @property
    def stage(self) -> Stage:
        """Return the stage under construction."""
        return self.stages[-1]

    def _commit(
        self, created_by: str, key: str = "", fill: Callable[[Path], None] | None = None,
        said: Callable[[], Iterator[str]] | None = None, **changes: object,
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

    def _shell_form(self, one: Instruction) -> list[str]:
        return [*(self.stage.image.config.get("Shell") or DEFAULT_SHELL), one.value]


def go_list(words: list[str]) -> str:
    """Return words as Go prints them quoted."""
    return "[" + " ".join(json.dumps(word) for word in words) + "]"
