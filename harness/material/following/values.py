"""Values that steps returned, and which of them a placeholder means.

A placeholder is filled by its name where the document says which command prints it. Otherwise by its kind (from the
option that it follows, its form, or its words) and then by the words that it shares with what is known of each value:
the text around the step that made the thing, and the thing's own name. Nothing here knows a placeholder of any one
document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

OPTION_KINDS = {
    "--vpc-id": "vpc", "--vpc-ids": "vpc", "--group-id": "group", "--group-ids": "group", "--source-group": "group",
    "--security-group-ids": "group", "--instance-ids": "instance", "--instance-id": "instance", "--image-id": "image",
    "--image-ids": "image", "--key-name": "key", "--subnet-id": "subnet", "--volume-id": "volume",
    "--volume-ids": "volume", "--role-arn": "role", "--endpoint-name": "endpoint",
    "--endpoint-config-name": "config", "--model-name": "model",
    "--training-job-name": "job", "--notebook-instance-name": "notebook", "--bucket": "bucket", "--region": "region",
    "--spot-instance-request-ids": "request", "--snapshot-id": "snapshot",
}  # fmt: skip
PREFIXES = {
    "vpc": "vpc", "sg": "group", "i": "instance", "ami": "image", "subnet": "subnet", "vol": "volume", "sir": "request",
    "snap": "snapshot", "eni": "interface", "eipalloc": "address id",
}  # fmt: skip
# What an AWS answer calls a value, and its kind; ids are known by their form.
KEYS = {
    "PublicDnsName": "name", "PrivateDnsName": "name", "PublicIpAddress": "ip", "PrivateIpAddress": "ip",
    "PublicIp": "ip", "KeyName": "key", "EndpointName": "endpoint", "EndpointConfigName": "config",
    "ModelName": "model",
    "TrainingJobName": "job", "NotebookInstanceName": "notebook", "BucketName": "bucket", "Account": "account",
}  # fmt: skip
KIND_WORDS = {
    "vpc": "vpc", "group": "group", "sg": "group", "ami": "image", "image": "image", "key": "key", "keypair": "key",
    "pem": "key", "ip": "ip", "address": "ip", "dns": "name", "name": "name", "hostname": "name", "host": "name",
    "token": "token", "container": "container", "bucket": "bucket", "role": "role", "endpoint": "endpoint",
    "config": "config", "model": "model", "job": "job", "region": "region", "account": "account", "volume": "volume",
    "instance": "instance", "id": "instance",
}  # fmt: skip
# Words of a placeholder that say what kind of value it is, or nothing; the others say which one of that kind.
PLAIN = frozenset({"your", "my", "the", "ids", "arn", "value", "of", "in", "on", "aws", "ec", "url", *KIND_WORDS})
OPPOSITE = {"public": "private", "private": "public"}
EMPTY = frozenset(
    [
        "the",
        "and",
        "for",
        "you",
        "your",
        "with",
        "but",
        "can",
        "will",
        "from",
        "into",
        "that",
        "this",
        "its",
        "it",
        "of",
        "in",
        "on",
        "to",
        "is",
        "are",
    ]
)
SAME = {"sg": "group", "ec2": "instance", "vm": "bastion", "jump": "bastion", "jumpbox": "bastion"}
ID = re.compile(
    r"(?<![\w-])(?P<prefix>vpc|sg|i|ami|subnet|vol|sir|snap|eni|eipalloc)-(?:[0-9a-f]{17}|[0-9a-f]{8})(?![\w-])"
)
_HOST = re.compile(r"(?<![\w.-])(?:ec2-[\w-]+(?:\.[\w-]+)+|ip-[\d-]+(?:\.[\w-]+)+)(?![\w-])")
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d./])")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text or a name, CamelCase and snake_case taken apart, in lower case."""
    found = (word.lower() for word in _WORD.findall(text) if len(word) > 1)
    return frozenset(SAME.get(word, word) for word in found) - EMPTY


@dataclass(frozen=True)
class Value:
    """A value: its kind, and the words that are known of it.

    ``words`` are its own (of the command that made it, of what the answer calls it), ``around`` those of the text.
    """

    kind: str
    text: str
    words: frozenset[str]
    around: frozenset[str] = frozenset()

    def likeness(self, words: frozenset[str], near: frozenset[str], far: frozenset[str]) -> int:
        """Return how well it fits the words of a placeholder, of the sentence before it, and of its section."""
        opposite = {OPPOSITE[word] for word in words if word in OPPOSITE} - words
        return (
            16 * len(self.words & words)
            - 8 * len(self.words & opposite)
            + 8 * len(self.around & words)
            + 4 * len(self.words & near)
            + 2 * len(self.around & near)
            + len((self.words | self.around) & far)
        )


