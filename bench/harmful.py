"""Harmful edits of a homework document, drawn from a seed.

They are general: they take a word of a kind from anywhere in the document, whatever document it is, and break it as
people break such words. What they broke is told by comparing the lines.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.edits import Edit
from harness.material import markdown
from harness.material.document import Block, Command, Document, Place, Prose, Word
from harness.material.forms import is_look
from harness.material.placeholders import PATTERN, find


def misspell(random_: random.Random, word: str) -> str:
    """Return a word with a slip of the keyboard in it."""
    spots = [i for i in range(len(word) - 1) if word[i].isalpha() and word[i + 1].isalpha() and word[i] != word[i + 1]]
    if not spots:
        return f"{word}x"
    i = random_.choice(spots)
    return random_.choice(
        (word[:i] + word[i + 1] + word[i] + word[i + 2 :], word[:i] + word[i + 1 :], word[:i] + word[i] + word[i:])
    )


OPPOSITES = {
    "public": "private", "private": "public", "nothing": "something", "nobody": "everybody", "Start": "Stop", "start": "stop",
    "minutes": "hours", "hours": "minutes", "dollars": "cents", "above": "below", "without": "with", "workstation": "bastion", "Remove": "Start",
}  # fmt: skip
"""Words of a sentence, and those that say the opposite or another amount."""
ONCE = r"docker (?:run|rm|build)\b|aws ec2 (?:create|authorize|run)-|aws \w+ (?:create|delete)-|docker start"
VALUES = (
    (r"--protocol tcp", "--protocol udp"), (r"wait instance-running", "wait instance-stopped"), (r"ssh -A ", "ssh -a "), (r"Descending", "Ascending"),
    (r"--associate-public-ip-address", "--no-associate-public-ip-address"), (r"chmod 400", "chmod 040"), (r"-aG docker", "-G docker"), (r"-ti ubuntu", "-dti ubuntu"),
    (r"(?<=ssh-add )-L", "-LL"), (r"terminate-instances", "stop-instances"), (r"stop-notebook", "start-notebook"), (r"0\.0\.0\.0/0", "0.0.0.0/32"),
    (r"-p (\d+:\d+)", r"-p 127.0.0.1:\1"), (r"(?<=htdocs/ )", "-P "), (r"docker start", "docker stop"), (r"-m 0755", "-m 0644"), (r"--key-name (\w+)", r"--key-name \1.pem"),
)  # fmt: skip
SAMPLES = (
    (r"hello-world(?=   \")", "ubuntu     "), (r'"/hello"', '"/greet"'), (r"Exited \(0\) 9 seconds ago", "Up 9 seconds"), (r'"us-east-1b"', '"eu-west-1b"'),
    (r'"0\.0039', '"0.0390'),
)  # fmt: skip
CELLS = (
    (r"\.record_set\(", ".recordset("), (r"\.predict\(", ".predicts("), (r"\.fit\(", ".train("), (r"import KMeans", "import Kmeans"), (r"k=10", "k=1"),
    (r"-1, 784", "-1, 748"), (r"\[:100\]", "[:10]"), (r'"ml\.c4', '"c4'), (r"instance_count=2", "instance_count=0"),
)  # fmt: skip
MEMBERS = (
    (r'": "spot",', '": "spot"'), (r'"Allow",', '"Deny",'), (r'"MarketType"', '"MarketTyp"'), (r'"MaxPrice"', '"maxPrice"'), (r'"one-time"', '"persistent"'),
    (r'"0\.0100"', '"1.00"'), (r"sts:AssumeRole", "sts:AssumeRoles"), (r'"2012-10-17"', '"2012-17-10"'), (r"sagemaker\.amazonaws", "sagemaker.amazon"),
)  # fmt: skip
INSTRUCTIONS = (
    (r"^EXPOSE 8888", "EXPOSE 8880"), (r"^VOLUME /notebook", "VOLUME /notebooks"), (r"^WORKDIR /notebook$", "WORKDIR /note"), (r"^EXPOSE", "USER root\nEXPOSE"),
    (r"^CMD", "RUN"), (r'"notebook", "--no', '"notebok", "--no'), (r', "--allow-root"', ""), (r"^RUN pip install --no-cache-dir jupyter", "RUN pip install jupiter"),
    (r"ENV PATH=/opt/course/bin:", "ENV PATH=/opt/course:"), (r'"--ip=0\.0\.0\.0"', '"--ip=localhost"'), (r"-y --no-install", "--no-install"),
)  # fmt: skip


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
        for name in (
            "port", "name", "flag", "id", "image", "package", "order", "fence", "quote", "link",
            "opposite", "twice", "value", "sample", "cell", "member", "instruction",
        ):  # fmt: skip
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

    def opposite(self) -> Edit | None:
        """Have a sentence say the opposite of what the commands below it do, or count in another unit."""
        spots = [
            (run.place, match[0])
            for prose in self.document.prose
            for run in prose.runs
            for match in re.finditer(rf"\b(?:{'|'.join(OPPOSITES)})\b", run.text)
            if isinstance(prose, Prose) and prose.kind != "heading" and not run.is_code
        ]
        place, word = self.random.choice(spots)
        return self._replaced("opposite", place, word, OPPOSITES[word])

    def twice(self) -> Edit | None:
        """Have a step done twice that works once."""
        once = [c for c in self._commands() if re.match(ONCE, str(c)) and not is_look(str(c))]
        command = self.random.choice(once)
        row = command.place.line - 1
        lines = [*self.lines[: row + 1], self.lines[row], *self.lines[row + 1 :]]
        return Edit("twice", f"line {row + 1} doubled", "\n".join(lines))

    def value(self) -> Edit | None:
        """Give an option another value that there is, or take another option that there is."""
        return self._changed("value", VALUES, "shell")

    def sample(self) -> Edit | None:
        """Show another container, or another price, than the commands have brought about."""
        return self._changed("sample", SAMPLES, "output")

    def cell(self) -> Edit | None:
        """Call what the SDK does not have, import it, or count otherwise."""
        return self._changed("cell", CELLS, "python")

    def member(self) -> Edit | None:
        """Lose a comma of a JSON file, misspell a member, or give it another value."""
        return self._changed("member", MEMBERS, "json")

    def instruction(self) -> Edit | None:
        """Change an instruction of a Dockerfile."""
        return self._changed("instruction", INSTRUCTIONS, "dockerfile")

    def _changed(self, kind: str, changes: tuple[tuple[str, str], ...], block_kind: str) -> Edit | None:
        """Make one of some changes, each a pattern and what takes its place, in a block of a kind."""
        spots = [
            (block.at(row, match.start()), match[0], match.expand(new))
            for block in self.document.blocks
            for row, text in enumerate(block.text.split("\n"))
            for pattern, new in changes
            for match in re.finditer(pattern, text)
            if block.kind == block_kind and not text.startswith("#")
        ]
        return self._replaced(kind, *self.random.choice(spots)) if spots else None

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
