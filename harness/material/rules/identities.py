"""Ids and names: which of them an option wants, and whether they can be what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material import services
from harness.material.document import Place, Word
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine, split
from harness.material.material import Material
from harness.material.placeholders import find
from harness.material.tables import programs, table
from harness.material.words import meant


@rule("PH012", "error")
def names_and_ids(material: Material) -> Iterator[Found]:
    """Who wants a name gets no id, who wants an id no name; a host is no id either."""
    for line in material.aws:
        for option, words in line.options.items():
            for word in words:
                yield from _mismatch(line, option, word)
    for command in material.commands:
        operands = split(command.bare[1:], programs().options["ssh"], stop=True)[1] if command.name == "ssh" else ()
        for word in operands[:1]:
            if re.fullmatch(r"(?:\w+@)?(?:YOUR|MY)_\w+_ID", word.text):
                yield Found(
                    word.place,
                    f"ssh: Could not resolve hostname: {word.text.rpartition('@')[2]} is an id",
                    "write the placeholder of its name or address",
                )


def _mismatch(line: AwsLine, option: str, word: Word) -> Iterator[Found]:
    wants_name = option == "--security-groups" or (
        option.endswith("-name") and not line.operation.startswith("create-")
    )
    if wants_name and re.fullmatch(r"YOUR_\w+_ID", word.text):
        yield Found(word.place, f"{option} wants a name, {word.text} is an id", f"write {_other(option)}")
    elif option.endswith(("-id", "-ids")) and re.fullmatch(r"YOUR_\w+_NAME", word.text):
        yield Found(word.place, f"{option} wants an id, {word.text} is a name", "write the placeholder of the id")


def _other(option: str) -> str:
    return {"--security-groups": "--security-group-ids", "--group-name": "--group-id"}.get(
        option, "the placeholder of the name"
    )


@rule("AS020", "error")
def ids_are_whole(material: Material) -> Iterator[Found]:
    """An id has 8 or 17 digits of base 16."""
    for command in material.commands:
        for word in command.words:
            for match in re.finditer(r"\b(ami|i|sg|vpc|subnet|vol|snap|eni|igw|rtb)-([0-9a-f]{5,20})\b", word.text):
                if len(match[2]) not in (8, 17) and re.search(r"\d", match[2]):
                    yield Found(
                        word.place,
                        f"Invalid id {match[0]!r}: {len(match[2])} digits, an id has 17",
                        "write a placeholder",
                    )


@rule("AS021", "error")
def commands_do_something(material: Material) -> Iterator[Found]:
    """No command only asks whether it would be allowed."""
    for line in material.aws:
        if "--dry-run" in line.options and not line.operation.startswith("describe-"):
            yield Found(
                line.names["--dry-run"].place,
                "DryRunOperation: nothing is done, the command only asks whether it may",
                "leave --dry-run out",
            )


@rule("AS022", "warning")
def newest_of_a_list(material: Material) -> Iterator[Found]:
    """Who sorts a list and takes the first entry sorts the newest first."""
    for line in material.aws:
        order, query = line.value("--sort-order"), line.value("--query")
        if order is not None and order.text == "Ascending" and query is not None and re.search(r"\[0\]", query.text):
            yield Found(order.place, "this takes the oldest of the list, of an earlier try maybe", "write Descending")


@rule("AW007", "error")
def settings_of_the_command(material: Material) -> Iterator[Found]:
    """The command aws configure is asked for settings that there are, and given a value to set."""
    for line in material.aws:
        if line.service != "configure" or line.operation not in ("get", "set"):
            continue
        names = table("awscli")["settings"]
        for word in line.operands[:1]:
            if word.text.rpartition(".")[2] not in names:
                yield Found(
                    word.place,
                    f"aws configure knows no setting {word.text!r} and prints nothing",
                    meant(word.text, names, "write region"),
                )
        if line.operation == "set" and len(line.operands) < 2:
            yield Found(
                line.command.place,
                "aws: the following arguments are required: value",
                "write aws configure get, or give the value",
            )


@rule("AW008", "error")
def buckets_are_addressed(material: Material) -> Iterator[Found]:
    """The command aws s3 gets addresses that begin with s3://, and empties a bucket as a whole."""
    for line in material.aws:
        if line.service != "s3":
            continue
        for word in line.operands if line.operation in ("rb", "mb", "ls", "rm") else ():
            if not word.text.startswith("s3://"):
                yield Found(word.place, f"aws s3: Error: Invalid argument type: {word.text}", f"write s3://{word.text}")
        whole = next((word for word in line.operands if re.fullmatch(r"s3://[^/]+/?", word.text)), None)
        if line.operation == "rm" and whole is not None and "--recursive" not in line.options:
            yield Found(
                whole.place,
                "this removes no object: the address is that of a bucket",
                "write aws s3 rb … --force, or add --recursive",
            )


@rule("AW009", "error")
def filtered_values(material: Material) -> Iterator[Found]:
    """A filter asks for values that there are: of architectures, states and types."""
    for line in material.aws:
        for word in line.options.get("--filters", ()):
            match = re.fullmatch(r"Name=([\w.-]+),Values=([^,*?]+)", word.text)
            known = services.values_of(line.service, line.operation, match[1]) if match else frozenset()
            if match and known and match[2] not in known and not any(find(match[2])):
                yield Found(
                    word.place,
                    f"no {match[1]} is called {match[2]!r}: the answer is empty",
                    meant(match[2], known, f"use one of {', '.join(sorted(known)[:5])}"),
                )


@rule("AW010", "error")
def regions_in_text(material: Material) -> Iterator[Found]:
    """Regions that the text names are AWS's, and no zones of them."""
    for prose in material.document.prose:
        for run in prose.runs:
            for match in re.finditer(
                r"\b(?:us|eu|ap|sa|ca|me|af|il|mx)-?(?:gov-)?(?:north|south|east|west|central)(?:east|west)?-?\d([a-z])?\b"
                r"|\b(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]{3,9}-\d\b",
                run.text,
            ):
                text, zone = match[0], match[1]
                is_zone = bool(zone) and text[:-1] in services.regions()
                if text in services.regions() or (is_zone and not re.search(r"\bregion\b", prose.text, re.IGNORECASE)):
                    continue
                place = Place(run.place.line, run.place.col + match.start())
                yield Found(
                    place,
                    f"{text} is {'a zone' if is_zone else 'no region'}: Could not connect to the endpoint",
                    meant(text.rstrip("abcdef"), services.regions(), "write us-east-1"),
                )
