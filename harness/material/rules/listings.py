"""Samples of lists: the containers that were run, and prices of the zones and the type that were asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material import services
from harness.material.document import Block, Command, Place
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine, DockerLine
from harness.material.material import Material
from harness.material.rules.containers import ENDS
from harness.material.tables import table
from harness.material.words import meant

HEADS = {
    "ps": "CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES",
    "images": "REPOSITORY TAG IMAGE ID CREATED SIZE",
}


@rule("SA003", "error")
def samples_fit(material: Material) -> Iterator[Found]:
    """A sample has the columns or the keys that its command prints."""
    before: Block | None = None
    for block in material.document.blocks:
        if block.kind == "output" and before is not None and before.kind == "shell" and before.section == block.section:
            yield from _keys(material, before, block)
            yield from _columns(before, block)
        before = block if block.kind == "shell" else before


def _keys(material: Material, before: Block, block: Block) -> Iterator[Found]:
    last = next((line for line in reversed(material.aws) if line.command in before.commands), None)
    query = last.value("--query") if last else None
    wanted = set(re.findall(r"(\w+)\s*:", re.sub(r".*\{", "", query.text))) if query and "{" in query.text else set()
    for row, text in enumerate(block.text.split("\n")):
        for match in re.finditer(r'"(\w+)"\s*:', text):
            if wanted and match[1] not in wanted:
                yield Found(
                    block.at(row, match.start(1)),
                    f"the command prints {', '.join(sorted(wanted))}, no {match[1]!r}",
                    meant(match[1], wanted, "make them agree"),
                )


def _columns(before: Block, block: Block) -> Iterator[Found]:
    verbs = [command.argv[1] for command in before.commands if command.name == "docker" and len(command.argv) > 1]
    head = HEADS.get(verbs[-1]) if verbs else None
    first = block.text.split("\n")[0]
    if head and re.match(r"[A-Z]{2,}", first.strip()) and " ".join(first.split()) != head:
        yield Found(block.place, f"docker {verbs[-1]} prints the columns {head}", "show what the command prints")


_ROW = re.compile(
    r"#?\s*[0-9a-f]{12}\s{2,}(?P<image>\S+)\s{2,}\"(?P<command>[^\"]*)\"\s+\S.*?\s{2,}(?P<status>(?:Up|Exited|Created|Restarting)\b.*?)(?=\s{2,}|$)"
)
"""A row of ``docker ps``; what it was made of last is the container's name."""


@dataclass(frozen=True)
class Row:
    """A row of a sample with the command that prints it, and what was run of its image before."""

    match: re.Match[str]
    place: Place
    command: Command
    runs: tuple[DockerLine, ...]


def _rows(material: Material) -> Iterator[Row]:
    """Yield the rows of samples, those in comments of a block of commands as well."""
    for block in material.blocks("shell", "output"):
        for row, text in enumerate(block.text.split("\n")):
            match = _ROW.match(text)
            place = block.at(row)
            earlier = [line for line in material.docker if line.command.place.line < place.line]
            asked = [line for line in earlier if line.name == "ps"]
            if match and asked:
                runs = tuple(
                    line
                    for line in earlier
                    if line.name == "run" and line.operands and _name(line) == match["image"].partition(":")[0]
                )
                yield Row(match, place, asked[-1].command, runs)


def _name(line: DockerLine) -> str:
    return line.operands[0].text.partition(":")[0]


