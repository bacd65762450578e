"""Point a shell's own file accesses, which no stand-in sees, into the host's root.

``> /etc/motd`` and ``/usr/bin/docker ps`` are opened by the shell itself. In the text of a command given to a shell,
redirections to absolute paths, and absolute command names that the host has, are rewritten; a path in a
variable is left to ``__host_target`` of ``standins/shell.sh``. So are scripts, what a shell reads from its standard
input, and lines typed at a terminal but for those that go on with one before; such a redirection is refused by the
confinement instead (:mod:`harness.offline.hosts.confine`).

Standard library only: ``bash`` on a host runs this file as a script.
"""

from __future__ import annotations

import os
import re
import sys

# The signal module doubles the start.
from _signal import SIG_DFL, SIGINT, SIGPIPE, signal  # type: ignore[import-not-found]

TYPE_CHECKING = False  # importing it from typing would double the script's time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_HERE_DOCUMENT = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([\w.-]+))")
_REDIRECTION = re.compile(r"(?:&>>?|>>|>\||>&|<>|[<>])[ \t]*[\"']?(?=/)")
_TO_VARIABLE = re.compile(r"((?:&>>?|>>|>\||<>|[<>])[ \t]*)(?:\"(\$[\w{][^\"`\\(]*)\"|(\$[\w{][^\s;&|()<>\"'`\\]*))")
_COMMAND = re.compile(r"/[\w./+-]+(?=[\s;&|)]|$)")
_ASSIGNMENT = re.compile(r"\w+=[^\s;&|()'\"]*[ \t]+")
_KEYWORD = re.compile(r"(?:then|do|else|elif|if|while|until|!|\{|exec|command|time)[ \t]+")
_OPENING = "\n;&|(`"
_LONGEST_QUOTE = 16_384
"""Characters read from a stream that a quote may hold; what is open for longer is not the shell's, but data."""


def rewrite(text: str, root: str, is_ours: Callable[[str], bool]) -> str:
    """Return shell text with the root put before absolute paths that the shell itself would open or run.

    ``is_ours`` is asked about the target of each redirection: one that it does not claim stays as it is.
    """
    return _Text(text, root, is_ours).rewritten()


def rewrite_stream(lines: Iterable[str], root: str, is_ours: Callable[[str], bool]) -> Iterator[str]:
    """Yield rewritten shell text as soon as it can be run: whole lines, up to where no quote or document is open."""
    read = iter(lines)
    pending, document = "", ""
    for line in read:
        pending += line
        if document and line.strip("\t\n") != document:
            continue
        text = _Text(pending, root, is_ours)
        done, document = text.rewritten(), text.document
        if not text.is_open:
            yield done
            pending = ""
        elif not document and len(pending) > _LONGEST_QUOTE:
            yield pending
            yield from read
            return
    yield rewrite(pending, root, is_ours)


