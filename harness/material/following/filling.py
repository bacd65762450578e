"""Command lines with all in them replaced by what it stands for: placeholders, variables, commands in ``$(…)``."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from harness.material import placeholders
from harness.material.document import Command, Word
from harness.material.following import words
from harness.material.following.deeds import Guide
from harness.material.following.findings import Findings
from harness.material.following.remote import Line, Remote
from harness.material.following.values import ID, PLAIN, Values, kind_of, words_of
from harness.material.following.workstation import Desk

Pipeline = tuple[Command, ...]
PATTERNS_IN = ("chmod", "ssh-add", "ls", "cat")
"""Programs here whose words may be patterns of file names; elsewhere a star is text, such as in a filter of AWS's."""


class CannotFill(ValueError):
    """Says which placeholder has no value."""


@dataclass
class Filler:
    """Fills command lines in; ``names`` only look like placeholders: the document gives them to things."""

    values: Values
    desk: Desk
    remote: Remote
    guide: Guide
    findings: Findings
    names: frozenset[str]
    near: frozenset[str] = frozenset()
    """Words of the sentence or comment before the command at hand."""
    far: frozenset[str] = frozenset()
    """Words of its section's heading."""

    def here(self, command: Command) -> list[str]:
        """Return the argument vector of a command of the workstation.

        Raises :class:`CannotFill` and :class:`~harness.material.following.words.CannotExpand`.
        """
        argv: list[str] = []
        option = ""
        for word in command.words:
            option = option_of(word, option, argv)
            fill = functools.partial(self._fill, word, option)
            try:
                text, has_glob = words.expanded(word.raw, self.desk.variable, self._substitute, fill)
            except CannotFill:
                if not is_one_of_several(command, word, option):
                    raise
                continue
            is_pattern = has_glob and argv and argv[0] in PATTERNS_IN
            argv.extend(self.desk.glob(text) if is_pattern else [text])
        return argv

    def there(self, pipeline: Pipeline) -> Line:
        """Return a pipeline as it is typed on a host; raises as :meth:`here` does."""
        argvs, texts = zip(*(self._typed(command) for command in pipeline), strict=True)
        target = redirected(pipeline[-1])
        if not re.fullmatch(r"[\w./-]*", target):
            raise words.CannotExpand(f"> {target}")
        return Line(tuple(argvs), " | ".join(texts) + (f" > {target}" if target else ""))

    def _typed(self, command: Command) -> tuple[tuple[str, ...], str]:
        """Return a command's argument vector, variables as they are written, and its text for a shell."""
        argv: list[str] = []
        typed: list[str] = []
        option = ""
        for word in command.words:
            option = option_of(word, option, argv)
            fill = functools.partial(self._fill, word, option)
            argv.append(words.expanded(word.raw, lambda name: f"${name}", self._substitute_there, fill)[0])
            typed.append(words.quoted(word.raw, self._substitute_there, fill))
        return tuple(argv), " ".join(typed)

    def _substitute(self, text: str) -> str:
        return self.desk.run([_simple(text)], timeout=self.desk.context.cloud.patience.command).stdout

    def _substitute_there(self, text: str) -> str:
        return self.remote.run("bastion", Line((tuple(_simple(text)),), text)).stdout

    def _fill(self, word: Word, option: str, text: str) -> str:
        """Return a text with its placeholders, and what is somebody else's, replaced by the reader's own values."""
        scheme, slashes, rest = text.partition("://")
        if slashes:
            kind = "curl" if scheme.startswith("http") else "--bucket" if scheme == "s3" else option
            return f"{scheme}://{self._fill(word, kind, rest)}"
        filled, at = "", 0
        for name, col in placeholders.find(text):
            if col >= at and name not in self.names:
                value = self._value(word, name, option)
                filled += text[at:col] + value
                at = col + len(name)
                at += repeated(value, text[at:])
        return self._own(word, option, filled + text[at:])

    def _value(self, word: Word, name: str, option: str) -> str:
        if name in self.values.named:
            return self.values.named[name]
        kind = kind_of(name, option)
        known = self.values.find(kind, words_of(name), self.near, self.far)
        if known:
            return known
        self.findings.add("follow.no-value", word.place, f"no step has given {name}", "say which command prints it")
        stand_in = self.guide.value(kind, words_of(name) - PLAIN or self.near)
        if not stand_in:
            raise CannotFill(name)
        self.values.learn(kind, stand_in, words_of(name))
        return stand_in

    def _own(self, word: Word, option: str, text: str) -> str:
        """Put the reader's own id in the place of one that nothing in the run has."""
        match = ID.fullmatch(text)
        if match is None or match["prefix"] == "ami" or text in self.values.seen:
            return text
        self.findings.add(
            "follow.not-own", word.place, f"{text} belongs to somebody else, so this fails for every reader",
            "write a placeholder, and say where its value comes from",
        )  # fmt: skip
        return self.values.find(kind_of(text, option), frozenset(), self.near, self.far) or text


def option_of(word: Word, option: str, argv: list[str]) -> str:
    """Return the option that a word belongs to, or for ``ssh`` and ``curl`` the program: their hosts have no option."""
    if word.text.startswith("--"):
        return word.text.partition("=")[0]
    return argv[0] if argv and argv[0] in ("ssh", "curl") else option


def is_one_of_several(command: Command, word: Word, option: str) -> bool:
    """Say whether an option takes other ids than this word as well: what has no id is left out, and the others are done."""
    texts = [one.text for one in command.words]
    at = texts.index(option) if option.endswith("-ids") and option in texts else len(texts)
    ids = command.words[at + 1 :]
    last = next((i for i, one in enumerate(ids) if one.text.startswith("--")), len(ids))
    return word in ids[:last] and last > 1


def redirected(command: Command) -> str:
    """Return the file that a command's output goes to, empty for none; raises where it is redirected otherwise."""
    target = ""
    for redirect in command.redirects:
        if redirect.target is None:
            raise words.CannotExpand(redirect.operator or "<<")
        if redirect.target.text in ("/dev/null", "&1", "1"):
            continue
        if redirect.operator != ">" or not redirect.target.is_literal:
            raise words.CannotExpand(f"{redirect.operator} {redirect.target.raw}")
        target = redirect.target.text
    return target


def repeated(value: str, rest: str) -> int:
    """Return how many characters after a placeholder are the end of its value once more, such as a domain."""
    match = re.match(r"(?:\.[\w-]+)+", rest)
    is_name = re.fullmatch(r"[\w-]+(?:\.[\w-]+){2,}", value) is not None
    return match.end() if match and is_name and "amazonaws" in match[0] + value else 0


def bare(raw: str) -> str:
    """Return a word without what would hide a placeholder in it: the scheme of an address, quotes."""
    return raw.rpartition("://")[2].strip("\"'")


def _simple(text: str) -> list[str]:
    """Return the words of a command in ``$(…)``; an expansion in it is nothing here."""
    return [words.expanded(raw, _nothing, _nothing)[0] for raw in text.split()]


def _nothing(_: str) -> str:
    return ""
