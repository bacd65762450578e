"""Building the images: what is there already is left alone, and each step says what it does."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from docker.errors import APIError, ImageNotFound

from harness.errors import UsageError
from harness.offline.images import base
from harness.offline.images.recipes import (
    BASE,
    GUEST,
    INSTANCE,
    LABEL,
    PREFIX,
    PYTHON,
    RECIPE,
    SERVED,
    WORLD,
    Recipe,
    files,
    recipe,
)
from harness.waiting import until

Say = Callable[[str], None]
# The C libraries that wheels of today are made for, all older than that of the release.
PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (39, 35, 34, 31, 28, 27, 26, 24, 17, 12, 5)), "manylinux2014_x86_64",
    "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64",
)  # fmt: skip
# On every address while it is filled; on loopback, behind its certificate, while it serves.
FILLING = [
    "/bin/sh", "-c",
    "sed s/127.0.0.1:5000/:5000/ /world/registry.yml > /tmp/all.yml && exec docker-registry serve /tmp/all.yml",
]  # fmt: skip
REGISTRY_PORT = "5000/tcp"


def missing(client: Any) -> list[str]:
    """Return the images that are absent or out of date, of the two that runs need."""
    wanted = recipe().digest
    return [name for name in (INSTANCE, WORLD) if _digest_of(client, name) != wanted]


def _digest_of(client: Any, name: str) -> str | None:
    try:
        found: str | None = client.images.get(name).labels.get(LABEL)
    except ImageNotFound:
        return None
    return found


def remove(client: Any, say: Say) -> None:
    """Remove every image of ours; the engine's own cache of layers goes with them."""
    names = {tag for image in client.images.list() for tag in image.tags if tag.startswith(f"{PREFIX}/")}
    for name in sorted(names):
        client.images.remove(name, force=True)
        say(f"{name}: removed")
    client.images.prune(filters={"label": LABEL})


def build(client: Any, say: Say) -> None:
    """Build whatever is missing; raises :class:`~harness.errors.UsageError` in one sentence where that cannot be."""
    if not missing(client):
        say(f"{INSTANCE} and {WORLD} are up to date")
        return
    Builder(client, recipe(), say).build()


