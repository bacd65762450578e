"""Edits of a homework document, harmless ones and harmful ones, drawn from a seed.

The harmful ones are general: they take a word of a kind from anywhere in the document, whatever document it is, and
break it as people break such words. What they broke is told by comparing the lines.
"""

from __future__ import annotations

import difflib
import itertools
import random
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.material import markdown
from harness.material.document import Block, Command, Document, Place, Word
from harness.material.placeholders import PATTERN, find


@dataclass(frozen=True)
class Edit:
    """An edited document; ``parameters`` are pairs to be replaced in the catalogue's text as well."""

    kind: str
    about: str
    text: str
    parameters: tuple[tuple[str, str], ...] = ()

    def lines(self, original: str) -> list[tuple[int, int]]:
        """Return the changed stretches as first and last line of the edited text; where lines are gone, the gap."""
        before, after = original.split("\n"), self.text.split("\n")
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        return [(j1 + 1, max(j2, j1 + 1)) for tag, _, _, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def misspell(random_: random.Random, word: str) -> str:
    """Return a word with a slip of the keyboard in it."""
    spots = [i for i in range(len(word) - 1) if word[i].isalpha() and word[i + 1].isalpha() and word[i] != word[i + 1]]
    if not spots:
        return f"{word}x"
    i = random_.choice(spots)
    return random_.choice(
        (word[:i] + word[i + 1] + word[i] + word[i + 2 :], word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:])
    )


