"""Releases out of support, wherever they are named: in text, in Dockerfiles, in look-ups."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

from harness.material.document import Block, Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.tables import table


@rule("VR001", "error")
def supported(material: Material) -> Iterator[Found]:
    """Ubuntu, Debian, Python and CUDA are of releases that are still supported (dated table)."""
    for place, text in _texts(material):
        for match, product, release, entry in _named(text):
            end: datetime.date = entry["end"]
            if end < material.today:
                where = Place(place.line, place.col + match.start())
                yield Found(
                    where,
                    f"{product} {release} has been out of support since {end} (read {table('releases')['read']})",
                    _newest(product, material.today),
                )


def _newest(product: str, today: datetime.date) -> str:
    entries: dict[str, Any] = table("releases")[product.lower()]
    alive = [number for number, entry in entries.items() if entry["end"] >= today]
    lts = [number for number in alive if product != "Ubuntu" or number.endswith(".04")]
    return f"name {product} {lts[-2] if len(lts) > 1 else lts[-1]} or newer" if lts else "name a supported release"


_PATTERNS = (
    ("Ubuntu", r"\bubuntu[ /:v-]*(?:server )?(\d\d\.\d\d)\b"),
    ("Ubuntu", r"\bubuntu[ -](\d\d)\b(?!\.)"),
    ("Ubuntu", r"ubuntu/images/\S*?-(\d\d\.\d\d)"),
    ("Debian", r"\bdebian[ :v-]*(\d\d?)\b"),
    ("Python", r"\bpython[ :v]*(\d\.\d+)\b"),
    ("Python", r"^FROM python:(\d\.\d+)"),
    ("CUDA", r"\bcuda[ :v-]*(\d+\.\d)\b"),
)
_CODENAME = re.compile(r"\b(?:ubuntu:|Suites: |debian:|deb \S+ |ubuntu-)(\w+)\b", re.IGNORECASE)


def _named(text: str) -> Iterator[tuple[re.Match[str], str, str, Any]]:
    """Yield each release that a line names: by its number, or by its code name."""
    releases = table("releases")
    done: set[str] = set()
    for product, pattern in _PATTERNS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            entries = releases[product.lower()]
            number = match[1] if match[1] in entries else f"{match[1]}.04"
            if number in entries and number not in done:
                done.add(number)
                yield match, product, number, entries[number]
    for match in _CODENAME.finditer(text):
        for product in ("ubuntu", "debian"):
            for number, entry in releases[product].items():
                if entry["name"] == match[1].lower() and number not in done:
                    done.add(number)
                    yield match, product.capitalize(), f"{number} ({match[1]})", entry


def _texts(material: Material) -> Iterator[tuple[Place, str]]:
    for prose in material.document.prose:
        for run in prose.runs:
            yield run.place, run.text
    for block in material.document.blocks:
        if block.kind != "output":
            for row, text in enumerate(block.text.split("\n")):
                yield block.at(row), text


@rule("VR002", "error")
def suites_exist(material: Material) -> Iterator[Found]:
    """A repository's suite is a release of Ubuntu, and the one that the bastion runs."""
    names = {entry["name"]: number for number, entry in table("releases")["ubuntu"].items()}
    launched = next(
        (
            name
            for line in material.aws
            for word in line.options.get("--filters", ())
            for name in names
            if f"ubuntu-{name}-" in word.text
        ),
        None,
    )
    for block in material.blocks("file"):
        for row, text in enumerate(block.text.split("\n")):
            match = re.match(r"Suites:\s*(\w+)", text)
            if match and match[1] not in names:
                yield Found(
                    block.at(row, match.start(1)),
                    f"the repository has no Release file for {match[1]!r}",
                    "write the code name of the bastion's release",
                )
            elif match and launched and match[1] != launched:
                yield Found(
                    block.at(row, match.start(1)),
                    f"the bastion runs {launched}, the packages are for {match[1]}",
                    f"write {launched}",
                )


