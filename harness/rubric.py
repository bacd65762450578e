"""The rubric: which words show what a written answer is about; data, in ``rubric.toml`` beside this module."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cattrs

from harness.errors import UsageError

RUBRIC = Path(__file__).with_name("rubric.toml")


@dataclass(frozen=True)
class Topic:
    """One question: ``cues`` show a heading to be its, ``vocabulary`` an answer that uses so many of these words."""

    id: str
    cues: tuple[str, ...]
    vocabulary: tuple[str, ...]
    vocabulary_words: int | None = None


@dataclass(frozen=True)
class Provider:
    """A cloud provider; ``common`` are names of services that count only where the provider is named too."""

    name: str
    names: tuple[str, ...]
    services: tuple[str, ...]
    common: tuple[str, ...]


@dataclass(frozen=True)
class TurnInWords:
    """What claims that something was set up or ended, what denies it before or after the claim, and what still runs."""

    set_up: tuple[str, ...]
    ended: tuple[str, ...]
    other_things: tuple[str, ...]
    one_of_them: tuple[str, ...]
    all_of_them: tuple[str, ...]
    running: tuple[str, ...]
    denials: tuple[str, ...]
    denied_after: tuple[str, ...]
    ended_in_part: tuple[str, ...]
    no_denials: tuple[str, ...]
    undoing: tuple[str, ...]
    at_first: tuple[str, ...]


@dataclass(frozen=True)
class Rubric:
    """The whole of ``rubric.toml``."""

    distinct_share: float
    vocabulary_words: int
    placeholders: tuple[str, ...]
    topic: tuple[Topic, ...]
    side_denials: tuple[str, ...]
    sides: dict[str, tuple[str, ...]]
    services: dict[str, tuple[str, ...]]
    algorithms: dict[str, tuple[str, ...]]
    provider: tuple[Provider, ...]
    turn_in: TurnInWords


@functools.cache
def load(path: Path = RUBRIC) -> Rubric:
    """Read the rubric; raises :class:`~harness.errors.UsageError` where the file is not one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        rubric = cattrs.Converter(forbid_extra_keys=True).structure(data, Rubric)
        for words in _all_words(rubric):
            pattern(words)
    except OSError as error:
        raise UsageError(f"{path}: the rubric cannot be read ({error.strerror}); restore the file.") from error
    except re.error as error:
        raise UsageError(f"{path}: {error.pattern!r} is no regular expression ({error.msg}); mend it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, cattrs.BaseValidationError) as error:
        reasons = cattrs.transform_error(error) if isinstance(error, cattrs.BaseValidationError) else [str(error)]
        raise UsageError(f"{path}: the rubric is not valid: {'; '.join(reasons)}; mend the file.") from error
    return rubric


def _all_words(rubric: Rubric) -> Iterable[tuple[str, ...]]:
    for topic in rubric.topic:
        yield from (topic.cues, topic.vocabulary)
    for table in (rubric.sides, rubric.services, rubric.algorithms):
        yield from table.values()
    for provider in rubric.provider:
        yield from (provider.names, provider.services, provider.common)
    yield rubric.side_denials
    yield rubric.placeholders
    yield from vars(rubric.turn_in).values()


@functools.cache
def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches any of the words where it stands by itself."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)" if words else r"(?!)", re.IGNORECASE)


def named(text: str, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the entries of a table that a text names, in the table's order."""
    return tuple(name for name, words in table.items() if pattern(words).search(text))


def found(text: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of the words a text uses, each once, as the text has them first."""
    seen = {word: match[0].lower() for word in words if (match := pattern((word,)).search(text))}
    return tuple(dict.fromkeys(seen.values()))