@rule("SA015", "error")
def listed_containers_were_run(material: Material) -> Iterator[Found]:
    """A sample of ``docker ps`` shows containers that were run: their images, programs and states."""
    usual: dict[str, str] = table("images")["commands"]
    for one in _rows(material):
        image, shown, status = one.match["image"], one.match["command"].rstrip("…"), one.match["status"]
        if not one.runs:
            yield _at(one, "image", f"no step before this runs a container of {image}", "show what the command prints")
            continue
        line = one.runs[-1]
        program = line.operands[1].text if len(line.operands) > 1 else usual.get(_name(line), "")
        if program and _base(shown) != _base(program):
            yield _at(one, "command", f"a container of {image} runs {program!r}, not {shown!r}", f"write {program}")
        if _name(line) in ENDS and not status.startswith("Exited"):
            yield _at(one, "status", f"{image} ends at once: it is never seen {status!r}", "write Exited (0)")
        elif not status.startswith("Up") and not {"-a", "--all", "-l", "-n"} & set(one.command.argv):
            where = Place(max(one.place.line - 1, one.command.place.line))
            yield Found(where, "docker ps without -a lists what runs only", "add -a to the command, or write Up")


_IMAGE = re.compile(r"#?\s*(?P<image>[a-z][\w./-]*)\s{2,}[\w.<>-]+\s{2,}[0-9a-f]{12}\s{2,}\S")
"""A row of ``docker images``."""


@rule("SA019", "error")
def listed_images_were_fetched(material: Material) -> Iterator[Found]:
    """A sample of ``docker images`` shows images that were pulled, run or built."""
    for block in material.blocks("shell", "output"):
        for row, text in enumerate(block.text.split("\n")):
            match, place = _IMAGE.match(text), block.at(row)
            lines = [line for line in material.docker if line.command.place.line < place.line]
            known = {
                word.text.partition(":")[0]
                for line in lines
                if line.name in ("run", "pull")
                for word in line.operands[:1]
            }
            known |= {
                word.text.partition(":")[0]
                for line in lines
                if line.name == "build"
                for word in line.values("-t", "--tag")
            }
            is_asked = any(line.name == "images" for line in lines)
            if match and is_asked and "/" not in match["image"] and match["image"] not in known:
                yield Found(
                    place, f"no step before this pulls, runs or builds {match['image']}", "show what the command prints"
                )


def _at(one: Row, group: str, message: str, repair: str) -> Found:
    return Found(Place(one.place.line, one.place.col + one.match.start(group)), message, repair)


def _base(program: str) -> str:
    return program.split(maxsplit=1)[0].rsplit("/", 1)[-1] if program.split() else ""


@rule("SA016", "error")
def shown_prices_are_of_what_was_asked(material: Material) -> Iterator[Found]:
    """A sample of spot prices is of the region that was asked, and lower than the price on demand."""
    for line, block, region in price_samples(material):
        kind = line.value("--instance-types")
        listed = table("instances")["hourly"].get(region or "us-east-1", {}).get(kind.text if kind else "")
        for row, text in enumerate(block.text.split("\n")):
            zone = re.search(r'"((?:[a-z]{2})(?:-[a-z]+)+-\d)[a-z]"', text)
            price = re.search(r'"[pP]rice"\s*:\s*"(\d+\.\d+)"|"SpotPrice"\s*:\s*"(\d+\.\d+)"', text)
            if zone and region and zone[1] != region:
                yield Found(
                    block.at(row, zone.start(1)),
                    f"the prices of {region} were asked for, this zone is of {zone[1]}",
                    f"write {region}b",
                )
            if price and listed and kind and float(price[1] or price[2]) >= listed:
                message = f"a {kind.text} costs {listed} on demand: this spot price is no lower"
                yield Found(block.at(row, price.start()), message, "show what the command prints")


def price_samples(material: Material) -> Iterator[tuple[AwsLine, Block, str | None]]:
    """Yield each sample of spot prices with the command that prints it and the region, where one is named."""
    for line in material.aws:
        if line.operation != "describe-spot-price-history":
            continue
        asked = material.document.block_of(line.command)
        after = [
            block for block in material.document.blocks if block.order > asked.order and block.section == asked.section
        ]
        sample = next((block for block in after if block.kind in ("output", "json")), None)
        if sample is None or sample.path:
            continue
        option = line.value("--region")
        said = [
            name
            for prose in material.document.prose
            if prose.section == asked.section
            for name in services.regions()
            if name in prose.text
        ]
        yield line, sample, option.text if option else said[0] if len(set(said)) == 1 else None