class Harm:
    """Harmful edits of one document."""

    def __init__(self, text: str, seed: int) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.document: Document = markdown.parse(text, Path("homework.md"))
        self.random = random.Random(seed)

    def edits(self, count: int) -> Iterator[Edit]:
        """Yield so many different edits, each kind in its turn."""
        seen = {self.text}
        kinds = list(self.kinds())
        turn = 0
        while len(seen) <= count:
            _kind, make = kinds[turn % len(kinds)]
            turn += 1
            edit = make()
            if edit is not None and edit.text not in seen:
                seen.add(edit.text)
                yield edit

    def kinds(self) -> Iterator[tuple[str, Callable[[], Edit | None]]]:
        """Yield the kinds of edits by name."""
        for name in ("port", "name", "flag", "id", "image", "package", "order", "fence", "quote", "link"):
            yield name, getattr(self, name)

    def port(self) -> Edit | None:
        """Change a port where a command, a file or an address has it."""
        place, old = self.random.choice(list(self._numbers()))
        digits = list(old)
        i = self.random.randrange(len(digits) - 1)
        swapped = "".join((*digits[:i], digits[i + 1], digits[i], *digits[i + 2 :]))
        new = self.random.choice([swapped if swapped != old else f"{old}0", str(int(old) + 1), f"{old}0"])
        return self._replaced("port", place, old, new)

    def _numbers(self) -> Iterator[tuple[Place, str]]:
        for block in self.document.blocks:
            if block.kind in ("output", "python", "json", "keys"):
                continue
            for row, line in enumerate(block.text.split("\n")):
                if not re.match(r"\s*(?:#|RUN|FROM)", line):
                    for match in re.finditer(
                        r"(?:(?<=--port )|(?<=-p )|(?<=\d:)|(?<=EXPOSE )|(?<=IP:))(?:22|80|8003|8800|8888)\b", line
                    ):
                        yield block.at(row, match.start()), match[0]

    def name(self) -> Edit | None:
        """Misspell a name: of a program, a group, a container, a role, a file, an operation, a user."""
        word = self.random.choice([w for c in self._commands() for w in self._named(c)])
        core = re.search(r"[A-Za-z][A-Za-z_-]{2,}", word.raw)
        if core is None or PATTERN.search(word.raw):
            return None
        new = word.raw.replace(core[0], misspell(self.random, core[0]), 1)
        return self._replaced("name", word.place, word.raw, new)

    def _named(self, command: Command) -> Iterator[Word]:
        words = command.words
        yield from words[: 3 if words[0].text in ("aws", "docker", "sudo") else 1]
        for before, word in itertools.pairwise(words):
            if before.text in (
                "--name",
                "-t",
                "--group-name",
                "--role-name",
                "--notebook-instance-name",
                "--instance-type",
            ):
                yield word
        if words[0].text in ("ssh", "docker", "cd", "mkdir") and not words[-1].text.startswith("-"):
            yield words[-1]

    def flag(self) -> Edit | None:
        """Drop an option, misspell it, or drop its value."""
        command = self.random.choice([c for c in self._commands() if self._flags(c)])
        word = self.random.choice(self._flags(command))
        if self.random.random() < 0.5 and len(word.raw) > 3:
            return self._replaced("flag", word.place, word.raw, misspell(self.random, word.raw))
        return self._replaced("flag", word.place, f"{word.raw} ", "", fallback=f" {word.raw}")

    @staticmethod
    def _flags(command: Command) -> list[Word]:
        """Return the options that matter: without those that only format, or say more of what is said anyway."""
        idle = (
            "-a",
            "--quiet",
            "-s",
            "--output",
            "--no-associate-public-ip-address",
            "-p",
            "-L",
            "--sort-by",
            "--sort-order",
        )
        return [w for w in command.words[1:] if re.match(r"--?[A-Za-z]", w.text) and w.text not in idle]

    def id(self) -> Edit | None:
        """Put another placeholder, a misspelt one or somebody's real id where one is used, or change a number that is an id."""
        uses = [(w, name) for c in self._commands() for w in c.words for name, _ in find(w.raw)]
        word, name = self.random.choice(uses)
        others = sorted({other for _, other in uses if other.startswith("YOUR_")} - {name})
        new = self.random.choice(
            [self.random.choice(others), misspell(self.random, name), "i-0d0fd239ccae129e4", f"{name}S"]
        )
        if self.random.random() < 0.2:
            return self._code()
        return self._replaced("id", word.place, word.raw, word.raw.replace(name, new, 1))

    def _code(self) -> Edit | None:
        spots = [
            (w, m) for c in self._commands() for w in c.words for m in re.finditer(r"L-[0-9A-F]{8}|\b\d{12}\b", w.raw)
        ]
        if not spots:
            return None
        word, match = self.random.choice(spots)
        digits = [i for i, char in enumerate(match[0]) if char.isdigit()]
        i = self.random.choice(digits)
        new = match[0][:i] + str((int(match[0][i]) + 1) % 10) + match[0][i + 1 :]
        return self._replaced("id", word.place, word.raw, word.raw.replace(match[0], new))

    def image(self) -> Edit | None:
        """Change the tag or the name of an image: of a container, a base, or of a machine."""
        spots = [(i + 1, m.start() + 1, m[0]) for i, line in enumerate(self.lines) for m in re.finditer(r"\b(?:httpd:2\.4|ubuntu:24\.04|noble-24\.04|hvm-ssd-gp3|hello-world|-ti ubuntu|8888 test)\b", line)
                 if self._is_code(i + 1) and not self._is_output(i + 1)]  # fmt: skip
        line, col, old = self.random.choice(spots)
        changes = {"httpd:2.4": ["httpd:2.5", "httpd", "htppd:2.4", "httpd:4.2"], "ubuntu:24.04": ["ubuntu:18.04", "ubuntu:24.40", "ubunut:24.04", "ubuntu"],
                   "noble-24.04": ["bionic-18.04", "nobel-24.04", "noble-24.10"], "hvm-ssd-gp3": ["hvm-ssd", "hvm-sdd-gp3"], "hello-world": ["helo-world", "hello_world"],
                   "-ti ubuntu": ["-ti ubunto", "-ti ubuntu:24.4"], "8888 test": ["8888 tset", "8888 test:v2"]}  # fmt: skip
        return self._replaced("image", Place(line, col), old, self.random.choice(changes[old]))

    def package(self) -> Edit | None:
        """Misspell or drop a package that apt or pip installs."""
        rows = [i for i, line in enumerate(self.lines) if re.search(r"\b(?:apt-get|pip) install\b", line)]
        row = self.random.choice(rows)
        start = re.search(r"install\b", self.lines[row])
        assert start is not None
        words = [m for m in re.finditer(r"(?<= )[a-z][\w.-]{3,}", self.lines[row]) if m.start() > start.end()]
        if not words:
            return None
        match = self.random.choice(words)
        new = misspell(self.random, match[0]) if self.random.random() < 0.7 else ""
        return self._replaced("package", Place(row + 1, match.start() + 1), match[0], new)

    def order(self) -> Edit | None:
        """Put a command before the one that it builds on, or drop a whole step that others build on."""
        pairs = [
            (a, b)
            for block in self.document.blocks
            for a, b in zip(block.commands, block.commands[1:], strict=False)
            if self._depends(a, b)
        ]
        if self.random.random() < 0.7:
            first, second = self.random.choice(pairs)
            lines = self.lines.copy()
            i, j = first.place.line - 1, second.place.line - 1
            lines[i], lines[j] = lines[j], lines[i]
            return Edit("order", f"lines {i + 1} and {j + 1} swapped", "\n".join(lines))
        return self._dropped()

    def _depends(self, first: Command, second: Command) -> bool:
        idle = ("ps", "images", "describe-", "list-", "authorize-", "get-caller", "create-security", "hostname")
        is_plain = first.reads is None and second.reads is None and not first.is_nested and not second.is_nested
        same_row = first.place.line == second.place.line
        shared = {w.text for w in first.words[2:]} & {w.text for w in second.words[2:] if not w.text.startswith("-")}
        is_idle = any(word in str(one) for word in idle for one in (first, second))
        return is_plain and not same_row and bool(shared) and not is_idle

    def _dropped(self) -> Edit | None:
        blocks = [
            block
            for block in self.document.blocks
            if block.kind in ("shell", "dockerfile", "json", "file", "keys") and not block.is_optional
        ]
        block = self.random.choice(blocks)
        first, count = block.place.line - 2, block.text.count("\n") + 2
        return Edit(
            "order",
            f"block of line {first + 1} dropped",
            "\n".join([*self.lines[:first], *self.lines[first + count :]]),
        )

    def fence(self) -> Edit | None:
        """Lose a fence, close it with other marks, or send its block to another machine."""
        rows = [i for i, line in enumerate(self.lines) if re.match(r"```", line)]
        row = self.random.choice(rows)
        lines = self.lines.copy()
        what = self.random.choice(("lost", "other", "machine"))
        if what == "lost":
            del lines[row]
        elif what == "other":
            lines[row] = lines[row].replace("```", "~~~", 1)
        else:
            swap = {"workstation": "bastion", "bastion": "workstation", "container": "workstation"}
            word = next((word for word in swap if re.match(rf"```sh {word}", lines[row])), None)
            if word is None or self._runs_anywhere(row):
                return None
            lines[row] = lines[row].replace(word, swap[word])
        return Edit("fence", f"line {row + 1}: {what}", "\n".join(lines))

    def _runs_anywhere(self, row: int) -> bool:
        block = next((block for block in self.document.blocks if block.place.line == row + 2), None)
        return block is None or all(
            command.name not in ("aws", "docker", "apt-get", "ssh-add") for command in block.commands
        )

    def quote(self) -> Edit | None:
        """Lose a quote, or make it a typographic one."""
        spots = [(i, m.start()) for i, line in enumerate(self.lines) for m in re.finditer(r"(?<![a-z])['\"]|['\"](?![a-z])", line)
                 if self._is_code(i + 1) and not self._is_output(i + 1)]  # fmt: skip
        row, col = self.random.choice(spots)
        typographic = {"'": "’", '"': "”"}[self.lines[row][col]]
        return self._replaced(
            "quote", Place(row + 1, col + 1), self.lines[row][col], self.random.choice(("", typographic))
        )

    def link(self) -> Edit | None:
        """Break a link: its scheme, its host or its path."""
        link = self.random.choice(
            [link for link in self.document.links if "://" in link.target and not PATTERN.search(link.target)]
        )
        scheme, _, rest = link.target.partition("://")
        host, slash, path = rest.partition("/")
        new = self.random.choice(
            (
                f"htps://{rest}",
                f"{scheme}://{misspell(self.random, host)}{slash}{path}",
                f"{scheme}://{host}/{misspell(self.random, path) if len(path) > 3 else 'x' + path}",
            )
        )
        return self._replaced("link", link.place, link.target, new)

    def _commands(self) -> list[Command]:
        return [
            c
            for block in self.document.blocks
            if block.kind == "shell" and not block.is_optional
            for c in block.commands
            if not c.is_nested
        ]

    def _block_at(self, line: int) -> Block | None:
        return next((b for b in self.document.blocks if b.place.line <= line < b.place.line + b.text.count("\n")), None)

    def _is_code(self, line: int) -> bool:
        block = self._block_at(line)
        return block is not None and not self.lines[line - 1].lstrip().startswith("#") and block.kind != "keys"

    def _is_output(self, line: int) -> bool:
        block = self._block_at(line)
        return block is not None and block.kind == "output"

    def _replaced(self, kind: str, place: Place, old: str, new: str, fallback: str = "") -> Edit | None:
        """Return the text with one word replaced at its place, ``None`` where that changes nothing."""
        line = self.lines[place.line - 1]
        at = line.find(old, place.col - 1)
        if at < 0 and fallback:
            old, at = fallback, line.find(fallback, max(place.col - 2, 0))
        if at < 0 or old == new:
            return None
        lines = self.lines.copy()
        lines[place.line - 1] = line[:at] + new + line[at + len(old) :]
        return Edit(kind, f"line {place.line}: {old.strip()!r} → {new!r}", "\n".join(lines))


