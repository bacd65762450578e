"""AWS commands against AWS's own description of its services."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from botocore.model import Shape, StructureShape

from harness.material import services
from harness.material.document import Place, Word
from harness.material.finding import Found, rule
from harness.material.lines import AWS_FLAGS, AWS_VALUES, AwsLine
from harness.material.material import Material
from harness.material.placeholders import PATTERN
from harness.material.tables import table
from harness.material.words import meant


@rule("AW001", "error")
def calls(material: Material) -> Iterator[Found]:
    """AWS commands name a service, an operation and options that there are."""
    for line in material.aws:
        yield from faults(line)


def faults(line: AwsLine) -> Iterator[Found]:
    """Yield what is wrong with the names in an ``aws`` command."""
    place = line.command.place
    words = [word for word in line.command.bare[1:] if word.text in (line.service, line.operation)]
    where = words[0].place if words else place
    if not line.service and "--version" in line.options:
        return
    if line.service not in services.services():
        yield Found(
            where, f"aws: invalid choice: {line.service!r}", meant(line.service, services.services(), "see aws help")
        )
    elif line.service in table("awscli")["verbs"]:
        yield from _custom(line, words)
    elif line.operation == "wait":
        yield from _waiting(line)
    else:
        yield from _operation(line, words)


def _custom(line: AwsLine, words: list[Word]) -> Iterator[Found]:
    verbs = table("awscli")["verbs"][line.service]
    if line.operation not in verbs:
        yield Found(
            words[-1].place,
            f"aws {line.service}: invalid choice: {line.operation!r}",
            meant(line.operation, verbs, "see aws help"),
        )
    elif line.service == "s3":
        yield from _unknown(line, set(table("awscli")["s3"].get(line.operation, ())))


def _waiting(line: AwsLine) -> Iterator[Found]:
    known = services.waiters(line.service)
    waiter = line.operands[0] if line.operands else None
    if waiter is None or waiter.text not in known:
        place = waiter.place if waiter else line.command.place
        name = waiter.text if waiter else ""
        yield Found(place, f"aws {line.service} wait: invalid choice: {name!r}", meant(name, known, "see aws help"))
    else:
        yield from _unknown(
            line, set(services.options(line.service, services.waiter_operation(line.service, waiter.text)))
        )


def _operation(line: AwsLine, words: list[Word]) -> Iterator[Found]:
    known = services.operations(line.service)
    if line.operation not in known:
        place = words[-1].place if words else line.command.place
        yield Found(
            place,
            f"aws {line.service}: invalid choice: {line.operation!r}",
            meant(line.operation, known, "see aws help"),
        )
        return
    options = services.options(line.service, line.operation)
    yield from _unknown(line, set(options))
    missing = [name for name, option in options.items() if option.is_required and name not in line.options]
    if missing and "--cli-input-json" not in line.options:
        yield Found(
            line.command.place, f"aws: the following arguments are required: {', '.join(missing)}", f"add {missing[0]}"
        )
    for word in line.operands:
        text = word.text[:40]
        yield Found(
            word.place, f"aws: unknown options: {text}", "remove it, or quote it together with the word before it"
        )


def _unknown(line: AwsLine, known: set[str]) -> Iterator[Found]:
    everything = known | set(AWS_FLAGS) | set(AWS_VALUES)
    for name, word in line.names.items():
        if name not in everything:
            yield Found(
                word.place,
                f"aws: unknown option: {name}",
                meant(name, everything, f"see aws {line.service} {line.operation} help"),
            )


@rule("AW002", "error")
def values(material: Material) -> Iterator[Found]:
    """Options of AWS commands get values of their type, and as many as they take."""
    for line in material.aws:
        operation = line.operation
        if operation == "wait" and line.operands:
            operation = services.waiter_operation(line.service, line.operands[0].text)
        for name, option in (
            services.options(line.service, operation).items() if line.service not in table("awscli")["verbs"] else ()
        ):
            if name not in line.options:
                continue
            words = line.options[name]
            if option.is_flag:
                yield from _flag(name, words)
            elif not words:
                yield Found(
                    line.names[name].place, f"aws: argument {name}: expected one argument", "give the value after it"
                )
            elif option.shape is not None:
                yield from _value(name, words, option.shape)
            elif (
                len(words) > 1
                and not words[1].text.startswith("<")
                and name not in ("--secondary-private-ip-addresses",)
            ):
                yield _superfluous(words[1])


def _flag(name: str, words: tuple[Word, ...]) -> Iterator[Found]:
    for word in words[:1]:
        yield Found(word.place, f"aws: unknown options: {word.text}; {name} takes no value", "remove it")


def _superfluous(word: Word) -> Found:
    return Found(
        word.place, f"aws: unknown options: {word.text}", "remove it, or quote it together with the word before it"
    )


def _value(name: str, words: tuple[Word, ...], shape: Shape) -> Iterator[Found]:
    if shape.type_name not in ("list", "structure", "map") and len(words) > 1 and not words[1].text.startswith("<"):
        yield _superfluous(words[1])
    for word in words:
        if word.text.startswith(("file://", "fileb://")) or not word.is_literal or PATTERN.search(word.text):
            continue
        if shape.type_name in ("list", "structure"):
            yield from _complex(name, word, shape)
        else:
            yield from _scalar(name, word, word.text, shape)


def _complex(name: str, word: Word, shape: Shape) -> Iterator[Found]:
    """Check shorthand (``Key=value,…``) or JSON against a list or a structure."""
    member = shape.member if shape.type_name == "list" else shape
    if word.text.lstrip().startswith(("{", "[")):
        try:
            json.loads(word.text)
        except (ValueError, RecursionError) as error:
            yield Found(word.place, f"aws: Error parsing parameter {name!r}: invalid JSON ({error})", "mend the JSON")
    elif isinstance(member, StructureShape):
        for part in _parts(word.text):
            key, equals, value = part.partition("=")
            if not equals:
                yield Found(
                    word.place,
                    f"aws: Error parsing parameter {name!r}: expected '=', received {part[:20]!r}",
                    "write Key=value,…",
                )
            elif key not in member.members:
                repair = meant(key, member.members, f"use one of {', '.join(list(member.members)[:4])}")
                yield Found(word.place, f"aws: unknown parameter in {name}: {key!r}", repair)
            elif not value.startswith(("[", "{")):
                yield from _scalar(name, word, value, member.members[key])
    elif member.type_name not in ("list", "map"):
        yield from _scalar(name, word, word.text, member)


def _parts(text: str) -> list[str]:
    """Return the ``Key=value`` parts of a shorthand; what stands in brackets or braces belongs to its key's value."""
    parts, depth = [""], 0
    for col, char in enumerate(text):
        depth += (char in "[{") - (char in "]}")
        if char == "," and depth <= 0 and re.match(r"[A-Za-z]+=", text[col + 1 :]):
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _scalar(name: str, word: Word, text: str, shape: Shape) -> Iterator[Found]:
    metadata = shape.metadata
    allowed = metadata.get("enum")
    if shape.type_name in ("integer", "long", "double", "float") and not re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        yield Found(word.place, f"aws: {name} wants a number, not {text!r}", "write a number")
    elif shape.type_name == "integer" and "." in text:
        yield Found(word.place, f"aws: {name} wants a whole number, not {text!r}", "write a whole number")
    elif shape.type_name == "boolean" and text not in ("true", "false"):
        yield Found(word.place, f"aws: {name} wants true or false, not {text!r}", "write true or false")
    elif allowed and text not in allowed and shape.type_name == "string":
        yield Found(
            word.place,
            f"AWS knows no {name[2:].replace('-', ' ')} {text!r}",
            meant(text, allowed, f"use one of {', '.join(allowed[:5])}"),
        )
    elif shape.type_name == "string" and not _fits(metadata.get("pattern"), text):
        yield Found(
            word.place, f"AWS refuses {text!r} for {name}: it must match {metadata['pattern']}", "mend the value"
        )
    elif shape.type_name == "string" and len(text) < metadata.get("min", 0):
        yield Found(word.place, f"AWS refuses {text!r} for {name}: too short", "mend the value")


