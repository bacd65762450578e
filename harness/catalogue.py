"""The catalogue: the one place that knows the requirements and the homework's parameters.

Both are data, in ``homework.toml`` beside this module.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NewType, get_origin

import cattrs

from harness.errors import UsageError

HOMEWORK = Path(__file__).with_name("homework.toml")

Phase = Literal["live", "final"]
Port = NewType("Port", int)
"""A TCP port, 1 to 65535."""
Cidr = NewType("Cidr", str)
"""A range of addresses, such as ``0.0.0.0/0``."""


@dataclass(frozen=True)
class About:
    title: str


@dataclass(frozen=True)
class Account:
    policy: str


@dataclass(frozen=True)
class Network:
    public_group: str
    private_group: str
    ssh_port: Port
    anywhere: Cidr


@dataclass(frozen=True)
class Bastion:
    instance_type: str
    accepted_types: tuple[str, ...]
    user: str


@dataclass(frozen=True)
class Private:
    instance_type: str
    accepted_types: tuple[str, ...]


@dataclass(frozen=True)
class Image:
    """Which machine images count: ``owner`` is an account id, names are patterns of EC2's filters."""

    owner: str
    name: str
    newest: str
    architecture: str
    supported_until: dict[str, datetime.date]


@dataclass(frozen=True)
class Docker:
    package: str
    accepted_packages: tuple[str, ...]
    greeting: str
    interactive: str
    images: tuple[str, ...]


@dataclass(frozen=True)
class Httpd:
    container: str
    image: str
    port: Port
    container_port: Port
    document_root: str
    page: str


@dataclass(frozen=True)
class Jupyter:
    container: str
    image: str
    port: Port
    container_port: Port
    directory: str
    libraries: tuple[str, ...]


@dataclass(frozen=True)
class Sagemaker:
    notebook_instance_type: str


@dataclass(frozen=True)
class Kmeans:
    k: int
    feature_dim: int
    rows: int
    purity: float
    training_type: str
    training_count: int
    endpoint_type: str
    data_prefix: str
    output_prefix: str
    digits_bucket: str
    digits_prefix: str


@dataclass(frozen=True)
class Spot:
    instance_type: str
    accepted_types: tuple[str, ...]
    options_file: str
    fresh_hours: int


@dataclass(frozen=True)
class Quota:
    service: str
    code: str
    vcpus: int


@dataclass(frozen=True)
class Answers:
    words: int


@dataclass(frozen=True)
class Stage:
    """A chapter of the homework; the tests of one ``group`` share resources and run in one process."""

    name: str
    title: str
    group: Literal["account", "compute", "sagemaker", "final"]


@dataclass(frozen=True)
class Requirement:
    """One sentence that the homework must make true, worth ``points`` (beyond the total where ``bonus``)."""

    id: str
    points: int
    phase: Phase
    statement: str
    clause: str
    hint: str
    bonus: bool = False

    @property
    def stage(self) -> str:
        """Return the name of the stage that the id begins with."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Homework:
    """The whole of ``homework.toml``."""

    homework: About
    account: Account
    network: Network
    bastion: Bastion
    private: Private
    image: Image
    docker: Docker
    httpd: Httpd
    jupyter: Jupyter
    sagemaker: Sagemaker
    kmeans: Kmeans
    spot: Spot
    quota: Quota
    answers: Answers
    stage: tuple[Stage, ...]
    requirement: tuple[Requirement, ...]

    @functools.cached_property
    def requirements(self) -> dict[str, Requirement]:
        """Return the requirements by id, in the homework's order."""
        return {requirement.id: requirement for requirement in self.requirement}

    @functools.cached_property
    def stages(self) -> dict[str, Stage]:
        """Return the stages by name, in the homework's order."""
        return {stage.name: stage for stage in self.stage}

    @property
    def possible(self) -> int:
        """Return the points of all requirements without the bonus."""
        return sum(r.points for r in self.requirement if not r.bonus)


@functools.cache
def load(path: Path = HOMEWORK) -> Homework:
    """Read the catalogue; raises :class:`~harness.errors.UsageError` where the file is not one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        homework = _converter().structure(_filled(data), Homework)
    except OSError as error:
        raise UsageError(f"{path}: the catalogue cannot be read ({error.strerror}); restore the file.") from error
    except (ValueError, TypeError, cattrs.BaseValidationError) as error:
        is_cattrs = isinstance(error, cattrs.BaseValidationError)
        reasons = cattrs.transform_error(error, format_exception=_said) if is_cattrs else [str(error)]
        raise UsageError(f"{path}: the catalogue is not valid: {'; '.join(reasons)}; mend the file.") from error
    _check(homework, path)
    return homework


def _converter() -> cattrs.Converter:
    """Return what makes dataclasses of tables and takes nothing for what it is not, such as 1.5 for one point."""
    converter = cattrs.Converter(forbid_extra_keys=True)
    as_tuple = converter.get_structure_hook(tuple[str, ...])

    def listed(value: Any, kind: Any) -> Any:
        return as_tuple(_only(value, list), kind)

    converter.register_structure_hook_func(_is_tuple, listed)
    for plain in (int, str, datetime.date):
        converter.register_structure_hook(plain, _only)
    converter.register_structure_hook_func(lambda kind: kind is Port, lambda value, _: _port(value))
    converter.register_structure_hook_func(lambda kind: kind is Cidr, lambda value, _: _cidr(value))
    converter.register_structure_hook(float, lambda value, _: float(_only(value, float, int)))
    return converter


def _said(error: BaseException, kind: type | None) -> str:
    """Return what is wrong with a value in the words of who refused it; cattrs would name its type only."""
    return str(error) if isinstance(error, ValueError | TypeError) else cattrs.v.format_exception(error, kind)


def _is_tuple(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple


def _only(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise TypeError(f"expected {kinds[0].__name__}, got {value!r}")
    return value


def _port(value: Any) -> Port:
    if not 0 < _only(value, int) < 65536:
        raise ValueError(f"{value} is no port; expected 1 to 65535")
    return Port(value)


def _cidr(value: Any) -> Cidr:
    ipaddress.ip_network(_only(value, str))  # says itself what is wrong with it
    return Cidr(value)


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    """Replace each ``{section.name}`` in the requirements' sentences by the parameter of that name."""
    parameters = {name: _Section(values) for name, values in data.items() if isinstance(values, dict)}
    for requirement in data.get("requirement", []):
        if not isinstance(requirement, dict):
            raise TypeError(f"{requirement!r} is no requirement")
        for key in ("statement", "hint", "clause"):
            if key in requirement:
                requirement[key] = _fill(requirement[key], parameters)
    return data


def _fill(sentence: str, parameters: dict[str, _Section]) -> str:
    try:
        return sentence.format(**parameters)
    except (LookupError, AttributeError) as error:
        raise ValueError(f"{sentence!r} names a parameter that is not there") from error


class _Section:
    """A section of parameters whose names are attributes, for ``str.format``."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


def _check(homework: Homework, path: Path) -> None:
    ids = [requirement.id for requirement in homework.requirement]
    ids += [stage.name for stage in homework.stage]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    negative = sorted(r.id for r in homework.requirement if r.points < 0)
    homeless = sorted(r.id for r in homework.requirement if r.stage not in homework.stages)
    if twice:
        raise UsageError(f"{path}: these names stand twice: {', '.join(twice)}; give each its own.")
    if negative:
        raise UsageError(f"{path}: {', '.join(negative)} is worth less than nothing; give it points.")
    if homeless:
        raise UsageError(f"{path}: no stage is named for {', '.join(homeless)}; add the stage or rename them.")
