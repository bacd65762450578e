"""Ids, names and image references as the engine writes them."""

from __future__ import annotations

import datetime
import random
import re
import secrets
from dataclasses import dataclass

from harness.offline.engine.errors import bad_parameter

ZERO_TIME = "0001-01-01T00:00:00Z"
CONTAINER_NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{64}")
_MOODS = (
    "amber", "brisk", "calm", "daring", "eager", "fabled", "gentle", "hardy", "idle", "jolly", "keen", "lively",
    "mellow", "nimble", "open", "proud", "quiet", "ready", "steady", "tidy", "upbeat", "vivid", "warm", "young",
    "zesty",
)  # fmt: skip
_PEOPLE = (
    "babbage", "cerf", "dijkstra", "engelbart", "floyd", "goldberg", "hopper", "iverson", "johnson", "kay", "lamport",
    "mccarthy", "naur", "ousterhout", "perlman", "ritchie", "sammet", "thompson", "ullman", "vonneumann", "wirth",
    "yao", "zuse",
)  # fmt: skip


def new_id() -> str:
    """Return 64 hexadecimal digits; the first twelve are not all decimal: a short id must not look like a number."""
    while (identity := secrets.token_hex(32))[:12].isdecimal():
        pass
    return identity


def random_name() -> str:
    """Return a name such as ``calm_hopper``."""
    return f"{random.choice(_MOODS)}_{random.choice(_PEOPLE)}"


def now() -> str:
    """Return the time as RFC 3339 in UTC with nanoseconds, as the engine prints it."""
    return timestamp(datetime.datetime.now(datetime.UTC))


def timestamp(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def seconds(text: str) -> float:
    """Return a timestamp of this module in seconds since the epoch; the zero time is 0."""
    if text.startswith("0001-"):
        return 0.0
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", text).replace("Z", "+00:00")).timestamp()


def parse_moment(text: str) -> float:
    """Read a moment of a query: seconds since the epoch with a fraction, or RFC 3339."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return seconds(text)
    except ValueError:
        raise bad_parameter(f'failed to parse value as time or duration: "{text}"') from None


@dataclass(frozen=True)
class Reference:
    """Names an image: ``ubuntu`` is ``docker.io/library/ubuntu:latest``."""

    domain: str
    path: str
    tag: str | None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """Return the repository as people write it."""
        if self.domain != "docker.io":
            return f"{self.domain}/{self.path}"
        return self.path.removeprefix("library/")

    @property
    def familiar(self) -> str:
        """Return repository and tag (or digest) as people write them."""
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def parse_reference(text: str, tag: str | None = None) -> Reference:
    """Read an image reference; raises 400 with moby's sentence."""
    rest, _, digest = text.partition("@")
    head, _, last = rest.rpartition("/")
    last, _, written = last.partition(":")
    domain, path = _split_domain(f"{head}/{last}" if head else last)
    tag = tag or written or None
    if path != path.lower():
        raise bad_parameter(f"invalid reference format: repository name ({path}) must be lowercase")
    if not all(_COMPONENT.fullmatch(part) for part in path.split("/")) or (digest and not _DIGEST.fullmatch(digest)):
        raise bad_parameter("invalid reference format")
    if ":" in rest.rpartition("/")[2] and not written:
        raise bad_parameter("invalid reference format")
    if tag and not _TAG.fullmatch(tag):
        raise bad_parameter("invalid tag format" if not written else "invalid reference format")
    return Reference(domain, path, None if digest else tag or "latest", digest or None)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "docker.io", name if slash else f"library/{name}"
