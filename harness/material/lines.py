"""Command lines taken apart: ``aws`` and ``docker`` with their options, and any program with the options it knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.material.document import Command, Word
from harness.material.tables import Options, programs

AWS_FLAGS = ("--debug", "--no-verify-ssl", "--no-paginate", "--version", "--no-sign-request", "--no-cli-pager",
             "--no-cli-auto-prompt", "--cli-auto-prompt", "--color-off",
             "--recursive", "--force", "--dryrun", "--quiet", "--delete", "--human-readable", "--summarize")  # fmt: skip
"""Options without a value: global ones, and those of ``aws s3``, behind which an address may stand."""
AWS_VALUES = ("--endpoint-url", "--output", "--query", "--profile", "--region", "--color", "--ca-bundle", "--cli-read-timeout",
              "--cli-connect-timeout", "--cli-binary-format", "--cli-error-format")  # fmt: skip


@dataclass(frozen=True)
class AwsLine:
    """An ``aws`` command: ``options`` maps each option to its words, global ones included."""

    command: Command
    service: str
    operation: str
    options: dict[str, tuple[Word, ...]] = field(hash=False)
    names: dict[str, Word] = field(hash=False)
    operands: tuple[Word, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return service and operation."""
        return self.service, self.operation

    def values(self, *options: str) -> tuple[Word, ...]:
        """Return the words given to the first of these options that is there."""
        return next((self.options[option] for option in options if option in self.options), ())

    def value(self, *options: str) -> Word | None:
        """Return the one word given to an option, or ``None``."""
        words = self.values(*options)
        return words[0] if words else None


def read_aws(command: Command) -> AwsLine | None:
    """Take an ``aws`` command apart; ``None`` for any other program."""
    if command.argv[:1] != ("aws",):
        return None
    options: dict[str, tuple[Word, ...]] = {}
    names: dict[str, Word] = {}
    operands: list[Word] = []
    rest = list(command.bare[1:])
    while rest:
        word = rest.pop(0)
        if not _is_option(word):
            operands.append(word)
            continue
        name, equals, _ = word.text.partition("=")
        names[name] = word
        taken = [_part(word)] if equals else _taken(name, rest, is_global=len(operands) < 2)
        options[name] = (*options.get(name, ()), *taken)
    texts = [word.text for word in operands]
    service, operation = [*texts, "", ""][:2]
    return AwsLine(command, service, operation, options, names, tuple(operands[2:]))


def _is_option(word: Word) -> bool:
    return word.text.startswith("--") and len(word.text) > 2


def _taken(name: str, rest: list[Word], *, is_global: bool) -> list[Word]:
    """Take an option's words off the line; before service and operation an option takes one at most."""
    if name in AWS_FLAGS:
        return []
    most = 1 if name in AWS_VALUES or is_global else len(rest)
    taken: list[Word] = []
    while rest and len(taken) < most and not _is_option(rest[0]):
        taken.append(rest.pop(0))
    return taken


def _part(word: Word) -> Word:
    """Return the value of ``--option=value``."""
    text, raw = word.text.partition("=")[2], word.raw.partition("=")[2]
    return Word(text, raw, word.place, word.is_literal)


@dataclass(frozen=True)
class DockerLine:
    """A ``docker`` command: its verb, its options and what follows them."""

    command: Command
    verb: Word | None
    options: dict[str, tuple[Word, ...]] = field(hash=False)
    operands: tuple[Word, ...] = ()
    unknown: tuple[Word, ...] = ()

    @property
    def name(self) -> str:
        """Return the verb's name."""
        return self.verb.text if self.verb else ""

    def values(self, *options: str) -> tuple[Word, ...]:
        """Return all words given to any of these options."""
        return tuple(word for option in options for word in self.options.get(option, ()))

    def has(self, *options: str) -> bool:
        """Say whether one of these options is there."""
        return any(option in self.options for option in options)


def read_docker(command: Command) -> DockerLine | None:
    """Take a ``docker`` command apart; ``None`` for any other program."""
    if command.argv[:1] != ("docker",):
        return None
    table = programs().docker
    _, before, _ = split(command.bare[1:], table["global"], stop=True)
    verb, rest = _verb(before)
    known = table.get(verb.text if verb else "")
    if known is None or known.is_group:
        return DockerLine(command, verb, {}, tuple(rest))
    options, operands, unknown = split(rest, known, stop=verb is not None and verb.text in ("run", "exec"))
    return DockerLine(command, verb, options, operands, unknown)


def _verb(words: tuple[Word, ...]) -> tuple[Word | None, tuple[Word, ...]]:
    """Return the verb and what follows it; ``docker container run`` is ``docker run``."""
    if not words:
        return None, ()
    group, second = words[0].text, words[1].text if len(words) > 1 else ""
    short = second if (group, second) in _SAME else _SAME_AS.get((group, second))
    if short is None:
        return words[0], words[1:]
    return dataclasses.replace(words[1], text=short), words[2:]


_SAME = frozenset(
    [("container", verb) for verb in ("attach", "commit", "cp", "create", "exec", "inspect", "kill", "logs", "pause", "port", "ps",
                                      "rename", "restart", "rm", "run", "start", "stats", "stop", "top", "unpause", "update", "wait")]
    + [("image", verb) for verb in ("build", "history", "import", "load", "pull", "push", "save", "tag")]
    + [("buildx", "build")]
)  # fmt: skip
"""Groups and verbs that are also verbs without their group ("docker CLI reference", docs.docker.com)."""
_SAME_AS = {
    ("container", "ls"): "ps", ("container", "list"): "ps", ("image", "ls"): "images", ("image", "list"): "images", ("image", "rm"): "rmi",
}  # fmt: skip


Options3 = tuple[dict[str, tuple[Word, ...]], tuple[Word, ...], tuple[Word, ...]]


def split(words: Iterable[Word], known: Options, *, stop: bool = False) -> Options3:
    """Return options, operands, and the options that are unknown; with ``stop`` the first operand ends the options."""
    options: dict[str, tuple[Word, ...]] = {}
    operands: list[Word] = []
    unknown: list[Word] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.text == "--" or (operands and stop):
            operands.extend([word] * (word.text != "--") + rest)
            break
        if not word.text.startswith("-") or word.text == "-":
            operands.append(word)
        elif word.text.startswith("--"):
            _long(word, rest, known, options, unknown)
        else:
            _short(word, rest, known, options, unknown)
    return options, tuple(operands), tuple(unknown)


def _long(
    word: Word, rest: list[Word], known: Options, options: dict[str, tuple[Word, ...]], unknown: list[Word]
) -> None:
    name, equals, _ = word.text.partition("=")
    if name in known.values:
        value = [_part(word)] if equals else [rest.pop(0)] if rest else []
        options[name] = (*options.get(name, ()), *value)
    elif name in known.flags:
        options.setdefault(name, ())
    else:
        unknown.append(word)


def _short(
    word: Word, rest: list[Word], known: Options, options: dict[str, tuple[Word, ...]], unknown: list[Word]
) -> None:
    """Take ``-abc`` apart: flags one after the other, the first that wants a value takes what follows it."""
    letters = word.text[1:]
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        if name in known.values:
            value = [Word(letters.removeprefix("="), letters, word.place, word.is_literal)] if letters else rest[:1]
            del rest[: 0 if letters else 1]
            options[name] = (*options.get(name, ()), *value)
            return
        if name not in known.flags:
            unknown.append(word)
            return
        options.setdefault(name, ())