@dataclass
class Values:
    """What is known: values by the name that the document gives them, and all that was seen in outputs."""

    named: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Value] = field(default_factory=dict)

    def learn(self, kind: str, text: str, words: Iterable[str] = (), around: frozenset[str] = frozenset()) -> None:
        """Take note of a value; what was first known of it stays known."""
        if text and text not in ("None", "null") and len(text) < 300:
            known = self.seen.pop(text, Value(kind, text, frozenset()))
            own = frozenset(words) | known.words
            self.seen[text] = Value(kind, text, own, known.around or around)

    def hear(self, output: str, words: frozenset[str], around: frozenset[str], key: str = "") -> None:
        """Take note of what a command printed: JSON, a table, or text; ``key`` names what a text alone is."""
        document = _json(output)
        if isinstance(document, dict | list):
            self._walk(document, words, around, "")
            return
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        if KEYS.get(key) and len(lines) == 1:
            self.learn(KEYS[key], lines[0], words | words_of(key), around)
        for kind, text in _found(output):
            self.learn(kind, text, words, around)

    def _walk(self, node: Any, words: frozenset[str], around: frozenset[str], owner: str) -> None:
        if isinstance(node, list):
            for one in node:
                self._walk(one, words, around, owner)
        if not isinstance(node, dict):
            return
        own = next((str(node[key]) for key in ("InstanceId", "GroupId", "VpcId") if key in node), owner)
        if own != owner and own in self.seen:  # what a thing was made as says more than where it is listed
            words, around = self.seen[own].words, self.seen[own].around
        telling = [str(node[key]) for key in ("GroupName", "Description") if isinstance(node.get(key), str)]
        known = words | frozenset(word for text in telling for word in words_of(text))
        for key, one in node.items():
            if isinstance(one, str):
                self._note(key, one, known, around, own)
            else:
                self._walk(one, known, around, own)

    def _note(self, key: str, text: str, words: frozenset[str], around: frozenset[str], owner: str) -> None:
        match = ID.fullmatch(text)
        kind = PREFIXES[match["prefix"]] if match else KEYS.get(key)
        if key == "Arn" and ":role/" in text:
            kind = "role"
        if kind:
            own = words if text == owner else words | words_of(key)
            self.learn(kind, text, own, around)
        for other, found in _found(text) if not kind else ():
            self.learn(other, found, words, around)

    def find(
        self, kind: str, words: frozenset[str], near: frozenset[str] = frozenset(), far: frozenset[str] = frozenset()
    ) -> str:
        """Return the value of a kind that shares most of the words; of equals the one that was learnt last.

        ``words`` are those of the placeholder itself; ``near``, of the sentence before it, and ``far``, of its section,
        weigh less. Where the placeholder has words that say which one is meant, a value that has none of them is not
        meant.
        """
        kinds = {"address": ("name", "ip")}.get(kind, (kind,))
        telling = {word for word in words - PLAIN if word.strip("x")}
        candidates = [
            value
            for value in self.seen.values()
            if value.kind in kinds and (not telling or telling & (value.words | value.around))
        ]
        ranked = [(value.likeness(words, near, far), number) for number, value in enumerate(candidates)]
        return candidates[max(ranked)[1]].text if ranked else ""


def kind_of(name: str, option: str = "") -> str:
    """Return the kind of value that a placeholder wants: by the option before it, its form, or its words."""
    if option in OPTION_KINDS:
        return OPTION_KINDS[option]
    form = re.match(r"(vpc|sg|i|ami|subnet|vol|snap|eni)-", name)
    if form:
        return PREFIXES[form[1]]
    words = [SAME.get(word.lower(), word.lower()) for word in _WORD.findall(name.replace("_", " "))]
    kinds = [KIND_WORDS[word] for word in words if word in KIND_WORDS]
    if option in ("ssh", "curl"):
        return next((kind for kind in kinds if kind in ("ip", "name")), "address")
    specific = [kind for kind in kinds if kind not in ("name", "instance", "ip")]
    return (specific or [kind for kind in kinds if kind != "instance"] or kinds or [""])[-1]


def key_of(query: str) -> str:
    """Return the name of the member that a JMESPath query ends with, such as ``VpcId`` of ``Vpcs[0].VpcId``."""
    names = re.findall(r"[A-Za-z]\w*", re.sub(r"\{.*\}", "", query))
    return names[-1] if names else ""


def stable(text: str) -> str:
    """Return a text without what differs from one run to the next: ids, addresses and names of instances."""
    text = ID.sub(lambda match: f"{match['prefix']}-…", text)
    return _ADDRESS.sub("…", _HOST.sub("…", text))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _found(text: str) -> Iterator[tuple[str, str]]:
    for match in ID.finditer(text):
        yield PREFIXES[match["prefix"]], match[0]
    for match in re.finditer(r"s3://([a-z0-9][a-z0-9.-]{2,62})(?=/|$|\s)", text):
        yield "bucket", match[1]
    for match in re.finditer(r"[?&]token=([0-9a-f]{16,})", text):
        yield "token", match[1]
    for match in re.finditer(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+", text):
        yield "role", match[0]
    for match in _HOST.finditer(text):
        yield "name", match[0]
    for match in _ADDRESS.finditer(text):
        yield "ip", match[0]
    if re.match(r"\s*CONTAINER ID\s", text):
        for row in text.strip().splitlines()[1:]:
            yield "container", row.split()[0]
