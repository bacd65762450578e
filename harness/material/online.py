"""Asking links, for ``--online``: only then does the gate speak to anybody.

Each address is asked once, with a short patience, for its head; what answers with an error or from another address
is found. Addresses of the reader's own machines, with placeholders, are left out, and so is everything that is not a
public host.
"""

from __future__ import annotations

import concurrent.futures
import ipaddress
import socket
import urllib.error
import urllib.request
from collections.abc import Iterable
from urllib.parse import urlsplit

from harness.material.document import Document, Link
from harness.material.finding import Finding
from harness.material.placeholders import PATTERN

SECONDS = 10.0
MOST = 100
"""Links that are asked."""


def ask(document: Document) -> list[Finding]:
    """Return what is wrong with the links of a document, asking each once."""
    first: dict[str, Link] = {}
    for link in document.links:
        if link.target.startswith(("http://", "https://")) and not PATTERN.search(link.target):
            first.setdefault(link.target.partition("#")[0], link)
    chosen = dict(list(first.items())[:MOST])
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        answers = pool.map(_answer, chosen)
        return [_finding(document, link, said) for link, said in zip(chosen.values(), answers, strict=True) if said]


def _answer(address: str) -> str:
    """Return what is wrong with an address, empty where nothing is."""
    try:
        if not _is_public(_host(address)):
            return "the host is none of the public network"
        request = urllib.request.Request(address, method="HEAD", headers={"User-Agent": "homework-gate/1"})
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return "" if _is_same(answer.url, address) else f"it has moved to {answer.url}"
    except urllib.error.HTTPError as error:
        return "" if error.code in (401, 403, 405, 429) else f"it answers {error.code}"
    except (OSError, ValueError) as error:
        return f"it does not answer ({getattr(error, 'reason', error)})"


def _is_public(host: str) -> bool:
    """Say whether a host is one of the public network: a document must not make a CI machine ask its neighbours."""
    found: Iterable[tuple[object, ...]] = socket.getaddrinfo(host, 443)
    return all(ipaddress.ip_address(str(entry[4][0])).is_global for entry in found)  # type: ignore[index]


def _is_same(first: str, second: str) -> bool:
    return first.rstrip("/").split("://")[-1].removeprefix("www.") == second.rstrip("/").split("://")[-1].removeprefix(
        "www."
    )


def _host(address: str) -> str:
    """Return the host of an address, empty for what is none: such a link is another rule's."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _finding(document: Document, link: Link, said: str) -> Finding:
    line = link.place.line
    return Finding(
        str(document.path),
        line,
        link.place.col,
        "warning",
        "LK100",
        f"{link.target}: {said}",
        "mend the link",
        context=document.line(line),
    )