@rule("VR003", "error")
def image_names_agree(material: Material) -> Iterator[Found]:
    """The number and the code name in an image's name belong together, and the family has the release."""
    names = {entry["name"]: number for number, entry in table("releases")["ubuntu"].items()}
    for line in material.aws:
        for word in line.options.get("--filters", ()):
            own = re.fullmatch(r"Name=architecture,Values=(\w+)", word.text)
            if own and own[1] in ("arm64", "i386"):
                yield Found(word.place, f"images for {own[1]} do not run on t2 instances", "write x86_64")
            match = re.search(r"ubuntu/images/([\w-]+)/ubuntu-(\w+)-(\d\d\.\d\d)-(\w+)-server", word.text)
            if match is None:
                continue
            if names.get(match[2]) != match[3]:
                yield Found(
                    word.place,
                    f"no image matches: {match[2]} is Ubuntu {names.get(match[2], 'nothing')}, not {match[3]}",
                    "make them agree",
                )
            if match[4] not in ("amd64", "arm64"):
                yield Found(word.place, f"no image matches: there is no architecture {match[4]!r}", "write amd64")
            family = "hvm-ssd-gp3" if match[3] >= "24.04" else "hvm-ssd"
            if match[1] != family:
                yield Found(
                    word.place,
                    f"no image matches: Ubuntu {match[3]} is under ubuntu/images/{family}",
                    f"write {family}",
                )
            if match[4] == "arm64":
                yield Found(word.place, "images for arm64 do not run on t2 instances", "write amd64")
            if not word.text.endswith("*"):
                yield Found(word.place, "an image's name ends in its date: without * nothing matches", "end it with -*")


@rule("VR004", "error")
def architectures(material: Material) -> Iterator[Found]:
    """Architectures are those of the instance types."""
    for block in material.blocks("file"):
        for row, text in enumerate(block.text.split("\n")):
            match = re.match(r"Architectures:\s*(\S+)", text)
            if match and match[1] != "amd64":
                yield Found(block.at(row, match.start(1)), f"the bastion is amd64, not {match[1]}", "write amd64")
            key = re.match(r"(\w[\w-]*):", text)
            if (
                block.path.endswith(".sources")
                and key
                and key[1] not in ("Types", "URIs", "Suites", "Components", "Architectures", "Signed-By")
            ):
                yield Found(
                    block.at(row),
                    f"E: Malformed entry: apt knows no field {key[1]!r}",
                    "write Types, URIs, Suites, Components or Signed-By",
                )


@rule("VR005", "error")
def sources_are_whole(material: Material) -> Iterator[Found]:
    """A source of packages says what apt wants to know, for the system that the bastion runs."""
    for block in material.blocks("file"):
        rows = block.text.split("\n")
        entries = {
            match[1]: (row, match[2])
            for row, text in enumerate(rows)
            if (match := re.match(r"([A-Z][\w-]+):\s*(.*)", text))
        }
        if not {"URIs", "Suites"} & set(entries) or not block.path.endswith((".sources", ".list")):
            continue
        for name in ("Types", "URIs", "Suites", "Components"):
            if name not in entries:
                yield Found(block.place, f"E: Malformed entry: the source has no {name}", f"add {name}:")
        row, types = entries.get("Types", (0, "deb"))
        if "deb" not in types.split():
            yield Found(block.at(row), f"a source of type {types} has no packages to install", "write Types: deb")
        row, address = entries.get("URIs", (0, ""))
        if "download.docker.com" in address:
            yield from _docker(block, row, address, entries.get("Components", (0, "stable")))


def _docker(block: Block, row: int, address: str, components: tuple[int, str]) -> Iterator[Found]:
    if not address.rstrip("/").endswith("/linux/ubuntu"):
        yield Found(
            block.at(row),
            f"{address} has packages of another system than Ubuntu",
            "write https://download.docker.com/linux/ubuntu",
        )
    if not set(components[1].split()) <= {"stable", "test", "nightly"}:
        yield Found(block.at(components[0]), f"Docker's repository has no component {components[1]!r}", "write stable")


@rule("VR006", "error")
def keys_fit_their_source(material: Material) -> Iterator[Found]:
    """The key that is fetched is that of the source, and a source in several lines lies in a file that ends in .sources."""
    for command in material.commands:
        for word in command.bare:
            if re.search(r"download\.docker\.com/linux/(?!ubuntu/)\w+/", word.text):
                yield Found(
                    word.place,
                    "this is the key of another system's packages",
                    "write https://download.docker.com/linux/ubuntu/gpg",
                )
            if (
                command.name in ("install", "cp", "mv")
                and word.text.endswith(".list")
                and any(other.endswith(".sources") for other in command.argv)
            ):
                yield Found(
                    word.place,
                    "E: Malformed entry 1 in list file: apt reads a .list line by line",
                    "let the file's name end in .sources",
                )
