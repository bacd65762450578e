"""Markdown that does not show what was meant: headings, fences, bullets, commands outside of blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material import shell
from harness.material.document import MACHINES, Block, Place, Prose
from harness.material.finding import Found, rule
from harness.material.lines import read_aws, read_docker
from harness.material.material import Material
from harness.material.tables import programs
from harness.material.words import nearest


@rule("MD001", "note")
def heading_levels(material: Material) -> Iterator[Found]:
    """Headings go down one level at a time."""
    level = 0
    for section in material.document.sections[1:]:
        if level and section.level > level + 1:
            yield Found(
                section.place,
                f"heading of level {section.level} right below level {level}: the table of contents has a hole",
                f"make it level {level + 1}",
            )
        level = section.level


@rule("MD002", "warning")
def headings_once(material: Material) -> Iterator[Found]:
    """No two headings are the same: a reference to the step would be ambiguous."""
    seen: dict[str, int] = {}
    for section in material.document.sections[1:]:
        title = section.title.casefold().strip(" .:")
        if title in seen:
            yield Found(
                section.place,
                f"the heading {section.title!r} stands in line {seen[title]} already, so nobody knows which is meant",
                "give each step its own heading",
            )
        seen.setdefault(title, section.place.line)


@rule("MD003", "error")
def fences_closed(material: Material) -> Iterator[Found]:
    """Every fence is closed: otherwise the rest of the document is one block."""
    for block in material.document.blocks:
        if not block.is_closed:
            place = Place(block.place.line - 1)
            yield Found(
                place, "this fence is never closed; all that follows shows as code", "close it with the same marks"
            )


@rule("MD004", "note")
def no_empty_bullets(material: Material) -> Iterator[Found]:
    """Every bullet says something."""
    for place, fault in material.document.faults:
        repair = "write the step, or remove the bullet" if "bullet" in fault else "close it with -->"
        yield Found(place, f"{fault}: a step seems to be missing here", repair)


@rule("MD005", "error")
def fences_stand_alone(material: Material) -> Iterator[Found]:
    """No block swallows headings and prose, and no fence shows as text."""
    for block in material.blocks("shell", "file", "output", "json"):
        for row, text in enumerate(block.text.split("\n")):
            if re.match(r"\s*(?:```|~~~)", text) or (block.kind != "file" and re.match(r"#{2,6} [A-Z]", text)):
                yield Found(
                    block.at(row), f"{text.strip()[:40]!r} stands inside a block: a fence above it is missing or of another kind",
                    "close the block above it with the marks that opened it",
                )  # fmt: skip
    for prose in material.document.prose:
        if prose.text.startswith(("```", "~~~")) or re.search(r"(?:^|\s)(?:```|~~~)", prose.text):
            yield Found(
                prose.place, "a fence shows as text", "give the fence a line of its own, and open and close it alike"
            )


@rule("MD006", "warning")
def commands_in_blocks(material: Material) -> Iterator[Found]:
    """A command stands in a block: as prose it cannot be copied, and typographic changes break it."""
    for prose in material.document.prose:
        for place, text in _lines(prose):
            if _is_command(text):
                yield Found(
                    place, f"the command {text.strip()[:60]!r} stands in the text, not in a block",
                    "put it into a fenced block of its own",
                )  # fmt: skip
                above = next(
                    (p for p in material.document.prose if p.kind == "heading" and p.place.line == place.line - 1), None
                )
                if above is not None:
                    message = f"the shell comment {above.text[:40]!r} outside of a block is a heading of the document"
                    yield Found(above.place, message, "put it into the block with its command")


def _lines(prose: Prose) -> Iterator[tuple[Place, str]]:
    """Yield each line of plain prose, code and links left out."""
    rows: dict[int, list[str]] = {}
    for run in prose.runs:
        rows.setdefault(run.place.line, []).append("\0" if run.is_code else run.text)
    for line, texts in rows.items():
        yield Place(line), "".join(texts)


# A line of a Dockerfile or of Python, where a fence was lost.
_FOREIGN = re.compile(
    r"(?:FROM [a-z][\w./-]*(?::\S+)?$|RUN (?:apt|pip|python)|EXPOSE \d+$|(?:import|from) \w+(?:\.\w+)* ?(?:import|as|$)|\w+ = \w+[.(]\w)"
)


def _is_command(text: str) -> bool:
    if _FOREIGN.match(text.strip()):
        return True
    words = text.strip().lstrip("-$> ").split()
    if len(words) < 2 or "\0" in text or text.strip().endswith((".", ":", "?")):
        return False
    if words[0] == "aws":
        return words[1] in ("ec2", "s3", "iam", "configure", "sts", "sagemaker", "service-quotas") or words[
            1
        ].startswith("--")
    if words[0] == "docker":
        return words[1] in programs().docker and (len(words) > 2 or words[1] in ("ps", "images"))
    return words[0] in ("ssh", "ssh-add", "chmod", "sudo", "apt-get", "curl", "scp") and (
        words[1].startswith("-") or "@" in words[1] or words[0] in ("sudo", "apt-get")
    )


@rule("MD007", "error")
def inline_commands(material: Material) -> Iterator[Found]:
    """A command in inline code or in quotes is one that works: right program, right verb."""
    for prose in material.document.prose:
        for run in prose.runs:
            text = run.text.strip()
            if run.is_code and " " in text and programs().knows(text):
                for command in shell.parse(text).commands:
                    yield from _inline(run.place, command)


def _inline(place: Place, command: object) -> Iterator[Found]:
    from harness.material.rules.awscalls import faults  # a rule of its own, asked here for one command

    line = read_aws(command)  # type: ignore[arg-type]
    if line is not None:
        yield from (Found(place, found.message, found.repair) for found in faults(line))
    docker = read_docker(command)  # type: ignore[arg-type]
    if docker is not None and docker.verb is not None and docker.name not in programs().docker:
        yield Found(place, f"docker has no command {docker.name!r}", "write the command as docker knows it")


@rule("MD009", "warning")
def colons_announce(material: Material) -> Iterator[Found]:
    """A paragraph that ends in a colon is followed by what it announces."""
    parts = material.document.parts
    for part, after in zip(parts, (*parts[1:], None), strict=False):
        if not isinstance(part, Prose) or part.kind == "heading" or not part.text.rstrip().endswith(":"):
            continue
        is_followed = isinstance(after, Block) or (
            isinstance(after, Prose) and after.kind in ("item", "cell") and part.kind != "item"
        )
        if not is_followed and not (isinstance(after, Prose) and after.text.startswith("http")):
            place = part.runs[-1].place if part.runs else part.place
            yield Found(
                place,
                "this announces something, and nothing follows: a block seems to be missing",
                "add it, or end the sentence",
            )


@rule("MD008", "note")
def brackets_match(material: Material) -> Iterator[Found]:
    """Parentheses and emphasis in a sentence come in pairs."""
    for prose in material.document.prose:
        text = "".join(run.text for run in prose.runs if not run.is_code and not run.href)
        text = re.sub(r"(?:^|\s)\w\)|[:;]-?\)", " ", text)
        if text.count("(") != text.count(")"):
            missing = ")" if text.count("(") > text.count(")") else "("
            yield Found(
                prose.place, f"a parenthesis without its other half: {missing!r} is missing", "add or remove it"
            )
        if re.search(r"(?<!\*)\*\*(?!\*)|(?<!`)`(?!`)", text):
            yield Found(prose.place, "marks of emphasis or code show as text", "close what is opened")


@rule("MD010", "warning")
def blocks_hold_something(material: Material) -> Iterator[Found]:
    """A block has content: an empty one stands where a step was."""
    for block in material.document.blocks:
        if not block.text.strip():
            yield Found(Place(max(block.place.line - 1, 1)), "an empty block: a step seems to be missing here",
                        "write the step, or remove the block")  # fmt: skip


@rule("MD011", "warning")
def headings_have_a_blank(material: Material) -> Iterator[Found]:
    """A heading has a blank after its signs: without it, it is a line of text, and the steps below belong elsewhere."""
    for prose in material.document.prose:
        for place, text in _lines(prose) if prose.kind != "heading" else ():
            if re.match(r"#{1,6}[A-Za-z]", text):
                yield Found(place, f"{text[:40]!r} is no heading: a blank is missing after #", "put a blank after #")


@rule("MD012", "error")
def labels_are_known(material: Material) -> Iterator[Found]:
    """A fence's labels are machines, files and the words output and optional; a slip would be taken for a file's name."""
    known = (*MACHINES, "output", "optional")
    for block in material.document.blocks:
        for label in block.labels:
            if label not in known and re.fullmatch(r"[A-Za-z]+", label) and nearest(label.lower(), known):
                place = Place(max(block.place.line - 1, 1))
                yield Found(place, f"the fence names no machine: {label!r}", f"write {nearest(label.lower(), known)}")


@rule("MD013", "error")
def links_are_closed(material: Material) -> Iterator[Found]:
    """The marks of a link make a link: a bracket less, or a blank in it, and they show as text."""
    for prose in material.document.prose:
        for place, text in _lines(prose):
            match = re.search(r"\[[^\]]+\]\((?:https?:)?//|<https?://|\]\(\S+$", text)
            if match and not any(run.is_code and match[0][:8] in run.text for run in prose.runs):
                yield Found(
                    place,
                    "the marks of a link show as text: a bracket is missing, or a blank stands in the address",
                    "close the link, and take blanks out",
                )