REWORDINGS = (
    ("Plan for three to four\nhours.", "Three to four hours\nare what it takes."),
    ("Work as an IAM user, not as the account's root.", "Do everything as an IAM user and leave the account's root alone."),
    ("Check that it is the user who works, and where:", "Make sure that you work as that user, and in which region:"),
    ("Let ssh into the public group from anywhere, and into the private group from members of the public one:", "Open ssh: in the public group for everybody, in the private group for members of the public one:"),
    ("Ask for the newest of Ubuntu 24.04:", "Look up the newest one of Ubuntu 24.04:"),
    ("It goes into the private group and gets no public address:", "Its group is the private one, and it has no public address:"),
    ("It has served its purpose; the bastion keeps running until you clean up.", "Nobody needs it any longer, whereas the bastion keeps running until you clean up."),
    ("Log in again; only a new login belongs to the new group:", "A login that was there before does not belong to the new group, so log in once more:"),
    ("Now one to stay in.", "The next one is there to stay in."),
    ("Your prompt has changed: you are inside the container. Look around:", "The prompt looks different now, because you are inside the container. Look around:"),
    ("Start the server.", "Bring the server up."),
    ("Nobody reaches the server yet.", "So far the server is out of everybody's reach."),
    ("Build the image; it takes some minutes. Then it is listed:", "Building the image takes a few minutes. After that it is in the list:"),
    ("A container is a process with a file system and a network of its own; it shares the kernel of its host.", "Containers share the kernel of their host; each is a process with its own file system and network."),
    ("A new role takes some seconds to be known everywhere.", "It takes some seconds before a new role is known everywhere."),
    ("Launch an instance with these options:", "Use these options to launch an instance:"),
    ("The endpoint costs money until it is deleted.", "As long as the endpoint is there it costs money."),
    ("If it is denied, open a case in the Support Center and say what you need it for.", "Should it be denied, open a case in the Support Center and explain what it is for."),
)  # fmt: skip
"""Sentences of the project's own document, said in other words."""