class Builder:
    """One building of all images."""

    def __init__(self, client: Any, wanted: Recipe, say: Say) -> None:
        self.client, self.recipe, self._say = client, wanted, say
        self._began = time.monotonic()

    def build(self) -> None:
        """Build them, the world last; each is given its name as soon as it is whole."""
        base.ensure(self.client, self.say)
        self._keep_wheels()
        for stage in SERVED:
            self._stage(stage, f"{PREFIX}/{stage}:{self.recipe.digest}")
        self._stage("instance", INSTANCE)
        self._stage("world", f"{PREFIX}/world-empty:{self.recipe.digest}")
        self._fill()
        self.say("done")

    def say(self, sentence: str) -> None:
        """Tell of a step, with the seconds since the beginning."""
        self._say(f"[{time.monotonic() - self._began:5.0f} s] {sentence}")

    def _keep_wheels(self) -> None:
        """Have an image of nothing but wheels: what the course's Dockerfile installs, and its needs."""
        if _has(self.client, self.recipe.store):
            self.say(f"wheels: {self.recipe.store} is there")
            return
        self.say(f"wheels: {' '.join(self.recipe.wheels)}; takes two minutes or three")
        repository, _, tag = self.recipe.store.partition(":")
        with tempfile.TemporaryDirectory(prefix="wheels-") as directory, tempfile.TemporaryFile() as archive:
            _download(self.recipe.wheels, directory)
            with tarfile.open(fileobj=archive, mode="w") as packed:
                packed.add(directory, ".")
            archive.seek(0)
            self.client.api.import_image_from_data(archive, repository=repository, tag=tag)

    def _stage(self, stage: str, name: str) -> None:
        self.say(f"{stage}: {name}")
        arguments = {"BASE": BASE, "PACKAGES": " ".join(self.recipe.packages), "WHEELS": self.recipe.store}
        repository, _, tag = name.partition(":")
        with tempfile.TemporaryFile() as context:
            _pack(context)
            steps = self.client.api.build(
                fileobj=context, custom_context=True, target=stage, tag=f"{repository}:{tag}", buildargs=arguments,
                labels={LABEL: self.recipe.digest}, rm=True, forcerm=True, decode=True,
            )  # fmt: skip
            _follow(stage, steps)

    def _fill(self) -> None:
        """Push what the registry is to serve into the world's own, and keep the outcome as the image."""
        self.say(f"{WORLD}: filling its registry")
        container = self.client.containers.create(
            f"{PREFIX}/world-empty:{self.recipe.digest}", FILLING, ports={REGISTRY_PORT: ("127.0.0.1", None)},
            entrypoint=[], labels={LABEL: self.recipe.digest},
        )  # fmt: skip
        try:
            container.start()
            port = until("the registry has its port", lambda: _port(container), timeout=30, every=0.05)
            for stage, (name, tags) in SERVED.items():
                for tag in tags:
                    self._push(f"{PREFIX}/{stage}:{self.recipe.digest}", f"127.0.0.1:{port}/library/{name}", tag)
            container.stop(timeout=2)
            repository, _, tag = WORLD.partition(":")
            container.commit(repository, tag, changes='CMD ["/bin/sh", "/world/serve.sh"]')
        finally:
            container.remove(force=True, v=True)

    def _push(self, image: str, repository: str, tag: str) -> None:
        self.client.images.get(image).tag(repository, tag)
        try:
            until(f"{repository}:{tag} is pushed", lambda: self._is_pushed(repository, tag), timeout=60, every=0.2)
        finally:
            with contextlib.suppress(APIError):
                self.client.images.remove(f"{repository}:{tag}")

    def _is_pushed(self, repository: str, tag: str) -> bool:
        """Push once; the registry may not listen yet."""
        steps = self.client.api.push(repository, tag=tag, stream=True, decode=True)
        return not any("error" in step for step in steps)


def _port(container: Any) -> str | None:
    container.reload()
    bound = container.ports.get(REGISTRY_PORT) or []
    return bound[0]["HostPort"] if bound else None


def _has(client: Any, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _download(wheels: Iterable[str], directory: str) -> None:
    """Fetch wheels and what they need, by pip as it is configured here, for the Python of the release."""
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", directory]
    argv += ["--only-binary=:all:", "--implementation", "cp"]
    argv += [word for name in (f"cp{PYTHON}", "abi3", "none") for word in ("--abi", name)]
    argv += ["--python-version", PYTHON, *(word for name in PLATFORMS for word in ("--platform", name))]
    done = subprocess.run([*argv, *wheels], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"pip could not download the wheels: {(done.stderr.strip().splitlines() or ['?'])[-1]}")


def _pack(context: Any) -> None:
    """Write the build context: the recipe and the instance's programs."""
    with tarfile.open(fileobj=context, mode="w") as packed:
        for path in files():
            name = f"guest/{path.relative_to(GUEST)}" if path.is_relative_to(GUEST) else str(path.relative_to(RECIPE))
            packed.addfile(_entry(name, path.stat().st_size), io.BytesIO(path.read_bytes()))
    context.seek(0)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """Return an entry that says nothing of this machine, so that the engine's cache knows it again."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o644, 0
    return entry


def _follow(stage: str, steps: Iterator[dict[str, Any]]) -> None:
    said: list[str] = []
    for step in steps:
        said += str(step.get("stream", "")).splitlines()
        if "error" in step:
            last = next((line for line in reversed(said) if line.startswith(("E:", "ERROR"))), said[-1] if said else "")
            raise UsageError(f"the image of stage {stage} could not be built: {step['error'].strip()} ({last.strip()})")
