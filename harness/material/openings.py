"""What a rule of a security group lets in: by the short options of ``aws``, or by ``--ip-permissions``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material.document import Word
from harness.material.lines import AwsLine


@dataclass(frozen=True)
class Opening:
    """A port that a command opens, with protocol and addresses as far as they are named."""

    port: Word
    protocol: Word | None = None
    cidr: Word | None = None
    is_plain: bool = True
    """Whether protocol, port and addresses are all that is said."""


def openings(line: AwsLine) -> Iterator[Opening]:
    """Yield what a command of ``authorize-security-group-ingress`` opens."""
    port = line.value("--port")
    if port is not None:
        yield Opening(port, line.value("--protocol"), line.value("--cidr"))
    for word in line.values("--ip-permissions"):
        for part in re.split(r"(?=[\"']?IpProtocol)", word.text):
            first = _member(word, part, r"FromPort", r"-?\d+")
            if first is not None:
                protocol = _member(word, part, r"IpProtocol", r"[\w-]+")
                last, cidr = (
                    _member(word, part, r"ToPort", r"-?\d+"),
                    _member(word, part, r"CidrIp(?:v6)?", r"[\w.:/]+"),
                )
                is_plain = last is not None and last.text == first.text and len(re.findall("CidrIp|GroupId", part)) == 1
                yield Opening(first, protocol, cidr, is_plain and cidr is not None)


def _member(word: Word, text: str, name: str, value: str) -> Word | None:
    """Return a member's value in shorthand (``Name=value``) or JSON (``"Name": "value"``), standing where the word stands."""
    match = re.search(rf"{name}[\"']?\s*[=:]\s*[\"']?({value})", text)
    return dataclasses.replace(word, text=match[1], raw=match[1]) if match else None
