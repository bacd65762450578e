"""What the images are made of, and how it is told whether they are up to date."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from harness import catalogue

RECIPE = Path(__file__).with_name("recipe")
GUEST = Path(__file__).with_name("guest")
RELEASE, CODENAME = "24.04", "noble"
PYTHON = "312"
"""The Python of that release, as wheels name it."""
LABEL = "acceptance-recipe"
PREFIX = "acceptance-hosts"
BASE = f"{PREFIX}/base:{RELEASE}"
INSTANCE = f"{PREFIX}/instance:{RELEASE}"
WORLD = f"{PREFIX}/world:{RELEASE}"
SERVED = {
    "ubuntu": ("ubuntu", (RELEASE, "latest")),
    "hello-world": ("hello-world", ("latest",)),
    "httpd": ("httpd", ("2.4", "latest")),
}
"""Stages of the recipe that the registry of the world serves, with the name and the tags that they have there."""
PACKAGES = (
    "ca-certificates", "curl", "docker.io", "docker-buildx", "docker-compose-v2", "containerd", "runc", "python3-pip",
    "python3-venv", "git", "jq", "tree", "unzip",
)  # fmt: skip
"""Packages that the mirror has, with all that they need on a bare Ubuntu."""
BUILDS = ("tensorflow-cpu", "jupyter")
"""What the course's Dockerfile asks of pip beside the catalogue's libraries."""


@dataclass(frozen=True)
class Recipe:
    """Everything that the images depend on; ``digest`` is another one as soon as any of it changes."""

    packages: tuple[str, ...]
    wheels: tuple[str, ...]
    digest: str

    @property
    def store(self) -> str:
        """Return the name of the image that keeps the wheels: fetching them takes longer than all else."""
        told = hashlib.sha256(" ".join((*self.wheels, PYTHON)).encode()).hexdigest()
        return f"{PREFIX}/wheels:{told[:16]}"


def recipe() -> Recipe:
    """Return what the images are to be made of today."""
    wheels = (*catalogue.load().jupyter.libraries, *BUILDS)
    told = hashlib.sha256(" ".join((*PACKAGES, *wheels, RELEASE)).encode())
    for path in (*files(), *_makers()):
        told.update(str(path.relative_to(RECIPE.parent)).encode() + path.read_bytes())
    return Recipe(PACKAGES, wheels, told.hexdigest()[:16])


def files() -> list[Path]:
    """Return the files of the recipe and of the instance's programs."""
    found = (path for folder in (RECIPE, GUEST) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts)


def _makers() -> list[Path]:
    """Return the programs that decide what becomes of the recipe."""
    return [Path(__file__), Path(__file__).with_name("builder.py"), Path(__file__).with_name("base.py")]
