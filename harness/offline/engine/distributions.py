"""The Python of a container: which distributions its image installed, and what of them can be imported.

A container's Python is a virtual environment of its own whose ``site-packages`` holds links to the distributions
that the image's RUN lines named, with everything they require, and to nothing else; so an import of anything else
fails as it would. A distribution that this machine's environment lacks gets a *recorded* module: importable, empty, and
marked ``__embedded__ = True``.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

# What a distribution is imported as, where that is not its own name.
IMPORTED_AS = {
    "scikit-learn": "sklearn", "pyyaml": "yaml", "pillow": "PIL", "opencv-python": "cv2", "beautifulsoup4": "bs4",
    "python-dateutil": "dateutil", "tensorflow-cpu": "tensorflow", "pyzmq": "zmq", "jupyter-console": "jupyter_console",
}  # fmt: skip
# What the distributions that are not here would bring along.
REQUIRES = {
    "jupyter": ("notebook", "ipykernel", "nbconvert", "jupyterlab", "ipywidgets", "jupyter-console"),
    "keras": ("numpy", "h5py"), "h5py": ("numpy",), "tables": ("numpy",), "theano": ("numpy", "scipy"),
    "seaborn": ("numpy", "pandas", "matplotlib"), "tensorflow": ("numpy", "keras", "h5py"), "ipywidgets": ("ipython",),
}  # fmt: skip
METAPACKAGES = {"jupyter"}
RECORDED = '''"""Recorded by the embedded engine: the image installs {name}, this machine does not have it."""

__embedded__ = True
__version__ = "0+recorded"
'''


@dataclass(frozen=True)
class Installed:
    """A distribution of this machine's environment: where it is, and its entries there."""

    name: str
    folder: Path
    entries: tuple[str, ...]
    shared: tuple[str, ...]
    """Entries below the environment's ``share/jupyter``."""
    scripts: tuple[tuple[str, str], ...]
    """Name and entry point of its commands."""
    requires: tuple[str, ...]


def normalise(name: str) -> str:
    """Return a distribution's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def installed(name: str) -> Installed | None:
    """Look a distribution up in the environment of this process."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    paths = [line.rpartition(",")[0].rpartition(",")[0] for line in (found.read_text("RECORD") or "").splitlines()]
    entries = {path.partition("/")[0] for path in paths if not path.startswith(("../", "/", "__pycache__"))}
    shared = {
        path.split("share/jupyter/", 1)[1] for path in paths if path.startswith("../") and "share/jupyter/" in path
    }
    if not entries:
        return None
    return Installed(
        name=normalise(name),
        folder=Path(str(found.locate_file(""))),
        entries=tuple(sorted(entries)),
        shared=tuple(sorted({"/".join(path.split("/")[:2]) for path in shared})),
        scripts=tuple((point.name, point.value) for point in found.entry_points if point.group == "console_scripts"),
        requires=_required(found.requires or []),
    )


def _required(lines: Iterable[str]) -> tuple[str, ...]:
    wanted = (Requirement(line) for line in lines)
    return tuple(normalise(one.name) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""}))


def closure(names: Iterable[str]) -> tuple[list[Installed], list[str]]:
    """Return the distributions of ``names`` and all that they require, and the names of those to be recorded."""
    waiting, seen, found, recorded = [normalise(name) for name in names], set[str](), list[Installed](), list[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        here = None if name in METAPACKAGES else installed(name)
        if here is not None:
            found.append(here)
        elif name not in METAPACKAGES:
            recorded.append(name)
        waiting += here.requires if here is not None else REQUIRES.get(name, ())
    return found, recorded


def interpreter() -> Path:
    """Return the interpreter under this process's environment."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


def module_name(distribution: str) -> str:
    """Return what a distribution is imported as."""
    return IMPORTED_AS.get(distribution, distribution.replace("-", "_"))