PLACEHOLDERS = (
    ("YOUR_KEY_NAME", "MY_KEY_PAIR"),
    ("YOUR_BASTION_ID", "YOUR_BASTION_INSTANCE_ID"),
    ("YOUR_PUBLIC_GROUP_ID", "YOUR_PUBLIC_SG_ID"),
    ("YOUR_TOKEN", "YOUR_ACCESS_TOKEN"),
    ("YOUR_IMAGE_ID", "YOUR_AMI_ID"),
)
PORTS = (("8003", "8005"), ("8800", "8899"), ("8003", "9003"))
SECTIONS = (("Raise the quota", "Spot price"), ("Docker images", "Run containers"), ("Questions", "Raise the quota"))
"""Sections that do not build on one another: each first one may stand before the second one."""


class Harmless:
    """Harmless edits of the project's own document."""

    def __init__(self, text: str, seed: int) -> None:
        self.text = text
        self.random = random.Random(seed)

    def edits(self, count: int) -> Iterator[Edit]:
        """Yield so many different edits, drawn from all there are, and from two at a time when that is not enough."""
        single = list(self.all())
        self.random.shuffle(single)
        yield from single[:count]

    def all(self) -> Iterator[Edit]:
        """Yield every harmless edit that there is."""
        for old, new in REWORDINGS:
            yield self._swapped("rewording", old, new)
        for width in (60, 80, 100, 2000):
            yield Edit("reflow", f"paragraphs at {width} columns", self._reflowed(width))
        yield Edit("fence style", "tildes", re.sub(r"(?m)^```", "~~~", self.text))
        yield Edit("fence style", "four marks", re.sub(r"(?m)^```", "````", self.text))
        yield Edit("fence style", "bash for sh", re.sub(r"(?m)^```sh ", "```bash ", self.text))
        yield Edit("fence style", "blank after the marks", re.sub(r"(?m)^```(?=\w)", "``` ", self.text))
        for old, new in PLACEHOLDERS:
            yield Edit("placeholder", f"{old} → {new}", self.text.replace(old, new))
        for old, new in PORTS:
            yield Edit("port", f"{old} → {new} with the catalogue", self.text.replace(old, new), ((old, new),))
        for first, second in SECTIONS:
            yield Edit("sections", f"{first} before {second}", self._moved(first, second))
        yield from self._style()

    def _style(self) -> Iterator[Edit]:
        yield Edit("style", "bullets in another way", re.sub(r"(?m)^(\d)\. ", r"\1) ", self.text))
        yield Edit(
            "style",
            "closed headings",
            re.sub(r"(?m)^(#+) (.+)$", lambda m: m[0] if self._is_code(m.start()) else f"{m[0]} {m[1]}", self.text),
        )
        yield Edit("style", "underscores for strong", re.sub(r"\*\*(.+?)\*\*", r"__\1__", self.text))
        yield Edit("style", "more blank lines", re.sub(r"\n\n(?=#)", "\n\n\n", self.text))
        yield Edit("style", "line ends of Windows", self.text.replace("\n", "\r\n"))
        yield Edit("style", "links with a text", re.sub(r"<(https://hub[^>]+)>", r"[Docker Hub](\1)", self.text))
        yield Edit("style", "a byte order mark", "\ufeff" + self.text)
        yield Edit("style", "no line end at the end", self.text.rstrip("\n"))
        yield Edit("style", "single quotes", self.text.replace('"Linux/UNIX"', "'Linux/UNIX'"))
        yield Edit(
            "style",
            "options in another order",
            self.text.replace("--protocol tcp --port 22 ", "--port 22 --protocol tcp "),
        )
        yield Edit(
            "background",
            "a sentence more",
            self.text.replace(
                "starts in a moment and needs little memory.",
                "starts in a moment and needs little memory. Virtual machines take much longer.",
            ),
        )

    def _is_code(self, position: int) -> bool:
        return self.text.count("\n```", 0, position) % 2 == 1

    def _swapped(self, kind: str, old: str, new: str) -> Edit:
        """Replace a sentence, wherever its lines break."""
        pattern = r"\s+".join(map(re.escape, old.split()))
        return Edit(kind, f"{' '.join(old.split())[:40]!r}", re.sub(pattern, lambda _: new, self.text, count=1))

    def _reflowed(self, width: int) -> str:
        parts = re.split(r"(?ms)(^```.*?^```$)", self.text)
        return "".join(part if part.startswith("```") else self._filled(part, width) for part in parts)

    def _filled(self, part: str, width: int) -> str:
        paragraphs = part.split("\n\n")
        return "\n\n".join(
            p if re.match(r"\s*(?:#|\d\.|-|$)", p) or "\n#" in p else self._wrapped(p, width) for p in paragraphs
        )

    @staticmethod
    def _wrapped(paragraph: str, width: int) -> str:
        lead, tail = re.match(r"\n*", paragraph), re.search(r"\n*$", paragraph)
        assert lead
        assert tail
        body = textwrap.fill(" ".join(paragraph.split()), width, break_long_words=False, break_on_hyphens=False)
        return lead[0] + body + tail[0]

    def _moved(self, first: str, second: str) -> str:
        """Move the section called ``first`` to stand right before the one called ``second``."""
        pieces = re.split(r"(?m)^(?=#{2,3} )", self.text)
        one = next(piece for piece in pieces if piece.startswith(f"### {first}\n"))
        rest = [piece for piece in pieces if piece is not one]
        at = next(i for i, piece in enumerate(rest) if piece.startswith(f"### {second}\n"))
        return "".join([*rest[:at], one, *rest[at:]])
