"""Tables, ages and sizes as docker prints them."""

from __future__ import annotations

import json
import re
import sys
import time

from . import templates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

PADDING, LEAST_WIDTH = 3, 10


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> None:
    """Print a line on standard error, after what was printed before."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def table(header: list[str], rows: Iterable[list[str]]) -> None:
    """Print columns as Go's tabwriter lays them out for docker."""
    lines = [header, *rows]
    widths = [max(LEAST_WIDTH, max(len(line[column]) for line in lines) + PADDING) for column in range(len(header))]
    for line in lines:
        say("".join(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False)) + line[-1])


def listing(rows: list[dict[str, Any]], columns: dict[str, str], form: str | None, only: str | None) -> None:
    """Print a list: as a table of ``columns`` (field: heading), by a template, as JSON lines, or only one field."""
    if only is not None:
        for row in rows:
            say(row[only])
    elif form == "json":
        for row in rows:
            say(json.dumps(row, separators=(",", ":"), ensure_ascii=False))
    elif form and not form.startswith("table"):
        for row in rows:
            say(templates.render(unescaped(form), row))
    else:
        _table(rows, columns, unescaped(form[5:].strip()) if form and form != "table" else "")


def _table(rows: list[dict[str, Any]], columns: dict[str, str], form: str) -> None:
    if form:
        fields = re.findall(r"\{\{[^}]*?\.(\w+)[^}]*\}\}", form)
        header = form
        for field in fields:
            header = re.sub(r"\{\{[^}]*?\." + field + r"[^}]*\}\}", columns.get(field, field.upper()), header, count=1)
        table(header.split("\t"), [templates.render(form, row).split("\t") for row in rows])
    else:
        table(list(columns.values()), [[str(row[field]) for field in columns] for row in rows])


def unescaped(form: str) -> str:
    """Return a template with its written tabs and line ends made what they mean."""
    return form.replace("\\t", "\t").replace("\\n", "\n")


def ago(moment: float) -> str:
    """Return how long ago a moment was, in the words of go-units."""
    return f"{duration(time.time() - moment)} ago"


def duration(elapsed: float) -> str:
    """Return a duration in the words of go-units' ``HumanDuration``."""
    whole = int(elapsed)
    if whole < 1:
        return "Less than a second"
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes, hours = whole // 60, int(whole / 3600 + 0.5)
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    for limit, length, name in ((24 * 14, 24, "days"), (24 * 60, 24 * 7, "weeks"), (24 * 730, 24 * 30, "months")):
        if hours < limit:
            return f"{hours // length} {name}"
    return f"{hours // (24 * 365)} years"


def size(count: float) -> str:
    """Return a size with three digits, as the list of images shows it."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{float(f'{count:.3g}'):g}{unit}"
        count /= 1000
    return f"{count:.3g}PB"


def ellipsis(text: str, width: int) -> str:
    """Shorten a text."""
    return text if len(text) <= width else text[: width - 1] + "…"