def _fits(pattern: str | None, text: str) -> bool:
    if not pattern or len(text) > 300:
        return True
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True  # a pattern in the dialect of another language


@rule("AW003", "error")
def regions(material: Material) -> Iterator[Found]:
    """Regions are AWS's."""
    for line in material.aws:
        for word in line.options.get("--region", ()):
            if word.is_literal and not PATTERN.search(word.text) and word.text not in services.regions():
                yield Found(
                    word.place,
                    f"Could not connect to the endpoint URL: there is no region {word.text!r}",
                    meant(word.text, services.regions(), "name a region"),
                )
    for prose in material.document.prose:
        for run in prose.runs:
            text = run.text.strip()
            if (
                run.is_code
                and re.fullmatch(r"[a-z]{2}-[a-z]+-\d+[a-z]?", text)
                and text.rstrip("abcdef") not in services.regions()
            ):
                yield Found(run.place, f"there is no region {text!r}", meant(text, services.regions(), "name a region"))


@rule("AW004", "error")
def filters(material: Material) -> Iterator[Found]:
    """Filters have names that the operation knows."""
    for line in material.aws:
        known = services.filters(line.service, line.operation)
        for word in line.options.get("--filters", ()):
            match = re.match(r"Name=([^,]+)(,Values=)?", word.text)
            if match is None or not known:
                continue
            name = match[1]
            if name not in known and not name.startswith("tag:"):
                yield Found(
                    word.place,
                    f"InvalidParameterValue: The filter {name!r} is invalid",
                    meant(name, known, "see the operation's help"),
                )
            elif match[2] is None:
                yield Found(word.place, "a filter without Values", f"write Name={name},Values=…")


