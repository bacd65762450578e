"""A repository of packages that a command names in one line: for the system, the architecture and the parts that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.document import Command, Place, Word
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.tables import table

_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<address>https?://\S+)[\s\\]+(?P<suite>\$\([^)]*\)|\S+)(?P<components>(?:[\s\\]+[\w-]+)*)"
)


def _sources(material: Material) -> Iterator[tuple[Command, Word, re.Match[str]]]:
    for command in material.commands:
        for word in command.words:
            match = _LINE.search(word.raw)
            if match:
                yield command, word, match


@rule("VR007", "error")
def sources_in_one_line(material: Material) -> Iterator[Found]:
    """A source in one line is for amd64, of a release that there is, with parts that the repository has."""
    names = {about["name"] for about in table("releases")["ubuntu"].values()}
    for _, word, match in _sources(material):
        architecture = re.search(r"arch=(\S+?)(?=\s|$|,)", match["options"] or "")
        if architecture and not re.fullmatch(r"amd64|\$\(.*", architecture[1]):
            yield _found(
                word, match.start("options"), f"the bastion is amd64, not {architecture[1]}", "write arch=amd64"
            )
        suite = match["suite"]
        is_asked = re.fullmatch(r"\$\((?:lsb_release -\w*c\w*|\. /etc/os-release.*)\)|\$\{?\w+\}?", suite)
        if not is_asked and suite.split("-")[0] not in names:
            message = f"the repository has no release called as {suite} says"
            yield _found(word, match.start("suite"), message, "write $(lsb_release -cs)")
        parts = re.findall(r"[\w-]+", match["components"])
        odd = [part for part in parts if part not in ("stable", "test", "nightly", "edge")]
        if "download.docker.com" in match["address"] and (odd or not parts):
            message = f"Docker's repository has no component {odd[0]!r}" if odd else "the source names no component"
            yield _found(word, match.end("components"), message, "write stable")


def _found(word: Word, at: int, message: str, repair: str) -> Found:
    """Return a finding at a position of a word, which may run over several lines."""
    before = word.raw[:at]
    rows = before.count("\n")
    col = len(before) - before.rfind("\n") if rows else word.place.col + at
    return Found(Place(word.place.line + rows, col), message, repair)
