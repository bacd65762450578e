"""What a command printed beside what the text looks for in it, or says that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

GREPS = ("grep", "egrep")


def prints_nothing(output: str) -> bool:
    """Say whether a reader who was told to find something in an output finds nothing."""
    return output.strip() in ("", "None", "null", "[]", '""')


def with_values(output: str) -> str:
    """Return an output without the members of JSON that have no value."""
    return "\n".join(line for line in output.splitlines() if not re.search(r':\s*(?:""|null),?\s*$', line))


def patterns(pipeline: Sequence[Sequence[str]]) -> list[str]:
    """Return what the greps of a pipeline look for."""
    return [_pattern(argv) for argv in pipeline[1:] if argv[0] in GREPS]


def _pattern(argv: Sequence[str]) -> str:
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if re.fullmatch(r"-[ABCm]", word) and rest:
            rest.pop(0)
        elif word == "-e" and rest:
            return rest.pop(0)
        elif not word.startswith("-"):
            return word
    return ""


def wrong_value(first: str, pipeline: Sequence[Sequence[str]], output: str) -> str:
    """Return the value that a chain of greps should have shown and did not, empty where all is well.

    The first pattern names a thing, the last one a member of it: the value of that member, of the very thing, must be
    among what is shown.
    """
    wanted = patterns(pipeline)
    if len(wanted) < 2 or prints_nothing(output):
        return ""
    try:
        document = json.loads(first)
    except (ValueError, RecursionError):
        return ""
    meant = [str(value) for value in _members(document, wanted[0], wanted[-1])]
    return meant[0] if meant and not any(value in output for value in meant) else ""


def _members(node: Any, name: str, member: str) -> Iterator[Any]:
    """Yield the members of that name of each object that has a value in which the name occurs."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if any(isinstance(value, str) and name in value for value in one.values()):
                yield from (value for key, value in one.items() if member in key and isinstance(value, str))
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def different_values(pipeline: Sequence[Sequence[str]], output: str) -> list[str]:
    """Return the different values that a grep for one member of an answer shows, where they are several."""
    wanted = patterns(pipeline)
    if len(wanted) != 1 or pipeline[0][0] != "aws" or not re.fullmatch(r"\w+", wanted[0]):
        return []
    found = dict.fromkeys(re.findall(rf'"\w*{re.escape(wanted[0])}\w*":\s*"([^"]+)"', output))
    return list(found) if len(found) > 1 else []


def missing_of_sample(sample: str, output: str) -> list[str]:
    """Return the words of a sample that every such output has, and that this one has not.

    These are the keys of JSON, and the headings of a table in capitals.
    """
    is_json = sample.lstrip()[:1] in ("{", "[", '"')
    found = re.findall(r'"(\w+)"\s*:', sample) if is_json else _headings(sample)
    return [word for word in dict.fromkeys(found) if word not in output]


def _headings(sample: str) -> list[str]:
    first = next((line.lstrip("# ") for line in sample.splitlines() if line.strip("# ")), "")
    words = re.split(r"\s{2,}", first.strip())
    return words if len(words) > 2 and all(re.fullmatch(r"[A-Z][A-Z ]+", word) for word in words) else []