@rule("AW005", "error")
def outputs(material: Material) -> Iterator[Found]:
    """The option --output names a format."""
    for line in material.aws:
        for word in line.options.get("--output", ()):
            if word.text not in ("json", "text", "table", "yaml", "yaml-stream", "off"):
                yield Found(
                    word.place,
                    f"aws: Unknown output type: {word.text}",
                    meant(word.text, ["json", "text", "table", "yaml"], "write text"),
                )


@rule("AW006", "error")
def files_exist(material: Material) -> Iterator[Found]:
    """Files that a command reads are ones that the reader was told to write, before."""
    for line in material.aws:
        written = [block for block in material.document.blocks if block.path]
        names = {block.path.rsplit("/", 1)[-1]: block for block in written}
        for word in (word for words in line.options.values() for word in words):
            match = re.match(r"fileb?://(.*)", word.text)
            bare = re.sub(r"^file:/*|^\./", "", word.text)
            if match is None and bare in names and line.service != "s3":
                yield Found(
                    word.place,
                    f"aws takes {word.text!r} for the text itself, not for a file: invalid JSON",
                    f"write file://{bare}",
                )
            if match is None:
                continue
            block = names.get(match[1].rsplit("/", 1)[-1])
            if match[1].startswith(("/", "..", "~")):
                yield Found(
                    word.place,
                    f"{match[1]!r} leads out of the reader's directory",
                    "name a file in the current directory",
                )
            elif block is None:
                yield Found(
                    word.place,
                    f"Unable to load paramfile {word.text}: no step writes {match[1]!r}",
                    meant(match[1], names, "have the reader write it"),
                )
            elif block.machine in ("bastion", "private", "container") and line.command.machine == "workstation":
                yield Found(
                    Place(max(block.place.line - 1, 1)),
                    f"this is written on the {block.machine}; line {word.place.line} looks for it on the workstation: Unable to load paramfile",
                    f"have it written on the {line.command.machine}",
                )
            elif block.place.line > line.command.place.line:
                yield Found(
                    word.place,
                    f"Unable to load paramfile {word.text}: it is written in line {block.place.line} only",
                    "write the file first",
                )