class _Text:
    """``is_open`` says, at the end, that a quote or a document is not closed; ``document`` is what would end that."""

    def __init__(self, text: str, root: str, is_ours: Callable[[str], bool]) -> None:
        self.text, self.root, self.is_ours = text, root, is_ours
        self.is_open = text.endswith("\\\n")
        self.document = ""
        self.out: list[str] = []
        self.at = 0
        self.is_command = True
        self.quotes: list[str] = []
        self.documents: list[tuple[str, bool]] = []

    def rewritten(self) -> str:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        self.is_open |= bool(self.quotes)
        return "".join(self.out)

    def _step(self, sign: str) -> None:
        quote = self.quotes[-1] if self.quotes else ""
        if sign == "\\":
            self._take(2)
        elif quote == '"':
            self._step_quoted(sign)
        elif sign == "'":
            self._take(self.text.find("'", self.at + 1) + 1 - self.at)
        elif sign == '"':
            self.quotes.append('"')
            self._take(1)
        elif sign == ")" and quote == "(":
            self.quotes.pop()
            self._take(1)
        elif sign == "#" and (self.at == 0 or self.text[self.at - 1] in " \t\n;"):
            self._take(self._end_of_line() - self.at)
        else:
            self._step_plain(sign)

    def _step_quoted(self, sign: str) -> None:
        if self.text.startswith("$(", self.at):
            self._open()
        else:
            if sign == '"':
                self.quotes.pop()
            self._take(1)

    def _step_plain(self, sign: str) -> None:
        if self.text.startswith("$(", self.at):
            self._open()
        elif self.text.startswith("<<<", self.at):
            self._take(3)
        elif document := _HERE_DOCUMENT.match(self.text, self.at):
            self.documents.append((next(filter(None, document.groups()[1:])), bool(document[1])))
            self._take(len(document[0]))
        elif redirection := _REDIRECTION.match(self.text, self.at):
            self._redirect(redirection[0])
        elif variable := _TO_VARIABLE.match(self.text, self.at):
            self.out.append(f'{variable[1]}"$(__host_target "{variable[2] or variable[3]}")"')
            self.at = variable.end()
        elif sign in _OPENING:
            if sign == "(":
                self.quotes.append("(")
            self._take(1, is_command=True)
            if sign == "\n":
                self._skip_documents()
        else:
            self._word(sign)

    def _word(self, sign: str) -> None:
        skipped = self.is_command and (_ASSIGNMENT.match(self.text, self.at) or _KEYWORD.match(self.text, self.at))
        if skipped:
            self._take(len(skipped[0]), is_command=True)
        elif self.is_command and (command := _COMMAND.match(self.text, self.at)):
            if os.access(self.root + command[0], os.X_OK):
                self.out.append(self.root)
            self._take(len(command[0]))
        else:
            self._take(1, is_command=self.is_command and sign in " \t")

    def _redirect(self, operator: str) -> None:
        self._take(len(operator), is_command=self.is_command)
        target = re.match(r"[^\s;&|()<>\"']+", self.text[self.at :])
        if target is not None and self.is_ours(target[0]):
            self.out.append(self.root)
        if operator[-1] in "\"'":
            self._take(max(self.text.find(operator[-1], self.at) + 1 - self.at, 1), is_command=self.is_command)
        elif target is not None:
            self._take(len(target[0]), is_command=self.is_command)

    def _open(self) -> None:
        self.quotes.append("(")
        self._take(2, is_command=True)

    def _skip_documents(self) -> None:
        for word, is_indented in self.documents:
            while self.at < len(self.text):
                line = self.text[self.at : self._end_of_line()]
                self._take(len(line) + 1, is_command=True)
                if (line.lstrip("\t") if is_indented else line) == word:
                    break
            else:
                self.is_open, self.document = True, word
        self.documents.clear()

    def _end_of_line(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def _take(self, count: int, *, is_command: bool = False) -> None:
        if count <= 0:  # an unclosed quote: the shell will complain
            self.is_open, count = True, len(self.text)
        self.out.append(self.text[self.at : self.at + count])
        self.at += count
        self.is_command = is_command


def redirection_rule(root: str, user: str) -> Callable[[str], bool]:
    """Return which redirections are rewritten: not devices, and where users may write only what is theirs.

    What a user may not open stays as it is, and is refused by the confinement: *Permission denied*, as it should be.
    """
    own = ("/home/ubuntu/", "/tmp/", "/var/tmp/", "/run/user/1000/")  # noqa: S108 - the host's

    def is_ours(target: str) -> bool:
        if target.startswith(("/dev/", "/proc/", f"{root}/")):
            return False
        return user == "root" or target.startswith(own) or os.path.isfile(root + target)  # noqa: PTH113

    return is_ours


def _main(root: str, user: str, *text: str) -> None:
    """Write the text, or what standard input has, as a user's shell is to read it."""
    # As any program of a pipeline: Python alone complains when nobody reads on.
    signal(SIGPIPE, SIG_DFL)
    signal(SIGINT, SIG_DFL)
    lines = text or open(0, encoding="utf-8", errors="surrogateescape", newline="\n")  # noqa: SIM115 - ends with it
    for part in rewrite_stream(lines, root, redirection_rule(root, user)):
        os.write(1, part.encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    _main(*sys.argv[1:])
