"""``facts.json``: what a run saw, so that it can be judged again without a cloud.

Tests are functions of facts, and facts are plain values: each session fixture's dataclass is written down as it
was, its texts without secrets, and so is what was raised in its place. The type is written by its name among
:mod:`harness.facts`; reading makes dataclasses of these modules and nothing else, so that a recording of unknown
origin can name no code.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import cattrs

from harness import facts as facts_package
from harness.errors import CloudTrouble, HarnessError, RecordedFault, Unmet, UsageError
from harness.grading.masking import keep, without_secrets
from harness.grading.reportjson import Run

NAME = "facts.json"
SCHEMA = 1
LONGEST = 200_000
"""Characters that are kept of one text; more than any test compares."""


@dataclass(frozen=True)
class Raised:
    """What was raised in place of a fact: something unmet, trouble of the cloud, or a fault of the suite."""

    kind: Literal["unmet", "trouble", "fault"]
    message: str
    requirement: str = ""
    hint: str = ""

    def error(self) -> HarnessError:
        """Return it as an exception."""
        if self.kind == "unmet":
            return Unmet(self.requirement, self.message, self.hint)
        return CloudTrouble(self.message) if self.kind == "trouble" else RecordedFault(self.message)


@dataclass(frozen=True)
class Recording:
    """What one run saw, by fixture: a dataclass of :mod:`harness.facts`, or what was raised in its place.

    ``selected`` are the requirements that the run was to judge, ``score`` and ``possible`` are what came of it then.
    """

    run: Run
    selected: tuple[str, ...]
    leaks: tuple[str, ...]
    facts: Mapping[str, object]
    score: float = 0.0
    possible: float = 0.0


@functools.cache
def types() -> dict[str, type]:
    """Return the dataclasses of :mod:`harness.facts` by ``module.Name``."""
    found: dict[str, type] = {}
    for info in pkgutil.iter_modules(facts_package.__path__):
        module = importlib.import_module(f"{facts_package.__name__}.{info.name}")
        own = (value for value in vars(module).values() if isinstance(value, type))
        found |= {name_of(kind): kind for kind in own if dataclasses.is_dataclass(kind) and is_fact_type(kind)}
    return found


def is_fact_type(kind: type) -> bool:
    """Say whether a class is one of the facts."""
    return dataclasses.is_dataclass(kind) and kind.__module__.startswith(f"{facts_package.__name__}.")


def name_of(kind: type) -> str:
    """Return the name that a fact's type is written by."""
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__qualname__}"


def unstructure(fact: object) -> dict[str, Any]:
    """Return a fact, or what was raised in its place, as plain values without secrets; plain ones stay as they are."""
    if isinstance(fact, dict):
        return fact
    if isinstance(fact, Raised):
        return {"raised": clean(asdict(fact))}
    return {"type": name_of(type(fact)), "value": clean(cattrs.unstructure(fact))}


def structure(data: Any) -> object:
    """Read what :func:`unstructure` returned; raises :class:`~harness.errors.UsageError` where it is something else."""
    try:
        if "raised" in data:
            return _strict().structure(data["raised"], Raised)
        return _strict().structure(data["value"], types()[data["type"]])
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, cattrs.BaseValidationError) as error:
        what = data.get("type", "raised") if isinstance(data, dict) else "a fact"
        raise UsageError(f"{str(what)[:80]!r} is no fact that this version knows; was it another's?") from error


@functools.cache
def _strict() -> cattrs.Converter:
    return cattrs.Converter(forbid_extra_keys=True)


def clean(value: Any, name: str = "") -> Any:
    """Return plain values with every text masked; the name of a field or key counts as what stands before its text."""
    if isinstance(value, str):
        return _clean_text(value, name)
    if isinstance(value, Mapping):
        return {without_secrets(str(key)): clean(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean(inner, name) for inner in value]
    return value


def _clean_text(text: str, name: str) -> str:
    prefix = f"{name}="
    masked = keep(prefix + text, LONGEST)
    return masked.removeprefix(prefix) if name and masked.startswith(prefix) else keep(text, LONGEST)


def document(recording: Recording) -> dict[str, Any]:
    """Return a recording as plain values."""
    return {
        "schema": SCHEMA,
        "run": clean(asdict(recording.run)),
        "selected": list(recording.selected),
        "leaks": clean(list(recording.leaks)),
        "score": recording.score,
        "possible": recording.possible,
        "facts": {name: unstructure(fact) for name, fact in sorted(recording.facts.items())},
    }


def write(directory: Path, recording: Recording) -> Path:
    """Write ``facts.json`` into a run's directory, whole or not at all, and return its path."""
    path = directory / NAME
    draft = path.with_name(NAME + ".draft")
    directory.mkdir(parents=True, exist_ok=True)
    draft.write_text(json.dumps(document(recording), indent=1) + "\n", encoding="utf-8")  # ASCII: hosts print anything
    draft.replace(path)
    return path


def read(path: Path) -> Recording:
    """Read a ``facts.json``; raises :class:`~harness.errors.UsageError` in one sentence where it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise UsageError(f"{path}: written by another version (schema {str(data['schema'])[:20]}).")
        recorded = {str(name): structure(fact) for name, fact in data["facts"].items()}
        head = {**data, "facts": {}}
        del head["schema"]
        recording = _strict().structure(head, _Head)
    except OSError as error:
        raise UsageError(f"{path}: no recorded facts can be read there ({error.strerror}).") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, cattrs.BaseValidationError) as error:
        raise UsageError(f"{path}: these are no recorded facts; the file was changed, or cut short.") from error
    return Recording(recording.run, recording.selected, recording.leaks, recorded, recording.score, recording.possible)


@dataclass(frozen=True)
class _Head:
    run: Run
    selected: tuple[str, ...]
    leaks: tuple[str, ...]
    facts: dict[str, str]
    score: float
    possible: float


def read_if_any(directory: Path) -> Recording | None:
    """Return a run's recording, or nothing where there is none that can be read."""
    try:
        return read(directory / NAME)
    except UsageError:
        return None


def merge(recordings: list[Recording], run: Run, score: float, possible: float) -> Recording:
    """Make one recording of several, the latest last: what was seen outweighs what was raised in its place."""
    facts: dict[str, object] = {}
    for recording in recordings:
        for name, fact in recording.facts.items():
            if not isinstance(fact, Raised) or name not in facts:
                facts[name] = fact
    selected = dict.fromkeys(id for recording in recordings for id in recording.selected)
    leaks = dict.fromkeys(leak for recording in recordings for leak in recording.leaks)
    return Recording(run, tuple(selected), tuple(leaks), facts, score, possible)
