"""Where links lead: moved documents, fragments and files that are not there, addresses that are none."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from harness.material.document import Link, Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.placeholders import PATTERN
from harness.material.tables import table
from harness.material.words import nearest


@rule("LK001", "warning")
def links_not_moved(material: Material) -> Iterator[Found]:
    """Links lead to where the document is now (dated table)."""
    for link in material.document.links:
        for entry in table("links")["moved"]:
            if re.search(entry["pattern"], link.target):
                yield Found(
                    link.place,
                    f"{entry['message']}",
                    f"link to {entry['now']}" if entry.get("now") else entry["repair"],
                )
                break


@rule("LK002", "error")
def links_are_addresses(material: Material) -> Iterator[Found]:
    """A link has a scheme that browsers open, a host and no blanks."""
    hosts = Counter(_host(link.target) for link in material.document.links if _is_web(link))
    known = {*table("links")["hosts"], *(host for host, count in hosts.items() if count > 1)}
    for link in material.document.links:
        if not link.target.strip():
            yield Found(link.place, f"the link {link.text!r} leads nowhere", "give its address")
            continue
        yield from _address(link, known)


@rule("LK009", "error")
def schemes_in_text(material: Material) -> Iterator[Found]:
    """An address in the text begins with a scheme that browsers open."""
    for prose in material.document.prose:
        for run in prose.runs:
            for match in re.finditer(r"\b([a-z]{2,6})://?(?=[\w.-]+\.[a-z]{2,})", run.text):
                if match[1] not in ("http", "https") and nearest(match[1], ["https", "http"]):
                    place = Place(run.place.line, run.place.col + match.start())
                    yield Found(
                        place,
                        f"browsers open no {match[1]}: addresses",
                        f"write {nearest(match[1], ['https', 'http'])}",
                    )


def _host(address: str) -> str:
    """Return the host of an address, empty for what is none."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _address(link: Link, known: set[str]) -> Iterator[Found]:
    try:
        parts = urlsplit(link.target)
    except ValueError:
        yield Found(link.place, f"{link.target[:60]!r} is no address", "mend it")
        return
    host = parts.netloc
    if parts.scheme and parts.scheme not in ("http", "https", "mailto"):
        yield Found(
            link.place,
            f"browsers open no {parts.scheme}: links",
            nearest(parts.scheme, ["https", "http"]) and "write https",
        )
    elif parts.scheme.startswith("http") and not PATTERN.search(host):
        if "." not in host and host.partition(":")[0] != "localhost":
            yield Found(link.place, f"there is no host {host!r}", nearest(host, known) or "mend the address")
        elif host not in known and nearest(host, known) and _is_near(host, nearest(host, known)):
            yield Found(link.place, f"{host} is not {nearest(host, known)}", f"write {nearest(host, known)}")


def _is_near(host: str, other: str) -> bool:
    """Say whether a host looks like a misspelt other one: same number of labels, and one label a little different."""
    labels = list(zip(host.split("."), other.split("."), strict=False))
    return host.count(".") == other.count(".") and sum(a != b for a, b in labels) == 1 and all(map(_are_alike, labels))


def _are_alike(labels: tuple[str, str]) -> bool:
    first, second = labels
    return sorted(first) == sorted(second) or difflib.SequenceMatcher(None, first, second).ratio() > 0.7


def _is_web(link: Link) -> bool:
    return link.target.startswith(("http://", "https://"))


@rule("LK003", "warning")
def links_encrypted(material: Material) -> Iterator[Found]:
    """Links to other people's documents are https."""
    for link in material.document.links:
        if (
            link.target.startswith("http://")
            and not PATTERN.search(link.target)
            and not re.match(r"http://(?:localhost|127\.|0\.0\.0\.0|ip-of|my_)", link.target)
        ):
            yield Found(link.place, f"{link.target} is not encrypted", "write https://")


@rule("LK004", "error")
def files_are_there(material: Material) -> Iterator[Found]:
    """A link to a file leads to one that lies beside the document, never out of its directory."""
    root = material.document.path.absolute().parent
    for link in material.document.links:
        target = unquote(link.target.partition("#")[0].partition("?")[0])
        if not target or re.match(r"[A-Za-z][A-Za-z+.-]*:|//", link.target):
            continue
        if target.startswith("/") or ".." in PurePosixPath(target).parts:
            yield Found(
                link.place,
                f"{target!r} leads out of the document's directory",
                "link to a file beside the document, or to its address",
            )
        elif len(target) < 255 and not (root / target).exists():
            yield Found(
                link.place, f"there is no file {target!r} beside the document", "mend the link, or add the file"
            )


@rule("LK005", "error")
def fragments_are_there(material: Material) -> Iterator[Found]:
    """A link to a section leads to a heading that there is."""
    anchors = {_anchor(section.title) for section in material.document.sections}
    for link in material.document.links:
        if link.target.startswith("#") and unquote(link.target[1:]).lower() not in anchors:
            near = nearest(link.target[1:], anchors)
            yield Found(
                link.place, f"no heading answers to {link.target!r}", f"write #{near}" if near else "name a heading"
            )


def _anchor(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@rule("LK006", "warning")
def known_documents(material: Material) -> Iterator[Found]:
    """A link that is nearly one that is known to work is a slip."""
    known = table("links")["known"]
    for link in material.document.links:
        target = link.target.partition("#")[0].rstrip("/")
        if (
            not _is_web(link)
            or target in known
            or any(re.search(entry["pattern"], link.target) for entry in table("links")["moved"])
        ):
            continue
        same = [one for one in known if _host(one) == _host(target)]
        near = nearest(target, same) if same else ""
        if near and _one_slip(target, near):
            yield Found(link.place, f"{link.target} looks like a slip", f"write {near}")


def _one_slip(first: str, second: str) -> bool:
    """Say whether two addresses differ in one place only, by a few characters."""
    start = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    left, right = first[start:], second[start:]
    end = next(
        (i for i, (a, b) in enumerate(zip(reversed(left), reversed(right), strict=False)) if a != b),
        min(len(left), len(right)),
    )
    return max(len(left), len(right)) - end <= 3


@rule("LK007", "warning")
def tables_and_text(material: Material) -> Iterator[Found]:
    """A step that the text refers to by name is one that there is."""
    titles = {section.title.casefold() for section in material.document.sections if section.title}
    for prose in material.document.prose:
        match = re.search(r"\b(?:step|section|chapter) [\"“']([^\"”']{3,60})[\"”']", prose.text)
        if match and match[1].casefold() not in titles:
            near = nearest(match[1].casefold(), titles)
            yield Found(prose.place, f"there is no step {match[1]!r}", f"write {near}" if near else "name a heading")
